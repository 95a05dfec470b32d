//! Resampling test items by leakage group.

use std::collections::BTreeMap;

use dlm_sdk::random::Stream;
use rayon::prelude::*;

/// How many resamples every bootstrap over items draws.
pub const RESAMPLES: usize = 1_000;

/// The leakage groups of some items, to be drawn with replacement. The same groups give the same resamples, so that
/// values of two methods on one test set are paired without anything further.
#[derive(Clone, Debug)]
pub struct Resampling {
    members: Vec<usize>,
    ends: Vec<usize>,
}

impl Resampling {
    /// Sorts items into their groups.
    pub fn new(groups: &[u64]) -> Self {
        let mut by_group: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (item, group) in groups.iter().enumerate() {
            by_group.entry(*group).or_default().push(item);
        }
        let mut resampling = Self { members: Vec::with_capacity(groups.len()), ends: Vec::new() };
        for items in by_group.into_values() {
            resampling.members.extend(items);
            resampling.ends.push(resampling.members.len());
        }
        resampling
    }

    /// Returns the number of groups.
    pub fn groups(&self) -> usize {
        self.ends.len()
    }

    /// Draws as many groups as there are, with replacement, and returns the items in them.
    pub fn draw(&self, resample: usize) -> Vec<usize> {
        let mut stream = Stream::nth(0, "bootstrap over items", resample as u64);
        let mut items = Vec::with_capacity(self.members.len());
        for _ in 0..self.groups() {
            let group = stream.below(self.groups());
            let start = if group == 0 { 0 } else { self.ends[group - 1] };
            items.extend_from_slice(&self.members[start..self.ends[group]]);
        }
        items
    }

    /// Computes a statistic of the items in each resample, NaN where it is not defined. Nothing for fewer than two
    /// groups: they say nothing about a third.
    pub fn map(&self, statistic: impl Fn(&[usize]) -> Option<f64> + Sync) -> Vec<f64> {
        if self.groups() < 2 {
            return Vec::new();
        }
        (0..RESAMPLES)
            .into_par_iter()
            .map(|resample| statistic(&self.draw(resample)).unwrap_or(f64::NAN))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_drawn_whole() {
        let resampling = Resampling::new(&[7, 3, 7, 3, 3, 9]);
        assert_eq!(resampling.groups(), 3);
        for resample in 0..50 {
            let items = resampling.draw(resample);
            let count = |item| items.iter().filter(|&&drawn| drawn == item).count();
            assert_eq!(count(0), count(2));
            assert_eq!((count(1), count(1)), (count(3), count(4)));
            assert_eq!(items.len(), 2 * count(0) + 3 * count(1) + count(5));
            assert_eq!(count(0) + count(1) + count(5), 3);
        }
    }

    #[test]
    fn one_group_says_nothing() {
        assert!(Resampling::new(&[1, 1, 1]).map(|_| Some(1.0)).is_empty());
    }

    #[test]
    fn the_mean_of_a_coin_has_its_binomial_interval() {
        let groups: Vec<u64> = (0..400).collect();
        let mut means = Resampling::new(&groups).map(|items| {
            Some(items.iter().filter(|&&item| item % 2 == 0).count() as f64 / items.len() as f64)
        });
        means.sort_by(f64::total_cmp);
        // 1.96 * sqrt(0.25 / 400) = 0.049, and a thousand resamples are off by some 0.003
        let (low, high) = (super::super::quantile(&means, 0.025), super::super::quantile(&means, 0.975));
        assert!((low - 0.451).abs() < 0.008 && (high - 0.549).abs() < 0.008, "{low} {high}");
    }
}
