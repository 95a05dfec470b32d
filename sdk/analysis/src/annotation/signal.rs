//! A number for every base, such as how early it is replicated.

use std::collections::BTreeMap;

use dlm_genome::Interval;
use dlm_sdk::{Error, Result};

/// A number for stretches of a genome, as bedGraph and bigWig have it.
#[derive(Clone, Debug, Default)]
pub struct Signal {
    /// Ascending stretches that do not overlap, each with its value.
    stretches: BTreeMap<String, Vec<(u64, u64, f64)>>,
}

impl Signal {
    /// Creates a signal of stretches with a value each, in any order.
    ///
    /// # Errors
    ///
    /// A stretch cannot be read, a value is not finite, or two stretches overlap: then a base has two values.
    pub fn new(rows: impl IntoIterator<Item = dlm_genome::Result<(Interval, f64)>>) -> Result<Self> {
        let mut stretches: BTreeMap<String, Vec<(u64, u64, f64)>> = BTreeMap::new();
        for row in rows {
            let (interval, value) = row?;
            if !value.is_finite() {
                return Err(Error::invalid(format!("the value of {interval} is not finite")));
            }
            let stretch = (interval.start(), interval.end(), value);
            match stretches.get_mut(interval.chromosome()) {
                Some(of_chromosome) => of_chromosome.push(stretch),
                None => {
                    stretches.insert(interval.chromosome().to_owned(), vec![stretch]);
                }
            }
        }
        for (name, stretches) in &mut stretches {
            stretches.sort_by_key(|stretch| (stretch.0, stretch.1));
            if let Some(pair) = stretches.windows(2).find(|pair| pair[1].0 < pair[0].1) {
                let ((start, end, _), (next, ..)) = (pair[0], pair[1]);
                return Err(Error::invalid(format!(
                    "{name}:{start}-{end} overlaps the stretch that begins at {next}: a base has two values"
                )));
            }
        }
        Ok(Self { stretches })
    }

    /// Returns the mean over the bases of a stretch that have a value, and how many those are; `None` if there are none.
    pub fn mean(&self, chromosome: &str, start: u64, end: u64) -> Option<(f64, u64)> {
        let stretches = self.stretches.get(chromosome)?;
        let first = stretches.partition_point(|stretch| stretch.1 <= start);
        let (mut sum, mut bases) = (0.0, 0);
        for &(from, to, value) in stretches[first..].iter().take_while(|stretch| stretch.0 < end) {
            let shared = to.min(end) - from.max(start);
            sum += value * shared as f64;
            bases += shared;
        }
        (bases > 0).then(|| (sum / bases as f64, bases))
    }

    /// Returns the value below which a share of all bases lies; `None` of no bases.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let mut values: Vec<(f64, u64)> =
            self.stretches.values().flatten().map(|&(start, end, value)| (value, end - start)).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let bases: u64 = values.iter().map(|value| value.1).sum();
        let wanted = share.clamp(0.0, 1.0) * bases as f64;
        let mut below = 0;
        let reached = |value: &&(f64, u64)| {
            below += value.1;
            below as f64 >= wanted
        };
        values.iter().find(reached).map(|value| value.0)
    }
}
