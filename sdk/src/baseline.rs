//! Methods without a language model, and whatever answers a task.

use std::fmt;

use ndarray::ArrayViewMut2;

use crate::{Examples, Items, Result, TaskSpec};

/// What a baseline can see, which decides which gain it is a control of.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Control {
    /// Frequencies alone, no order beyond a token: TF-IDF, composition, majority.
    ContextFree,
    /// The order of neighbouring bases: n-gram, Markov, a small convolution.
    Local,
    /// What the making of the data gave away: nearest training sequence, canonical tokenization.
    Artefact,
}

/// What a baseline is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BaselineSpec {
    /// A name for tables, equal to the spec it was made from.
    pub name: String,
    /// What it can see.
    pub control: Control,
    /// Whether another seed may give another predictor. One that has no randomness is run once.
    pub seeded: bool,
}

impl BaselineSpec {
    /// Creates a spec of a method without randomness.
    pub fn new(name: impl Into<String>, control: Control) -> Self {
        Self { name: name.into(), control, seeded: false }
    }

    /// Says that the method depends on its seed.
    #[must_use]
    pub fn seeded(mut self) -> Self {
        self.seeded = true;
        self
    }
}

/// A method without a language model, to compare with.
pub trait Baseline: Send + Sync {
    /// Returns what this baseline is.
    fn spec(&self) -> &BaselineSpec;

    /// Fits the method on train, choosing on validation where it chooses; the same seed gives the same predictor.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported), with the reason, for a task the method does not apply to.
    fn fit(
        &self,
        task: &TaskSpec,
        train: Examples<'_>,
        validation: Option<Examples<'_>>,
        seed: u64,
    ) -> Result<Box<dyn Predictor>>;
}

/// Something a predictor has to say about itself: a name and a value, such as `trees` and `250`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fact {
    /// What is said.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Fact {
    /// Creates a fact.
    pub fn new(name: impl Into<String>, value: impl ToString) -> Self {
        Self { name: name.into(), value: value.to_string() }
    }
}

/// Answers a task. A fitted baseline and a fine-tuned encoder are both one.
pub trait Predictor: Send {
    /// Writes a row of scores for each item, `[items, outputs]` with the task's [`outputs`](crate::Target::outputs).
    ///
    /// A score of a class is its probability: a row of a binary or multi-class task sums to one (binary tasks have two
    /// columns), each column of a multi-label task lies in `[0, 1]`; regression writes values. The prediction is the
    /// column with the highest score, the first of equals.
    fn predict(&mut self, items: Items<'_>, scores: ArrayViewMut2<'_, f32>) -> Result<()>;

    /// Returns what was chosen and counted while fitting, for the report.
    fn facts(&self) -> Vec<Fact> {
        Vec::new()
    }

    /// Returns how many numbers were fitted, if that means something.
    fn parameters(&self) -> Option<u64> {
        None
    }
}

impl fmt::Debug for dyn Baseline + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Baseline").field(self.spec()).finish()
    }
}

impl fmt::Debug for dyn Predictor + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Predictor").field(&self.facts()).finish()
    }
}
