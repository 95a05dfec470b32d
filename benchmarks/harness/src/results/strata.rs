//! Scores of some test items: `strata.json`, which `bench strata` writes and the report shows.

use serde::{Deserialize, Serialize};

use super::{Interval, Mode, Protocol, Summary};

/// With fewer leakage groups than this in a stratum, resampling them makes an interval that is too narrow.
pub const FEWEST_GROUPS_IN_STRATUM: usize = 20;

/// The scores of a folder's tasks by stratum.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Strata {
    /// A task each, in the order of the results.
    pub tasks: Vec<TaskStrata>,
}

/// A task's scores by stratum.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TaskStrata {
    /// The task's name.
    pub task: String,
    /// How its splits were made.
    pub split: String,
    /// The id of the metric that is shown.
    pub primary: String,
    /// How many items were answered.
    pub items: usize,
    /// How many leakage groups they lie in.
    pub groups: usize,
    /// The keys of the cells whose answers were scored.
    pub cells: Vec<String>,
    /// What items are divided by.
    pub axes: Vec<AxisStrata>,
}

impl TaskStrata {
    /// Returns whether these are strata of just these rows: the same answers, all of them.
    pub fn are_of<'r>(&self, rows: impl IntoIterator<Item = &'r Summary>) -> bool {
        rows.into_iter().flat_map(|row| &row.cells).eq(&self.cells)
    }
}

/// A way to divide items.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AxisStrata {
    /// What they are divided by.
    pub axis: String,
    /// Why there are no strata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The strata that hold items, in order.
    pub strata: Vec<Stratum>,
}

/// Some test items and how the methods do on them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Stratum {
    /// Which items these are.
    #[serde(rename = "stratum")]
    pub label: String,
    /// How many.
    pub items: usize,
    /// How many leakage groups they lie in.
    pub groups: usize,
    /// Whether there are too few groups for an interval that covers what it says.
    pub few_groups: bool,
    /// How many items each class has; empty for labels, values and above 32 classes.
    pub class_counts: Vec<usize>,
    /// A score a method.
    pub scores: Vec<StratumScore>,
}

/// How a method does in a stratum.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct StratumScore {
    /// The spec of the model or baseline.
    pub model: String,
    /// How it was brought to the task.
    pub mode: Mode,
    /// Where its settings come from.
    pub protocol: Protocol,
    /// The primary metric, mean over seeds.
    pub score: Option<f64>,
    /// Why there is no score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its interval over the stratum's items by leakage group, of the mean over seeds.
    pub interval: Option<Interval>,
}
