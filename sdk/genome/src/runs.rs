//! The stretches of a sequence whose bases are known.
//!
//! An assembly writes N where nobody knows the base: telomeres, centromeres, gaps. Tokenizers and models work on what
//! lies between.

use std::ops::Range;

/// How many bases are looked at together.
const BLOCK: usize = 64;

/// Returns zero for A, C, G and T in either case, and only for them; without branches, so that it takes many at once.
fn difference(base: u8) -> u8 {
    b"CGT".iter().fold(base & !0x20 ^ b'A', |least, known| least.min(base & !0x20 ^ known))
}

/// Returns the first base from a position on that is known, or that is not.
fn find(bases: &[u8], from: usize, known: bool) -> Option<usize> {
    let may_hold = |block: &&[u8]| {
        if known {
            block.iter().fold(u8::MAX, |least, &base| least.min(difference(base))) == 0
        } else {
            block.iter().fold(0, |most, &base| most | difference(base)) != 0
        }
    };
    let (index, block) = bases[from..].chunks(BLOCK).enumerate().find(|(_, block)| may_hold(block))?;
    let offset = block.iter().position(|&base| (difference(base) == 0) == known)?;
    Some(from + index * BLOCK + offset)
}

/// Returns the maximal runs of A, C, G and T, in either case, ascending.
///
/// # Examples
///
/// ```
/// let runs: Vec<_> = dlm_genome::acgt_runs(b"NNACGTNTTNN").collect();
/// assert_eq!(runs, [2..6, 7..9]);
/// ```
pub fn acgt_runs(bases: &[u8]) -> AcgtRuns<'_> {
    AcgtRuns { bases, position: 0 }
}

/// The maximal runs of known bases, see [`acgt_runs`].
#[derive(Clone, Debug)]
pub struct AcgtRuns<'b> {
    bases: &'b [u8],
    position: usize,
}

impl Iterator for AcgtRuns<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let start = find(self.bases, self.position, true)?;
        let end = find(self.bases, start, false).unwrap_or(self.bases.len());
        self.position = end;
        Some(start..end)
    }
}
