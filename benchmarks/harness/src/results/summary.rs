//! Cells of one method on one task, folded over seeds and set against the controls.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Control, Fact, Mode, Protocol, Status};

/// An interval that says how it was made.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The share it covers, such as 0.95.
    pub level: f64,
    /// How it was made, as a phrase for tables: `bootstrap over 58 groups of test items, 1000 resamples`,
    /// `t over 3 seeds`.
    pub method: String,
}

impl Interval {
    /// Returns whether the interval holds a value.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// How far a method lies above one control, in the primary metric; positive is better, whichever way the metric points.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Gain {
    /// The difference.
    pub value: f64,
    /// Its interval, paired over test items, with seeds and items resampled together.
    pub interval: Option<Interval>,
    /// The control's spec, chosen on validation; under folds that chose several, each with the number of its folds.
    pub control: String,
    /// The control of each fold, where folds chose several; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_fold: Vec<String>,
}

/// The three gains. Each is `None` where there is no such control among the rows.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Gains {
    /// Above the best context-free control: does the method know sequence context, or only token frequency?
    pub context: Option<Gain>,
    /// Above the best local control: does it know more than its neighbours' order?
    pub local: Option<Gain>,
    /// Above the model's own random-initialised twin: does pretraining help?
    pub pretraining: Option<Gain>,
}

/// One row of a table: a method on a task, over its seeds.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Summary {
    /// The task's name.
    pub task: String,
    /// How its splits were made.
    pub split: String,
    /// Where the method's settings come from.
    pub protocol: Protocol,
    /// The spec of the model or baseline.
    pub model: String,
    /// How it was brought to the task.
    pub mode: Mode,
    /// What a baseline can see; `None` for a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// The worst status among its cells.
    pub status: Status,
    /// The reason of the first cell that did not end well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The seeds that are done.
    pub seeds: Vec<u64>,
    /// The place by primary metric among the finished rows of this task, split and protocol, from one. On an
    /// [underpowered](super::TaskRecord::underpowered) task it is an order to read in, not a ranking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// Rows with one letter in common cannot be told apart from the best row of that letter by this test set.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tied: String,
    /// The id of the metric that ranks.
    pub primary: String,
    /// Whether more of it is better.
    pub higher_is_better: bool,
    /// The primary metric on test, mean over seeds.
    pub score: Option<f64>,
    /// The least true difference from the best other row that this test set finds in four of five cases, at the five
    /// per cent level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detectable: Option<f64>,
    /// The primary metric on validation, mean over seeds.
    pub validation: Option<f64>,
    /// Its interval over seeds; `None` below three seeds and for a method without randomness.
    pub over_seeds: Option<Interval>,
    /// Its interval over test items, resampled by leakage group.
    pub over_items: Option<Interval>,
    /// All metrics on test, mean over seeds.
    pub metrics: BTreeMap<String, f64>,
    /// The share of test items whose answer flips under reverse complement, mean over seeds, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flip_rate: Option<f64>,
    /// The primary metric of scores averaged over both strands, mean over seeds, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub both_strands: Option<f64>,
    /// How far it lies above the controls.
    pub gains: Gains,
    /// What the method said after fitting, of the first seed.
    pub facts: Vec<Fact>,
    /// How many numbers were fitted or how many weights the model has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// Seconds to fit, mean over seeds.
    pub fit_seconds: Option<f64>,
    /// Seconds to answer 1,000 items, mean over seeds.
    pub seconds_per_1000: Option<f64>,
    /// Peak resident memory in bytes, the highest of all seeds.
    pub peak_memory: Option<u64>,
    /// How many bases were cut off.
    pub truncated_bases: u64,
    /// The keys of its finished cells, in the order of the seeds.
    pub cells: Vec<String>,
    /// The digest of the task's examples.
    pub data: String,
    /// At most how many items of each split were used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}
