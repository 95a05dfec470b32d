//! How vectors are learned.

use dlm_sdk::{Error, Result};
use serde::{Deserialize, Serialize};

/// How vectors are learned; gensim's defaults, but for the width and the least count, which are those of Sanabria et al.
/// (2024).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Numbers a vector: 768, as wide as GROVER's.
    pub dimensions: usize,
    /// The most tokens on either side that count as neighbours.
    pub window: usize,
    /// Tokens drawn at random for each real one.
    pub negative: usize,
    /// The power of the counts by which they are drawn.
    pub exponent: f64,
    /// The rate at the start.
    pub rate: f64,
    /// The rate at the end.
    pub last_rate: f64,
    /// The share of the corpus above which occurrences of a token are passed over at random; 0: never.
    pub sample: f64,
    /// Passes over the corpus.
    pub epochs: usize,
    /// Tokens that are seen less often have no vector.
    pub least_count: u64,
    /// The seed of the first vectors, windows and negatives.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dimensions: 768,
            window: 5,
            negative: 5,
            exponent: 0.75,
            rate: 0.025,
            last_rate: 0.0001,
            sample: 0.001,
            epochs: 5,
            least_count: 1,
            seed: 0,
        }
    }
}

impl Options {
    /// Fails if nothing could be learned with these.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid), naming the option.
    pub fn check(&self) -> Result<()> {
        for (name, value) in [
            ("dimensions", self.dimensions),
            ("window", self.window),
            ("negative", self.negative),
            ("epochs", self.epochs),
        ] {
            if value == 0 {
                return Err(Error::invalid(format!("word2vec with {name} 0 learns nothing")));
            }
        }
        let rates = self.rate.is_finite() && self.last_rate >= 0.0 && self.rate >= self.last_rate;
        if !rates || self.rate <= 0.0 {
            return Err(Error::invalid(format!(
                "the rate cannot go from {} to {}: it falls, and ends at 0 or above",
                self.rate, self.last_rate
            )));
        }
        if !(0.0..=1.0).contains(&self.sample) {
            return Err(Error::invalid(format!("sample {} is no share: it lies from 0 to 1", self.sample)));
        }
        if !self.exponent.is_finite() {
            return Err(Error::invalid(format!("exponent {} is no number", self.exponent)));
        }
        Ok(())
    }
}
