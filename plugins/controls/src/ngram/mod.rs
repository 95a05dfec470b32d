//! Predicts from what followed the longest suffix that train has seen before.

mod posterior;
mod suffixes;

use dlm_sdk::prelude::*;

use crate::markov::{continuation, order};

/// Suffixes and back-off.
///
/// * **Continuation tasks** (the next k-mer): the most frequent next k-mer given the longest suffix of at most M bases
///   that ends at least two training inputs, backing off to shorter suffixes and at last to the majority; M is chosen
///   from 1 to the given one by accuracy on validation. Of equally frequent k-mers the one that is more frequent after
///   the next shorter suffix wins, and at last the first.
/// * **Other class tasks**: an interpolated n-gram of bases for each class (Witten and Bell); the posterior is prior
///   times likelihood, the order chosen by MCC on validation. A label of a multi-label task is two classes.
/// * **Regression**: unsupported.
#[derive(Debug)]
pub struct Ngram {
    spec: BaselineSpec,
    longest: usize,
}

/// The longest suffix that leaves room for a label beside it in 64 bits.
const LONGEST: usize = 24;

impl Ngram {
    /// Creates the control with a longest suffix of 1 to 24 bases.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) for another length.
    pub fn new(longest: usize) -> Result<Self> {
        if !(1..=LONGEST).contains(&longest) {
            return Err(Error::invalid(format!("a suffix of {longest} bases is not from 1 to {LONGEST}"))
                .with_hint("write ngram:12"));
        }
        Ok(Self { spec: BaselineSpec::new(format!("ngram:{longest}"), Control::Local), longest })
    }
}

register! {
    baseline "ngram", "what followed the longest suffix seen before, its length chosen on validation (ngram:12)",
    create: |config, _| Ngram::new(order(config.positional(), 12)?)
}

impl Baseline for Ngram {
    fn spec(&self) -> &BaselineSpec {
        &self.spec
    }

    fn fit(
        &self,
        task: &TaskSpec,
        train: Examples<'_>,
        validation: Option<Examples<'_>>,
        _seed: u64,
    ) -> Result<Box<dyn Predictor>> {
        let validation = validation.filter(|examples| !examples.is_empty());
        match continuation(task)? {
            Some(k) => Ok(Box::new(suffixes::fit(self.longest, k, train, validation)?)),
            None => Ok(Box::new(posterior::fit(self.longest, task, train, validation)?)),
        }
    }
}
