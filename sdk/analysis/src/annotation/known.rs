//! Whether an annotation is of this genome's build.

use std::collections::BTreeMap;

use dlm_genome::{Interval, IntervalSet, acgt_runs};
use dlm_sdk::{Error, Result};

/// Of how many intervals a share is worth telling.
const ENOUGH: u64 = 50;
/// From what share of intervals in unknown bases on an annotation is of something else.
const SUSPICIOUS: f64 = 0.01;

/// The known bases of a genome: where repeats and genes can lie.
///
/// Two builds of a chromosome differ little in length, so that most positions of one exist in the other. But their gaps
/// lie elsewhere, and nobody finds a repeat or a gene in bases that nobody knows.
#[derive(Clone, Debug, Default)]
pub struct Known {
    known: IntervalSet,
    lengths: BTreeMap<String, u64>,
}

impl Known {
    /// Adds a sequence of the genome.
    ///
    /// # Errors
    ///
    /// It is longer than positions can be.
    pub fn add(&mut self, name: &str, bases: &[u8]) -> Result<()> {
        let runs = acgt_runs(bases)
            .map(|run| Interval::new(name, run.start as u64, run.end as u64))
            .collect::<dlm_genome::Result<Vec<_>>>()?;
        self.known = self.known.union(&runs.iter().collect());
        self.lengths.insert(name.to_owned(), bases.len() as u64);
        Ok(())
    }

    /// Returns the share of intervals that hold no known base, and of how many.
    pub fn outside<'i>(&self, intervals: impl IntoIterator<Item = &'i Interval>) -> (f64, u64) {
        let (mut outside, mut all) = (0_u64, 0_u64);
        for interval in intervals {
            if self.lengths.contains_key(interval.chromosome()) {
                all += 1;
                outside += u64::from(!self.known.overlaps(interval));
            }
        }
        (outside as f64 / all.max(1) as f64, all)
    }

    /// Checks that hardly any interval lies in unknown bases alone.
    ///
    /// # Errors
    ///
    /// More than one in a hundred does, of 50 or more.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_analysis::annotation::Known;
    /// use dlm_genome::Interval;
    ///
    /// let mut known = Known::default();
    /// known.add("chr1", &[b"N".repeat(500), b"ACGT".repeat(500)].concat())?;
    /// let genes: Vec<_> = (0..60).map(|i| Interval::new("chr1", 10 * i, 10 * i + 9)).collect::<Result<_, _>>()?;
    /// assert!(known.check("genes.gtf", &genes).unwrap_err().to_string().contains("unknown bases"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check<'i>(&self, name: &str, intervals: impl IntoIterator<Item = &'i Interval>) -> Result<()> {
        let (share, all) = self.outside(intervals);
        if all < ENOUGH || share <= SUSPICIOUS {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "{name}: {:.1} % of {all} intervals lie in unknown bases (N) of the genome",
            100.0 * share
        ))
        .with_hint("annotation and genome are of different builds, such as hg19 and hg38"))
    }
}
