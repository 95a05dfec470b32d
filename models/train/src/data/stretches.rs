//! The stretches of a genome that may be learned from, and those that are held out.

use std::ops::Range;

use dlm_genome::{Interval, IntervalSet, acgt_runs};

/// What is held out from training, to be measured on.
#[derive(Clone, Debug, PartialEq)]
pub enum HoldOut {
    /// The last share of each sequence's known bases, from 0 to 1.
    Last(f64),
    /// These stretches.
    Intervals(IntervalSet),
}

/// A stretch of a genome without N, 0-based and half-open.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stretch {
    /// Which chromosome of the store.
    pub chromosome: u32,
    /// Its bases.
    pub bases: Range<u32>,
}

impl Stretch {
    /// Returns how many bases it has.
    pub fn len(&self) -> u64 {
        u64::from(self.bases.end - self.bases.start)
    }

    /// Returns whether it has none.
    pub fn is_empty(&self) -> bool {
        self.bases.is_empty()
    }
}

/// The known stretches of a chromosome: those to learn from and those held out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Divided {
    pub(super) train: Vec<Stretch>,
    pub(super) held_out: Vec<Stretch>,
}

impl Divided {
    pub(super) fn append(&mut self, mut other: Self) {
        self.train.append(&mut other.train);
        self.held_out.append(&mut other.held_out);
    }
}

/// Divides the known bases of a chromosome. What is excluded belongs to neither part.
pub(super) fn divide(
    chromosome: u32,
    name: &str,
    bases: &[u8],
    hold_out: &HoldOut,
    excluded: &IntervalSet,
) -> Divided {
    let known = |range: Range<usize>| Interval::new(name, range.start as u64, range.end as u64).ok();
    let known: Vec<Interval> = acgt_runs(bases).filter_map(known).collect();
    let known: IntervalSet = known.iter().collect();
    let known = known.subtract(excluded);
    let held = match hold_out {
        HoldOut::Intervals(intervals) => known.intersect(intervals),
        HoldOut::Last(share) => last(&known, name, *share),
    };
    let train = known.subtract(&held);
    let stretches = |set: &IntervalSet| -> Vec<Stretch> {
        let stretch =
            |range: &Range<u64>| Stretch { chromosome, bases: range.start as u32..range.end as u32 };
        set.stretches(name).iter().map(stretch).collect()
    };
    Divided { train: stretches(&train), held_out: stretches(&held) }
}

/// Returns the last share of the known bases of a chromosome.
fn last(known: &IntervalSet, name: &str, share: f64) -> IntervalSet {
    let total = known.total_bases();
    let mut left = (total as f64 * (1.0 - share.clamp(0.0, 1.0))).round() as u64;
    let mut held = Vec::new();
    for range in known.stretches(name) {
        let length = range.end - range.start;
        let skipped = left.min(length);
        left -= skipped;
        held.extend(Interval::new(name, range.start + skipped, range.end).ok().filter(|it| it.len() > 0));
    }
    held.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bases(stretches: &[Stretch]) -> Vec<Range<u32>> {
        stretches.iter().map(|stretch| stretch.bases.clone()).collect()
    }

    #[test]
    fn unknown_excluded_and_held_out_bases_are_not_learned_from() {
        let text = b"NNACGTACGTNACGTACGTACNN";
        let excluded: IntervalSet = [Interval::new("c", 3, 5).unwrap()].iter().collect();
        let held: IntervalSet = [Interval::new("c", 8, 14).unwrap()].iter().collect();
        let divided = divide(0, "c", text, &HoldOut::Intervals(held), &excluded);
        assert_eq!(bases(&divided.train), [2..3, 5..8, 14..21]);
        assert_eq!(bases(&divided.held_out), [8..10, 11..14]);
    }

    #[test]
    fn the_last_share_counts_known_bases() {
        let text = b"NNNNNNACGTANNNNACGTA";
        let divided = divide(0, "c", text, &HoldOut::Last(0.3), &IntervalSet::default());
        assert_eq!(bases(&divided.train), [6..11, 15..17]);
        assert_eq!(divided.held_out, [Stretch { chromosome: 0, bases: 17..20 }]);
    }
}
