//! The stretches of a sequence whose bases are known.
//!
//! An assembly writes N where nobody knows the base: telomeres, centromeres, gaps. Tokenizers and models work on what
//! lies between.

use std::ops::Range;

/// Returns whether a base is A, C, G or T, in either case.
pub(crate) fn is_known(base: u8) -> bool {
    matches!(base & !0x20, b'A' | b'C' | b'G' | b'T')
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
        let find = |from: usize, known: bool| {
            self.bases[from..].iter().position(|&base| is_known(base) == known).map(|offset| from + offset)
        };
        let start = find(self.position, true)?;
        let end = find(start, false).unwrap_or(self.bases.len());
        self.position = end;
        Some(start..end)
    }
}
