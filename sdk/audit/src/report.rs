//! What an audit says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A verdict, the worst last.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// The check does not apply; the reason says why.
    Skip,
    /// Nothing of note.
    Pass,
    /// Worth a sentence beside every score.
    Warn,
    /// The score does not measure what it claims to.
    Fail,
}

impl Status {
    /// Returns the name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Skip => "SKIP",
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

/// A test item and what it was found to resemble.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Example {
    /// The id of the test item.
    pub test: u64,
    /// The id of the other item, of train or validation.
    pub other: u64,
    /// How alike they are, from 0 to 1.
    pub similarity: f64,
}

/// One check.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Check {
    /// Its id, such as `overlap.exact`.
    pub id: String,
    /// What it asks.
    pub title: String,
    /// The verdict.
    pub status: Status,
    /// The share or score that was judged; `None` if the check was skipped.
    pub value: Option<f64>,
    /// How many items a share is of, or a score was computed on.
    pub of: usize,
    /// The least value that warns.
    pub warn: Option<f64>,
    /// The least value that fails.
    pub fail: Option<f64>,
    /// What was found, in a sentence.
    pub reason: String,
    /// Further numbers, by name.
    pub evidence: BTreeMap<String, f64>,
    /// A few of the items behind it, the most alike first.
    pub examples: Vec<Example>,
}

/// What was found about one test item. Ids are those of the task; `None` where there is nothing, or where the check was
/// skipped.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Item {
    /// The test item's id.
    pub id: u64,
    /// Its leakage group.
    pub group: u64,
    /// Its class, in a classification task.
    pub class: Option<u32>,
    /// The share of its bases that are known.
    pub known: f32,
    /// A copy of it, on either strand, in train or validation.
    pub copy: Option<u64>,
    /// The item of train or validation that shares most of its 21-mers.
    pub nearest: Option<u64>,
    /// The share of its sampled 21-mers that this item has.
    pub containment: f32,
    /// The share of them that one item has in one unbroken alignment without gaps.
    pub collinear: f32,
    /// An item of train or validation whose locus overlaps its own.
    pub overlapping: Option<u64>,
    /// Whether its leakage group also lies in train or validation.
    pub shared_group: bool,
    /// Whether it was looked up for homologs.
    pub sampled: bool,
    /// A homolog in train or validation.
    pub homolog: Option<u64>,
    /// A twin of the same dinucleotides in train or validation.
    pub shuffled_twin: Option<u64>,
    /// A twin that keeps pieces in place in train or validation.
    pub segment_twin: Option<u64>,
}

/// An audit of a task.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Report {
    /// The worst verdict of all checks.
    pub verdict: Status,
    /// How many examples train, validation and test hold.
    pub items: [usize; 3],
    /// The checks, in the order of the crate's table.
    pub checks: Vec<Check>,
    /// What was found about each test item, in the order of the task.
    #[serde(skip)]
    pub details: Vec<Item>,
}

impl Report {
    pub(crate) fn new(items: [usize; 3], checks: Vec<Check>, details: Vec<Item>) -> Self {
        let verdict = checks.iter().map(|check| check.status).max().unwrap_or(Status::Pass);
        Self { verdict: verdict.max(Status::Pass), items, checks, details }
    }

    /// Returns a check by its id.
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// Returns the ids of the checks with a verdict.
    pub fn with(&self, status: Status) -> impl Iterator<Item = &str> {
        self.checks.iter().filter(move |check| check.status == status).map(|check| check.id.as_str())
    }
}
