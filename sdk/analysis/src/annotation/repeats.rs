//! Which repeats are likely to be whole.

use dlm_genome::repeat_masker::Record;

/// The lengths of a whole `LINE1` and of a whole Alu, and how far one may be off.
const LINE1: (u64, u64) = (6_000, 300);
const ALU: (u64, u64) = (300, 30);
/// A long terminal repeat counts from above here.
const LTR: u64 = 1_000;

/// Returns what whole element a repeat is likely to be: `LINE1`, `LTR` or `Alu` (Sanabria et al. 2024, Methods).
pub(super) fn unfragmented(repeat: &Record) -> Option<&'static str> {
    let length = repeat.interval().len();
    let about = |(whole, off): (u64, u64)| length.abs_diff(whole) <= off;
    let family = repeat.family().trim_end_matches('?');
    match (repeat.class(), family) {
        ("LINE", "L1") if about(LINE1) => Some("LINE1"),
        ("SINE", "Alu") if about(ALU) => Some("Alu"),
        ("LTR", _) if length > LTR => Some("LTR"),
        _ => None,
    }
}
