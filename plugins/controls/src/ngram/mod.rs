//! Predicts from what followed the longest suffix that train has seen before.

mod posterior;
mod suffixes;

use std::str::FromStr;

use dlm_sdk::prelude::*;

use crate::markov::{continuation, order};

/// Suffixes and back-off.
///
/// * **Continuation tasks** (the next k-mer): the most frequent next k-mer given the longest suffix of at most M bases
///   that ends at least two training inputs, backing off to shorter suffixes and at last to the majority; M is chosen
///   from 1 to the given one by accuracy on validation. Of equally frequent k-mers the one that is more frequent after
///   the next shorter suffix wins, and at last the first.
///   Where the suffixes are counted is [`Counts`].
/// * **Other class tasks**: an interpolated n-gram of bases for each class (Witten and Bell); the posterior is prior
///   times likelihood, the order chosen by MCC on validation. A label of a multi-label task is two classes.
/// * **Regression**: unsupported.
#[derive(Debug)]
pub struct Ngram {
    spec: BaselineSpec,
    longest: usize,
    counts: Counts,
}

/// Which places of train a continuation is counted at.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Counts {
    /// The ends of the inputs, where the question is asked.
    #[default]
    Ends,
    /// Every place within the inputs too: fifty times as many counts from inputs of fifty bases, and a control that is
    /// about twice as strong.
    Everywhere,
}

impl Counts {
    /// Returns the name used in specs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ends => "ends",
            Self::Everywhere => "everywhere",
        }
    }
}

impl FromStr for Counts {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Ends, Self::Everywhere].into_iter().find(|counts| counts.name() == text).ok_or_else(|| {
            Error::invalid(format!("{text:?} says not where to count")).with_hint("ends or everywhere")
        })
    }
}

/// The longest suffix that leaves room for a label beside it in 64 bits.
const LONGEST: usize = 20;

const OPTIONS: &[OptionSpec] = &[OptionSpec {
    key: "counts",
    default: Some("ends"),
    help: "where continuations are counted in train: ends or everywhere",
}];

impl Ngram {
    /// Creates the control with a longest suffix of 1 to 20 bases.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) for another length.
    pub fn new(longest: usize) -> Result<Self> {
        if !(1..=LONGEST).contains(&longest) {
            return Err(Error::invalid(format!("a suffix of {longest} bases is not from 1 to {LONGEST}"))
                .with_hint("write ngram:12"));
        }
        let spec = BaselineSpec::new(format!("ngram:{longest}"), Control::Local);
        Ok(Self { spec, longest, counts: Counts::Ends })
    }

    /// Sets where continuations are counted; it matters for continuation tasks alone.
    #[must_use]
    pub fn counts(mut self, counts: Counts) -> Self {
        self.counts = counts;
        self.spec.name = match counts {
            Counts::Ends => format!("ngram:{}", self.longest),
            Counts::Everywhere => format!("ngram:{},counts=everywhere", self.longest),
        };
        self
    }
}

register! {
    baseline "ngram", "what followed the longest suffix seen before, its length chosen on validation (ngram:12)",
    options: OPTIONS,
    create: |config, _| Ok(Ngram::new(order(config.positional(), 12)?)?.counts(config.need("counts")?))
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
            Some(k) => Ok(Box::new(suffixes::fit(self.longest, k, self.counts, train, validation)?)),
            None => Ok(Box::new(posterior::fit(self.longest, task, train, validation)?)),
        }
    }
}
