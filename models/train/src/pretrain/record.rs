//! What is said about a pretrained model.

use dlm_sdk::{Error, Result};
use serde::{Deserialize, Serialize};

use super::Pretraining;
use crate::{
    data::Score,
    trainer::{Summary, Validation},
};

/// A loss falls as long as the last quarter of its curve took off at least this share.
const FALLS: f64 = 0.002;

/// `pretraining.json`: how a model was made and what it reaches.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The preset.
    pub preset: String,
    /// The tokenizer's name.
    pub tokenizer: String,
    /// The tokenizer's fingerprint.
    pub tokenizer_fingerprint: String,
    /// How many numbers the weights hold, tied ones once.
    pub parameters: u64,
    /// The seed.
    pub seed: u64,
    /// How many steps were made.
    pub steps: u64,
    /// How many windows were seen, each as often as it was seen.
    pub windows: u64,
    /// How many tokens were seen, each as often as it was seen.
    pub tokens: u64,
    /// How many bases were seen, each as often as it was seen.
    pub bases: u64,
    /// How long all steps took, in seconds.
    pub seconds: f64,
    /// How many windows the preset asks for.
    pub preset_windows: u64,
    /// After how many steps the weights were best, which are those of the model.
    pub best_step: Option<u64>,
    /// The curve on the held-out windows that choose.
    pub curve: Vec<Point>,
    /// Whether the loss was still falling at the end.
    pub loss_falls: bool,
    /// Whether the model saw fewer windows than its preset asks for, or its loss was still falling.
    pub undertrained: bool,
    /// What is reached on the other held-out windows.
    pub held_out: Scores,
}

/// Scores at the same hidden tokens.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// The model.
    pub model: Score,
    /// Frequency alone.
    pub unigram: Score,
    /// The visible neighbours on both sides.
    pub neighbours: Score,
}

/// A point of a curve.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// How many steps had been made.
    pub step: u64,
    /// The loss.
    pub loss: f64,
    /// The share of hidden tokens guessed right.
    pub accuracy: f64,
}

impl Point {
    pub(super) fn of(validation: &Validation) -> Self {
        let accuracy = validation.metrics.iter().find(|(name, _)| name == "accuracy");
        Self {
            step: validation.step,
            loss: validation.loss,
            accuracy: accuracy.map_or(f64::NAN, |(_, value)| *value),
        }
    }
}

impl Record {
    pub(super) fn new(
        pretraining: &Pretraining<'_>,
        parameters: u64,
        summary: &Summary,
        bases: u64,
        curve: Vec<Point>,
        held_out: Scores,
    ) -> Self {
        let loss_falls = falls(&curve);
        let preset_windows = pretraining.preset.windows.samples.value;
        let spec = pretraining.tokenizer.spec();
        Self {
            preset: pretraining.preset.name.clone(),
            tokenizer: spec.name.clone(),
            tokenizer_fingerprint: spec.fingerprint.clone(),
            parameters,
            seed: pretraining.seed,
            steps: summary.steps,
            windows: summary.examples,
            tokens: summary.tokens,
            bases,
            seconds: summary.seconds,
            preset_windows,
            best_step: summary.best_step,
            curve,
            loss_falls,
            undertrained: loss_falls || summary.examples < preset_windows,
            held_out,
        }
    }

    /// Reads the text of a `pretraining.json`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if it is no such text.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::invalid(format!("is no pretraining.json: {error}")))
    }

    /// Returns the text.
    ///
    /// # Errors
    ///
    /// [`Internal`](dlm_sdk::ErrorKind::Internal) if a number has no text.
    pub fn to_json(&self) -> Result<String> {
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::internal("the record has no text").with_source(error))?;
        text.push('\n');
        Ok(text)
    }
}

/// Whether a curve was falling in its last quarter.
fn falls(curve: &[Point]) -> bool {
    let Some(last) = curve.last() else { return false };
    let before = curve.iter().rev().find(|point| point.step * 4 <= last.step * 3);
    // Too short a curve says nothing good.
    before.is_none_or(|before| last.loss < before.loss * (1.0 - FALLS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_falls_until_its_last_quarter_is_flat() {
        let curve = |losses: &[f64]| -> Vec<Point> {
            let point = |(step, loss): (u64, &f64)| Point { step, loss: *loss, accuracy: 0.0 };
            (1..).zip(losses).map(point).collect()
        };
        assert!(falls(&curve(&[5.0, 4.0, 3.0, 2.0])));
        assert!(!falls(&curve(&[5.0, 4.0, 3.0, 2.999])));
        assert!(!falls(&curve(&[5.0, 4.0, 3.0, 3.5])));
        assert!(falls(&curve(&[5.0])));
        assert!(!falls(&[]));
    }
}
