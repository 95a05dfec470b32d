//! What was answered to one test item.

use dlm_sdk::metrics::Outcome;
use serde::{Deserialize, Serialize};

/// A class or values: what was meant, and what was answered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Truth {
    /// The index of a class, for binary and multi-class tasks.
    Class(u32),
    /// A number each: 0 or 1 a label, or values.
    Values(Vec<f32>),
}

/// What was answered, as wide as the task asks for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// All scores: a probability a class or label, or values.
    Scores {
        /// One a column.
        scores: Vec<f32>,
    },
    /// What is kept of many classes.
    Compact {
        /// The natural logarithm of the target's probability; `None` for a probability of zero.
        log_probability: Option<f32>,
        /// The target's place by falling score, from one.
        rank: u32,
        /// The five classes with the highest scores, with their probabilities.
        top: Vec<(u32, f32)>,
    },
}

/// One test item with its answer: a line of `predictions.jsonl.gz`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Prediction {
    /// The item's id.
    pub id: u64,
    /// Its leakage group.
    pub group: u64,
    /// Where it lies, as `chromosome:start-end:strand`, half-open from zero; the strand is `.` where it does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locus: Option<String>,
    /// What was meant.
    pub target: Truth,
    /// What was answered: the class with the highest score, labels from one half on, or values.
    pub prediction: Truth,
    /// The scores behind it.
    #[serde(flatten)]
    pub answer: Answer,
}

impl Prediction {
    /// Returns what metrics of classes need; `None` for labels and values.
    pub fn outcome(&self) -> Option<Outcome> {
        let (&Truth::Class(target), &Truth::Class(predicted)) = (&self.target, &self.prediction) else {
            return None;
        };
        Some(match &self.answer {
            Answer::Scores { scores } => Outcome::new(target as usize, ndarray::aview1(scores)),
            Answer::Compact { log_probability, rank, top } => Outcome {
                target,
                predicted,
                log_probability: log_probability.unwrap_or(f32::NEG_INFINITY),
                confidence: top.first().map_or(0.0, |&(_, probability)| probability),
                rank: *rank,
            },
        })
    }
}
