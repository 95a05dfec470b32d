//! Questions about sequences, with their labelled answers.

mod example;
mod set;
mod target;

use std::{fmt, ops::ControlFlow};

pub use example::{Examples, Items, Locus, Strand};
pub use set::{ExampleSet, ExampleView};
pub use target::Target;

use crate::{Result, metrics::Metric};

/// A part of a data set.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Split {
    /// For fitting.
    Train,
    /// For choosing.
    Validation,
    /// For reporting, once.
    Test,
}

impl Split {
    /// All splits, in order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// Returns the name used in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// How a task's splits were made.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SplitKind {
    /// As the publication did it, usually at random over items.
    Paper,
    /// By leakage group: blocks of a chromosome, genes, loci.
    Grouped,
    /// As the released files give it.
    Given,
}

impl SplitKind {
    /// Returns the name used in specs, files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Grouped => "grouped",
            Self::Given => "given",
        }
    }
}

/// What a task is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskSpec {
    /// A name for tables: `next-kmer:6`, `gue/tf/0`. It does not name the split.
    pub name: String,
    /// What is predicted.
    pub target: Target,
    /// How the splits were made.
    pub split: SplitKind,
    /// What the host computes, the primary metric first.
    pub metrics: Vec<Metric>,
    /// The length of every sequence in bases, if it is the same.
    pub sequence_length: Option<u32>,
    /// If the classes are the 4^k k-mers that may follow the sequence, in ACGT order: k.
    pub continuation: Option<u32>,
    /// The classes' names, in the order of the score columns; empty: their numbers.
    pub class_names: Vec<String>,
    /// Whether the answer changes under reverse complement.
    pub strand_specific: bool,
    /// Whom to cite.
    pub citation: String,
    /// The licence of the data.
    pub license: String,
    /// Facts about the data that belong beside every score: how it was built, known flaws.
    pub notes: Vec<String>,
}

impl TaskSpec {
    /// Creates a spec with the target's own metrics and nothing else known.
    pub fn new(name: impl Into<String>, target: Target, split: SplitKind) -> Self {
        Self {
            name: name.into(),
            metrics: Metric::defaults(&target),
            target,
            split,
            sequence_length: None,
            continuation: None,
            class_names: Vec::new(),
            strand_specific: false,
            citation: String::new(),
            license: String::new(),
            notes: Vec::new(),
        }
    }

    /// Returns the metric that ranks and selects.
    pub fn primary(&self) -> Metric {
        self.metrics.first().copied().unwrap_or(Metric::Accuracy)
    }
}

/// Receives examples.
pub trait ExampleSink {
    /// Takes the next examples; `Break` asks the task to stop.
    fn push(&mut self, examples: Examples<'_>) -> ControlFlow<()>;
}

/// A question about sequences, with its labelled answers.
pub trait Task: Send + Sync {
    /// Returns what this task is, its metrics included.
    fn spec(&self) -> &TaskSpec;

    /// Streams a split, the same examples in the same order every time. An empty split streams nothing.
    fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()>;

    /// Returns the stretches of the genome that hold validation and test examples: tokenizers and pretraining that
    /// want a clean comparison leave them out. Empty where examples have no place on a genome.
    fn held_out(&self) -> Result<Vec<Locus>> {
        Ok(Vec::new())
    }
}

impl dyn Task + '_ {
    /// Collects a split into memory.
    ///
    /// # Errors
    ///
    /// Whatever loading fails with.
    pub fn collect(&self, split: Split) -> Result<ExampleSet> {
        let mut set = ExampleSet::new(self.spec().target.width());
        self.load(split, &mut set)?;
        Ok(set)
    }
}

impl fmt::Debug for dyn Task + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(self.spec()).finish()
    }
}
