//! Stretches of a genome.

use std::{fmt, sync::Arc};

use dlm_sdk::{Locus, Strand};

use crate::{Error, ErrorKind, Result};

/// A stretch of a sequence, 0-based and half-open: `start` is its first base, `end` is one past its last.
///
/// It is never empty and never ends before it starts.
///
/// # Examples
///
/// ```
/// use dlm_genome::Interval;
///
/// let promoter = Interval::new("chr21", 1_000, 1_300)?;
/// assert_eq!(promoter.len(), 300);
/// assert_eq!(promoter.to_string(), "chr21:1000-1300");
/// assert!(Interval::new("chr21", 7, 7).is_err());
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Interval {
    chromosome: Arc<str>,
    start: u64,
    end: u64,
    strand: Option<Strand>,
}

impl Interval {
    /// Creates an interval without a strand.
    ///
    /// # Errors
    ///
    /// The interval is empty or ends before it starts.
    pub fn new(chromosome: impl Into<Arc<str>>, start: u64, end: u64) -> Result<Self> {
        let chromosome = chromosome.into();
        if start >= end {
            let what = if start == end { "is empty" } else { "ends before it starts" };
            return Err(Error::new(ErrorKind::Bounds, format!("interval {chromosome}:{start}-{end} {what}"))
                .with_hint("positions are 0-based and half-open: end is one past the last base"));
        }
        Ok(Self { chromosome, start, end, strand: None })
    }

    /// Creates an interval that is known not to be empty.
    pub(crate) fn of_stretch(chromosome: impl Into<Arc<str>>, stretch: &std::ops::Range<u64>) -> Self {
        debug_assert!(stretch.start < stretch.end, "a stretch is never empty");
        Self { chromosome: chromosome.into(), start: stretch.start, end: stretch.end, strand: None }
    }

    /// Sets the strand.
    #[must_use]
    pub fn with_strand(mut self, strand: Option<Strand>) -> Self {
        self.strand = strand;
        self
    }

    /// Returns the name of the sequence.
    pub fn chromosome(&self) -> &str {
        &self.chromosome
    }

    /// Returns the name of the sequence, to be shared.
    pub fn shared_chromosome(&self) -> Arc<str> {
        self.chromosome.clone()
    }

    /// Returns the first base.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Returns one past the last base.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Returns the strand, if it matters.
    pub fn strand(&self) -> Option<Strand> {
        self.strand
    }

    /// Returns how many bases it covers, at least one.
    #[expect(clippy::len_without_is_empty, reason = "an interval is never empty")]
    pub fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Returns where it lies, in the words of the SDK.
    pub fn locus(&self) -> Locus {
        Locus { chromosome: self.chromosome.clone(), start: self.start, end: self.end, strand: self.strand }
    }

    /// Returns whether two intervals share a base; strands do not matter.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.chromosome == other.chromosome && self.start < other.end && other.start < self.end
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}-{}", self.chromosome, self.start, self.end)?;
        match self.strand {
            None => Ok(()),
            Some(Strand::Forward) => f.write_str("(+)"),
            Some(Strand::Reverse) => f.write_str("(-)"),
        }
    }
}
