//! Sets of bases of a genome.

use std::{collections::BTreeMap, ops::Range};

use crate::Interval;

/// A set of bases, kept as ascending stretches that neither overlap nor touch; strands do not matter.
///
/// Overlap and distance take logarithmic time, union and subtraction linear time.
///
/// # Examples
///
/// ```
/// use dlm_genome::{Interval, IntervalSet};
///
/// let genes: IntervalSet =
///     [Interval::new("chr21", 10, 20)?, Interval::new("chr21", 15, 30)?, Interval::new("chr21", 50, 60)?]
///         .iter()
///         .collect();
/// assert_eq!(genes.stretches("chr21"), [10..30, 50..60]);
/// assert!(genes.overlaps(&Interval::new("chr21", 29, 40)?));
/// assert_eq!(genes.distance(&Interval::new("chr21", 35, 40)?), Some(6));
/// assert_eq!(genes.distance(&Interval::new("chr22", 35, 40)?), None);
///
/// let hole: IntervalSet = [Interval::new("chr21", 12, 55)?].iter().collect();
/// assert_eq!(genes.subtract(&hole).stretches("chr21"), [10..12, 55..60]);
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct IntervalSet(BTreeMap<String, Vec<Range<u64>>>);

impl<'i> FromIterator<&'i Interval> for IntervalSet {
    fn from_iter<I: IntoIterator<Item = &'i Interval>>(intervals: I) -> Self {
        let mut set = Self::default();
        for interval in intervals {
            let range = interval.start()..interval.end();
            match set.0.get_mut(interval.chromosome()) {
                Some(ranges) => ranges.push(range),
                None => {
                    set.0.insert(interval.chromosome().to_owned(), vec![range]);
                }
            }
        }
        set.0.values_mut().for_each(merge);
        set
    }
}

impl IntervalSet {
    /// Returns the stretches on a sequence, ascending.
    pub fn stretches(&self, chromosome: &str) -> &[Range<u64>] {
        self.0.get(chromosome).map_or(&[], Vec::as_slice)
    }

    /// Returns all stretches, by name of the sequence and ascending.
    pub fn intervals(&self) -> impl Iterator<Item = Interval> {
        self.0.iter().flat_map(|(name, ranges)| {
            let name: std::sync::Arc<str> = name.as_str().into();
            ranges.iter().map(move |range| Interval::of_stretch(name.clone(), range))
        })
    }

    /// Returns how many bases the set holds.
    pub fn total_bases(&self) -> u64 {
        self.0.values().flatten().map(|range| range.end - range.start).sum()
    }

    /// Returns the stretches that share a base with an interval, whole, ascending.
    pub fn overlapping(&self, interval: &Interval) -> &[Range<u64>] {
        let ranges = self.stretches(interval.chromosome());
        let first = ranges.partition_point(|range| range.end <= interval.start());
        let last = first + ranges[first..].partition_point(|range| range.start < interval.end());
        &ranges[first..last]
    }

    /// Returns whether the set and an interval share a base.
    pub fn overlaps(&self, interval: &Interval) -> bool {
        !self.overlapping(interval).is_empty()
    }

    /// Returns whether the set holds every base of an interval.
    pub fn contains(&self, interval: &Interval) -> bool {
        matches!(self.overlapping(interval),
            [range] if range.start <= interval.start() && interval.end() <= range.end)
    }

    /// Returns how many steps an interval is from the nearest base of the set on its sequence: 0 if they overlap, 1 if
    /// they touch; `None` if the set holds nothing there.
    pub fn distance(&self, interval: &Interval) -> Option<u64> {
        let ranges = self.stretches(interval.chromosome());
        let next = ranges.partition_point(|range| range.end <= interval.start());
        let before = next.checked_sub(1).map(|last| interval.start() - ranges[last].end + 1);
        let after = ranges.get(next).map(|range| (range.start + 1).saturating_sub(interval.end()));
        before.into_iter().chain(after).min()
    }

    /// Returns the bases of either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.0.clone();
        for (name, ranges) in &other.0 {
            let merged = all.entry(name.clone()).or_default();
            merged.extend(ranges.iter().cloned());
            merge(merged);
        }
        Self(all)
    }

    /// Returns the bases of this set that the other does not hold.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        let left = |(name, ranges): (&String, &Vec<Range<u64>>)| {
            let rest = subtract(ranges, other.stretches(name));
            (!rest.is_empty()).then(|| (name.clone(), rest))
        };
        Self(self.0.iter().filter_map(left).collect())
    }

    /// Returns the bases of both sets.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        self.subtract(&self.subtract(other))
    }

    /// Returns the set with every stretch longer by some bases at both ends; the start stops at zero.
    #[must_use]
    pub fn widen(&self, bases: u64) -> Self {
        let mut wide = self.clone();
        for ranges in wide.0.values_mut() {
            for range in ranges.iter_mut() {
                *range = range.start.saturating_sub(bases)..range.end.saturating_add(bases);
            }
            merge(ranges);
        }
        wide
    }
}

/// Sorts ranges and joins those that overlap or touch.
fn merge(ranges: &mut Vec<Range<u64>>) {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    ranges.dedup_by(|next, last| {
        let joins = next.start <= last.end;
        if joins {
            last.end = last.end.max(next.end);
        }
        joins
    });
}

fn subtract(ranges: &[Range<u64>], holes: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut rest = Vec::new();
    let mut holes = holes.iter().peekable();
    for range in ranges {
        let mut start = range.start;
        while let Some(hole) = holes.peek().filter(|hole| hole.start < range.end) {
            if hole.start > start {
                rest.push(start..hole.start);
            }
            start = start.max(hole.end);
            if hole.end > range.end {
                break;
            }
            holes.next();
        }
        if start < range.end {
            rest.push(start..range.end);
        }
    }
    rest
}
