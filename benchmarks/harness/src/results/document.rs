//! The document that `bench run --json` prints and `results.json` holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CellResult, Summary};

/// A task as a run saw it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TaskRecord {
    /// The name in tables.
    pub task: String,
    /// How its splits were made.
    pub split: String,
    /// The spec it was made from.
    pub spec: String,
    /// What is predicted: `binary`, `multiclass`, `multilabel` or `regression`.
    pub target: String,
    /// How many classes, labels or values.
    pub outputs: usize,
    /// The classes' names in the order of the score columns; empty: their numbers.
    pub class_names: Vec<String>,
    /// The metrics, the primary one first.
    pub metrics: Vec<String>,
    /// How many items train, validation and test hold, after any limit.
    pub items: [usize; 3],
    /// How many leakage groups the test items lie in.
    pub groups: usize,
    /// How many test items each class has; empty for labels, values and above 32 classes.
    pub class_counts: Vec<usize>,
    /// The accuracy of guessing among all classes alike; `None` for labels and values.
    pub chance: Option<f64>,
    /// Whether the answer changes under reverse complement.
    pub strand_specific: bool,
    /// Whom to cite.
    pub citation: String,
    /// The licence of the data.
    pub license: String,
    /// Facts about the data that belong beside every score.
    pub notes: Vec<String>,
    /// The digest of the examples, all splits, before any limit.
    pub data: String,
    /// At most how many items of each split were used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// How many leakage groups all splits have together; 0 in results of versions that did not count them.
    #[serde(default)]
    pub all_groups: usize,
    /// Whether scores on this task can be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditRecord>,
}

/// With fewer leakage groups than this, a task is too small to rank methods by.
pub const FEWEST_GROUPS: usize = 2_000;

impl TaskRecord {
    /// Returns whether the task is too small to rank methods by: it has fewer than [`FEWEST_GROUPS`] leakage groups.
    pub fn underpowered(&self) -> bool {
        (1..FEWEST_GROUPS).contains(&self.all_groups)
    }

    /// Returns what to do about a task that is too small to rank methods by, if anything: where one test split of groups was
    /// answered, folds answer them all.
    pub fn advice(&self) -> Option<String> {
        (self.split == "grouped" && self.underpowered()).then(|| {
            format!(
                "bench run --folds 5 answers all {} groups once, not only the {} in test",
                self.all_groups, self.groups
            )
        })
    }
}

/// The verdict of a task's audit (see [`dlm_audit`]), without the search for homologs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AuditRecord {
    /// The worst verdict of all checks.
    pub verdict: dlm_audit::Status,
    /// The ids of the checks that fail.
    pub failing: Vec<String>,
    /// The ids of the checks that warn.
    pub warning: Vec<String>,
}

impl From<&dlm_audit::Report> for AuditRecord {
    fn from(report: &dlm_audit::Report) -> Self {
        let ids = |status| report.with(status).map(str::to_owned).collect();
        Self {
            verdict: report.verdict,
            failing: ids(dlm_audit::Status::Fail),
            warning: ids(dlm_audit::Status::Warn),
        }
    }
}

impl std::fmt::Display for AuditRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.verdict.name())?;
        let ids: Vec<&str> = self.failing.iter().chain(&self.warning).map(String::as_str).collect();
        if ids.is_empty() { Ok(()) } else { write!(f, " ({})", ids.join(", ")) }
    }
}

/// A model that was pretrained by this program, as its folder says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ModelRecord {
    /// The spec that rows name it by.
    pub model: String,
    /// The preset.
    pub preset: String,
    /// How many numbers the weights hold.
    pub parameters: u64,
    /// How many steps were made.
    pub steps: u64,
    /// How many tokens were seen, each as often as it was seen.
    pub tokens: u64,
    /// How many bases were seen, each as often as it was seen.
    pub bases: u64,
    /// Whether it saw fewer windows than its preset asks for, or its loss was still falling.
    pub undertrained: bool,
    /// How many tokens of held-out stretches were hidden and guessed.
    pub guessed: u64,
    /// What the model and its controls reach at these tokens, the model first.
    pub masked: Vec<MaskedScore>,
}

/// What one method reaches at hidden tokens of held-out stretches.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct MaskedScore {
    /// The model, or a control.
    pub method: String,
    /// The share guessed right.
    pub accuracy: f64,
    /// The share among the most probable tenth of the dictionary.
    pub top_tenth: f64,
    /// The exponential of the mean cross-entropy.
    pub perplexity: f64,
    /// The cross-entropy in bits a base.
    pub bits_per_base: f64,
}

/// A published score of a task, as it was printed. Nothing of it was run here: it has no rank, no interval, and is compared
/// with nothing.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PublishedScore {
    /// The task's name in these results.
    pub task: String,
    /// The method, as its publication names it.
    pub model: String,
    /// The id of the metric.
    pub metric: String,
    /// `=`, `~` (about), `<=`, `<` or `>`.
    pub relation: String,
    /// The score in the metric's own unit, shares from 0 to 1.
    pub value: f64,
    /// How it was made: `finetune`, `probe` or `baseline`.
    pub how: String,
    /// Where it was published.
    pub source: String,
    /// What is to be known beside it, such as another form of the task.
    pub note: String,
}

/// What made the results.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Manifest {
    /// The version of `dlm`.
    pub version: String,
    /// Changes whenever the engine would score a cell differently.
    pub protocol_version: u32,
    /// The command line.
    pub command: Vec<String>,
    /// When the run ended, UTC, ISO 8601.
    pub finished: String,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Digests of the tasks' examples, by task and split.
    pub data: BTreeMap<String, String>,
    /// Fingerprints of the tokenizers that methods name, by spec.
    pub tokenizers: BTreeMap<String, String>,
    /// Fingerprints of the encoders, by spec.
    pub encoders: BTreeMap<String, String>,
    /// SHA-256 digests of the files that specs name, by path.
    pub files: BTreeMap<String, String>,
    /// The plugins and their versions.
    pub plugins: BTreeMap<String, String>,
    /// Operating system, architecture, processor, threads, memory.
    pub machine: BTreeMap<String, String>,
}

/// Everything a run has to say.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Document {
    /// All cells, in the order of the plan.
    pub cells: Vec<CellResult>,
    /// A row a method and task, ranked within task, split and protocol.
    pub summary: Vec<Summary>,
    /// The tasks, in the order of the plan.
    pub tasks: Vec<TaskRecord>,
    /// The models that were pretrained by this program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelRecord>,
    /// Published scores of the tasks, if they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<PublishedScore>,
    /// What made it.
    pub manifest: Manifest,
}
