//! Lifts bases and intervals.

use std::fmt;

use dlm_sdk::Strand;

use super::{Chain, Chains};
use crate::Interval;

/// Where an interval lies in the other build.
#[derive(Clone, Debug, PartialEq)]
pub struct Lifted {
    /// The stretch; its strand, if it had one, is that of the other build.
    pub interval: Interval,
    /// Whether the other build reads it on the other strand.
    pub strand_changed: bool,
    /// The score of the chain.
    pub score: f64,
}

/// Why an interval has no one place in the other build.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Unlifted {
    /// No chain reaches it.
    Deleted,
    /// One chain reaches it, and holds too few of its bases.
    PartlyDeleted,
    /// Several chains reach it, and none holds enough of its bases.
    Split,
    /// Several chains hold enough of its bases.
    Duplicated,
}

impl fmt::Display for Unlifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deleted => "deleted in the other build",
            Self::PartlyDeleted => "partly deleted in the other build",
            Self::Split => "split in the other build",
            Self::Duplicated => "duplicated in the other build",
        })
    }
}

/// How many intervals were lifted, and why others were not.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Lifted, strand and chromosome kept or not.
    pub lifted: u64,
    /// Of those lifted, how many changed strand.
    pub strand_changed: u64,
    /// Of those lifted, how many changed chromosome.
    pub chromosome_changed: u64,
    /// No chain reaches them.
    pub deleted: u64,
    /// One chain holds too few of their bases.
    pub partly_deleted: u64,
    /// Several chains hold too few of their bases.
    pub split: u64,
    /// Several chains hold enough of their bases.
    pub duplicated: u64,
}

impl Counts {
    /// Counts what became of an interval.
    pub fn add(&mut self, interval: &Interval, result: &Result<Lifted, Unlifted>) {
        match result {
            Ok(lifted) => {
                self.lifted += 1;
                self.strand_changed += u64::from(lifted.strand_changed);
                self.chromosome_changed += u64::from(lifted.interval.chromosome() != interval.chromosome());
            }
            Err(Unlifted::Deleted) => self.deleted += 1,
            Err(Unlifted::PartlyDeleted) => self.partly_deleted += 1,
            Err(Unlifted::Split) => self.split += 1,
            Err(Unlifted::Duplicated) => self.duplicated += 1,
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lifted ({} onto the other strand, {} onto another chromosome), {} deleted, {} partly deleted, \
             {} split, {} duplicated",
            self.lifted,
            self.strand_changed,
            self.chromosome_changed,
            self.deleted,
            self.partly_deleted,
            self.split,
            self.duplicated
        )
    }
}

impl Chains {
    /// Returns the place of an interval, as UCSC's `liftOver` finds it.
    ///
    /// A chain holds an interval if its blocks hold at least the share `min_match` of its bases (`liftOver` takes 0.95).
    /// If exactly one does, the interval is lifted from its first to its last base that lies in a block; gaps between
    /// them may make it longer or shorter.
    ///
    /// # Errors
    ///
    /// Says why there is not one place.
    pub fn interval(&self, interval: &Interval, min_match: f64) -> Result<Lifted, Unlifted> {
        let (start, end) = (interval.start(), interval.end());
        let least = min_match * interval.len() as f64;
        let mut partial = 0;
        let mut held = None;
        for chain in self.reaching(interval) {
            if chain.shared(start, end) as f64 >= least {
                if held.is_some() {
                    return Err(Unlifted::Duplicated);
                }
                held = Some(chain);
            } else {
                partial += 1;
            }
        }
        match held.and_then(|chain| chain.lift(interval)) {
            Some(lifted) => Ok(lifted),
            None if partial == 0 => Err(Unlifted::Deleted),
            None if partial == 1 => Err(Unlifted::PartlyDeleted),
            None => Err(Unlifted::Split),
        }
    }

    /// Returns every place of a base, that of the chain with the highest score first; none if it lies in no block.
    pub fn base(&self, chromosome: &str, position: u64, strand: Option<Strand>) -> Vec<Lifted> {
        let Some(base) =
            position.checked_add(1).and_then(|end| Interval::new(chromosome, position, end).ok())
        else {
            return Vec::new();
        };
        let base = base.with_strand(strand);
        let mut places: Vec<_> = self.reaching(&base).filter_map(|chain| chain.lift(&base)).collect();
        places.sort_by(|a, b| b.score.total_cmp(&a.score));
        places
    }

    /// Returns the chains from whose start to whose end there is a base of an interval, by start.
    fn reaching<'c>(&'c self, interval: &Interval) -> impl Iterator<Item = &'c Chain> {
        let (start, end) = (interval.start(), interval.end());
        let chains = self.0.get(interval.chromosome()).map_or(&[][..], |target| {
            let first = target.ends.partition_point(|&last| last <= start);
            let after = target.chains.partition_point(|chain| chain.start < end);
            target.chains.get(first..after).unwrap_or_default()
        });
        chains.iter().filter(move |chain| chain.end > start)
    }
}

impl Chain {
    /// Returns how many bases of a stretch lie in blocks.
    fn shared(&self, start: u64, end: u64) -> u64 {
        self.within(start, end).map(|(_, size)| size).sum()
    }

    /// Returns, for the blocks that hold a base of a stretch, where the query's part starts and how long it is.
    fn within(&self, start: u64, end: u64) -> impl DoubleEndedIterator<Item = (u64, u64)> {
        let first = self.blocks.partition_point(|block| block.target + block.size <= start);
        let after = self.blocks.partition_point(|block| block.target < end);
        self.blocks[first.min(after)..after].iter().map(move |block| {
            let from = start.max(block.target);
            (block.query + (from - block.target), end.min(block.target + block.size) - from)
        })
    }

    fn lift(&self, interval: &Interval) -> Option<Lifted> {
        let mut parts = self.within(interval.start(), interval.end());
        let (start, size) = parts.next()?;
        let end = parts.next_back().map_or(start + size, |(last, size)| last + size);
        let (start, end) =
            if self.reverse { (self.query_size - end, self.query_size - start) } else { (start, end) };
        let strand = interval.strand().map(|strand| match (strand, self.reverse) {
            (Strand::Forward, false) | (Strand::Reverse, true) => Strand::Forward,
            _ => Strand::Reverse,
        });
        Some(Lifted {
            interval: Interval::of_stretch(self.query.clone(), &(start..end)).with_strand(strand),
            strand_changed: self.reverse,
            score: self.score,
        })
    }
}
