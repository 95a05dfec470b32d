//! Splits a genome into train, validation and test by whole blocks.

use dlm_sdk::{Split, random::Stream};

use crate::{Blocks, Error, ErrorKind, Interval, Result};

/// Which split each block of a genome belongs to.
///
/// An interval has a split only if all its blocks have that one and it keeps a gap to every block of another split;
/// otherwise it has none and is left out. So no two intervals of different splits are closer than the gap.
///
/// # Examples
///
/// ```
/// use dlm_genome::{BlockSplit, Blocks, Interval, Lengths};
/// use dlm_sdk::Split;
///
/// let lengths: Lengths = [("chr21", 46_709_983)].into_iter().collect();
/// let blocks = Blocks::new(&lengths, 1_000_000)?;
/// let split = BlockSplit::in_order(blocks, 0.1, 0.2)?.with_gap(1_000);
/// assert_eq!(split.counts(), [32, 5, 9]);
/// assert_eq!(split.of(&Interval::new("chr21", 1_000_000, 1_000_300)?)?, Some(Split::Train));
/// assert_eq!(split.of(&Interval::new("chr21", 31_999_500, 31_999_800)?)?, None);
/// assert_eq!(split.of(&Interval::new("chr21", 46_000_000, 46_000_300)?)?, Some(Split::Test));
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BlockSplit {
    blocks: Blocks,
    splits: Vec<Split>,
    gap: u64,
}

impl BlockSplit {
    /// Gives the last blocks to test, those before them to validation and the rest to train, in the genome's order.
    ///
    /// # Errors
    ///
    /// The fractions are not within 0 and 1, leave nothing for train, or are so small that a split which should have
    /// blocks has none.
    pub fn in_order(blocks: Blocks, validation: f64, test: f64) -> Result<Self> {
        let order: Vec<_> = (0..blocks.len()).collect();
        Self::assign(blocks, &order, validation, test)
    }

    /// Gives blocks to the splits at random; a seed always gives the same split.
    ///
    /// # Errors
    ///
    /// See [`in_order`](Self::in_order).
    pub fn at_random(blocks: Blocks, validation: f64, test: f64, seed: u64) -> Result<Self> {
        let mut order: Vec<_> = (0..blocks.len()).collect();
        Stream::new(seed, "block-split").shuffle(&mut order);
        Self::assign(blocks, &order, validation, test)
    }

    fn assign(blocks: Blocks, order: &[usize], validation: f64, test: f64) -> Result<Self> {
        let fail = |message: String| Err(Error::new(ErrorKind::Setting, message));
        if !(0.0..1.0).contains(&validation) || !(0.0..1.0).contains(&test) || validation + test >= 1.0 {
            return fail(format!(
                "fractions {validation} for validation and {test} for test leave nothing to train on"
            ));
        }
        let share = |fraction: f64| (fraction * order.len() as f64).round() as usize;
        let (for_validation, for_test) = (share(validation), share(test));
        let for_train = order.len().saturating_sub(for_validation + for_test);
        for (name, fraction, count) in
            [("train", 1.0, for_train), ("validation", validation, for_validation), ("test", test, for_test)]
        {
            if fraction > 0.0 && count == 0 {
                let message = format!("{} blocks are too few: {name} has none", order.len());
                return Err(Error::new(ErrorKind::Setting, message).with_hint("use smaller blocks"));
            }
        }
        let mut splits = vec![Split::Train; order.len()];
        for (rank, &block) in order.iter().enumerate() {
            if rank >= for_train + for_validation {
                splits[block] = Split::Test;
            } else if rank >= for_train {
                splits[block] = Split::Validation;
            }
        }
        Ok(Self { blocks, splits, gap: 0 })
    }

    /// Sets how many bases lie at least between two intervals of different splits. By default none.
    #[must_use]
    pub fn with_gap(mut self, bases: u64) -> Self {
        self.gap = bases;
        self
    }

    /// Returns the blocks.
    pub fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// Returns the split of each block.
    pub fn splits(&self) -> &[Split] {
        &self.splits
    }

    /// Returns how many blocks train, validation and test have.
    pub fn counts(&self) -> [usize; 3] {
        Split::ALL.map(|split| self.splits.iter().filter(|&&own| own == split).count())
    }

    /// Returns the split of an interval, `None` if it is left out.
    ///
    /// # Errors
    ///
    /// There is no such sequence, or the interval ends past its end.
    pub fn of(&self, interval: &Interval) -> Result<Option<Split>> {
        let (first, last) = self.blocks.span(interval)?;
        let split = self.splits[first];
        let own = self.blocks.of_sequence(interval.chromosome())?;
        let mut low = first;
        while low > own.start && self.near(self.blocks.interval(low)?.start(), interval.start()) {
            low -= 1;
        }
        let mut high = last;
        while high + 1 < own.end && self.near(interval.end(), self.blocks.interval(high)?.end()) {
            high += 1;
        }
        Ok(self.splits[low..=high].iter().all(|&other| other == split).then_some(split))
    }

    /// Whether a border lies closer than the gap.
    fn near(&self, before: u64, after: u64) -> bool {
        after.saturating_sub(before) < self.gap
    }
}
