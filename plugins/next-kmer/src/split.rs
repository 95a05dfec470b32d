//! Which pieces are train, validation and test.

use std::ops::Range;

use dlm_sdk::{Split, random::Stream};

use crate::grid::Grid;

/// The least distance between parts of a grouped split, in bases.
pub(crate) const GAP: u64 = 1_000;

/// The parts of one sequence, by position.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Parts {
    /// Where train ends.
    train_end: u64,
    /// Where validation begins and ends.
    validation: (u64, u64),
    /// Where test begins.
    test_start: u64,
}

impl Parts {
    /// Cuts where four fifths of the pieces lie before, and nine tenths of those before validation.
    pub(crate) fn new(grid: &Grid) -> Self {
        let end = grid.cells.last().map_or(0, |cell| grid.start(*cell) + grid.step as u64);
        let place = |index: usize| grid.cells.get(index).map_or(end, |cell| grid.start(*cell));
        let fit = grid.cells.len() * 8 / 10;
        let (validation, test) = (place(fit * 9 / 10), place(fit));
        Self { train_end: validation, validation: (validation + GAP, test), test_start: test + GAP }
    }

    /// Returns the part a piece lies in, `None` in a gap.
    pub(crate) fn of(&self, piece: Range<u64>) -> Option<Split> {
        if piece.end <= self.train_end {
            Some(Split::Train)
        } else if piece.start >= self.validation.0 && piece.end <= self.validation.1 {
            Some(Split::Validation)
        } else if piece.start >= self.test_start {
            Some(Split::Test)
        } else {
            None
        }
    }

    /// Returns the stretches of validation and test in a sequence of a length, where there are any.
    pub(crate) fn held_out(&self, length: u64) -> impl Iterator<Item = Range<u64>> {
        [self.validation.0..self.validation.1, self.test_start..length]
            .into_iter()
            .filter(|range| !range.is_empty())
    }
}

/// Assigns pieces at random: a fifth to test, a tenth of the rest to validation.
pub(crate) fn at_random(pieces: usize, seed: u64) -> Vec<Split> {
    let mut order: Vec<usize> = (0..pieces).collect();
    Stream::new(seed, "next-kmer split").shuffle(&mut order);
    let test = pieces / 5;
    let validation = (pieces - test) / 10;
    let mut splits = vec![Split::Train; pieces];
    order[..test].iter().for_each(|piece| splits[*piece] = Split::Test);
    order[test..test + validation].iter().for_each(|piece| splits[*piece] = Split::Validation);
    splits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_sequence_keep_their_distance_and_their_sizes() {
        let grid = Grid { step: 56, cells: (1_000..11_000).collect() };
        let parts = Parts::new(&grid);
        let mut last: Option<(Split, u64)> = None;
        let mut counts = [0; 3];
        for cell in &grid.cells {
            let start = grid.start(*cell);
            let Some(split) = parts.of(start..start + 56) else { continue };
            counts[split as usize] += 1;
            if let Some((before, end)) = last {
                assert!(before <= split && (before == split || start >= end + GAP));
            }
            last = Some((split, start + 56));
        }
        assert_eq!(counts, [7_200, 782, 1_982]);
        let held: Vec<_> = parts.held_out(grid.start(11_000)).collect();
        assert_eq!(held, [56 * 8_200 + 1_000..56 * 9_000, 56 * 9_000 + 1_000..56 * 11_000]);
    }

    #[test]
    fn a_random_split_has_the_papers_shares() {
        let splits = at_random(1_000, 3);
        let count = |split| splits.iter().filter(|of| **of == split).count();
        assert_eq!((count(Split::Train), count(Split::Validation), count(Split::Test)), (720, 80, 200));
        assert_ne!(splits, at_random(1_000, 4));
    }
}
