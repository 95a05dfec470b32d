//! One cell: one method, one task, one seed.

use std::{collections::BTreeMap, fmt, str::FromStr};

use dlm_sdk::{Error, metrics::Metric};
use serde::{Deserialize, Serialize};

use super::Interval;

/// How a cell ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It has scores.
    Done,
    /// It went wrong; the reason says how.
    Failed,
    /// The method does not apply to the task; the reason says why.
    Unsupported,
    /// It is planned and has not been run.
    Missing,
}

impl Status {
    /// Returns the name used in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unsupported => "unsupported",
            Self::Missing => "missing",
        }
    }
}

/// How a method is brought to a task.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// A baseline is fitted.
    Baseline,
    /// A logistic head is fitted on an encoder's frozen hidden states.
    Probe,
    /// An encoder and its head are trained together.
    Finetune,
}

impl Mode {
    /// Returns the name used in files, flags and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Probe => "probe",
            Self::Finetune => "finetune",
        }
    }
}

/// Where the settings of a method come from. Rows of different protocols are never ranked together.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// One setting for all, fixed beforehand.
    Paper,
    /// Chosen on validation from the same grid for all.
    Tuned,
}

impl Protocol {
    /// Returns the name used in files, flags and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Tuned => "tuned",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Protocol {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        [Self::Paper, Self::Tuned].into_iter().find(|protocol| protocol.name() == text).ok_or_else(|| {
            Error::invalid(format!("protocol {text:?} is not known")).with_hint("known are paper and tuned")
        })
    }
}

/// What a baseline can see, which decides whose control it is. See [`dlm_sdk::Control`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// Frequencies alone.
    ContextFree,
    /// The order of neighbouring bases.
    Local,
    /// What the making of the data gave away.
    Artefact,
}

impl Control {
    /// Returns the name used in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::ContextFree => "context-free",
            Self::Local => "local",
            Self::Artefact => "artefact",
        }
    }
}

impl From<dlm_sdk::Control> for Control {
    fn from(control: dlm_sdk::Control) -> Self {
        match control {
            dlm_sdk::Control::Local => Self::Local,
            dlm_sdk::Control::Artefact => Self::Artefact,
            _ => Self::ContextFree,
        }
    }
}

/// Something a method said about itself after fitting, such as `trees` and `250`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Fact {
    /// What is said.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What a cell took. It differs from run to run and is compared by nothing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Cost {
    /// Seconds to fit, choosing on validation included.
    pub fit_seconds: f64,
    /// Seconds to answer 1,000 test items.
    pub seconds_per_1000: Option<f64>,
    /// The process's peak resident memory while the cell ran, in bytes, the task's data included; `None` where the
    /// system does not say.
    pub peak_memory: Option<u64>,
    /// How many threads it had.
    pub threads: usize,
}

/// One fold of a cross-validated cell.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FoldResult {
    /// How many items it answered; they stand fold after fold in the predictions.
    pub items: usize,
    /// The primary metric on them, if it is defined there.
    pub score: Option<f64>,
    /// The primary metric on the items that its method chose on, if it is defined there.
    pub validation: Option<f64>,
}

/// The result of one cell.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CellResult {
    /// The spec of the model or baseline.
    pub model: String,
    /// The task's name; it does not name the split.
    pub task: String,
    /// How the task's splits were made: `paper`, `grouped` or `given`.
    pub split: String,
    /// How the method was brought to the task.
    pub mode: Mode,
    /// Where its settings come from.
    pub protocol: Protocol,
    /// The seed.
    pub seed: u64,
    /// How it ended.
    pub status: Status,
    /// Why it did not end well, with the hint if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Scores on test, by metric id. Undefined ones are absent.
    pub metrics: BTreeMap<String, f64>,
    /// Scores on validation, by metric id; empty without a validation split.
    pub validation: BTreeMap<String, f64>,
    /// The id of the metric that ranks and selects.
    pub primary: String,
    /// The interval of the primary metric over test items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// What a baseline can see; `None` for a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// Whether another seed may give another result.
    pub seeded: bool,
    /// How many items were used of train, validation and test.
    pub items: [usize; 3],
    /// How many leakage groups the test items lie in.
    pub groups: usize,
    /// What the method chose and counted while fitting.
    pub facts: Vec<Fact>,
    /// How many numbers were fitted or how many weights the model has, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// How many bases of all items were cut off because the model takes no more.
    pub truncated_bases: u64,
    /// What it took.
    pub cost: Cost,
    /// The digest of everything that decides the result; the name of the cell's folder.
    pub key: String,
    /// The digest of the task's examples, all splits, before any limit.
    pub data: String,
    /// At most how many items of each split were used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// What was answered to the other strand, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strand: Option<StrandResult>,
    /// The folds, in order; empty without cross-validation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folds: Vec<FoldResult>,
}

/// Answers to test items beside those to their reverse complements.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct StrandResult {
    /// The share of items whose class, or any of whose labels, is another; `None` for values.
    pub flip_rate: Option<f64>,
    /// The mean absolute difference of a score.
    pub mean_change: f64,
    /// Scores of the mean over both strands, by metric id; empty where the answer depends on the strand.
    pub averaged: BTreeMap<String, f64>,
}

impl CellResult {
    /// Returns the metric that ranks and selects, if this version knows it.
    pub fn primary_metric(&self) -> Option<Metric> {
        self.primary.parse().ok()
    }

    /// Returns the primary score on test, if the cell is done.
    pub fn score(&self) -> Option<f64> {
        self.metrics.get(&self.primary).copied()
    }

    /// Returns the name of the method's folder and of ids in files: every character outside `[A-Za-z0-9._-]` is `_`.
    pub fn id(&self) -> String {
        sanitise(&self.model)
    }
}

/// Makes a name that every file system takes: every character outside `[A-Za-z0-9._-]` becomes `_`.
pub fn sanitise(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let id: String = name.chars().map(plain).collect();
    // A folder must not be called `.` or `..`, nor may an id hide it.
    match id.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None => id,
    }
}
