//! The linear head of more classes than a logistic regression in one piece can hold, trained in steps by the engine.
//!
//! Softmax regression on standardised features by AdamW, from zero, with a rate that falls to zero. Under the protocol
//! `paper` it makes [`PASSES`] passes; under `tuned` the pass with the lowest loss on validation is kept. The order of
//! batches has a seed of its own, so that the head has no randomness.

use dlm_runtime::{Device, Runtime, SessionOptions};
use dlm_sdk::{Error, Fact, Result};
use dlm_train::{
    finetune::{
        FinetuneOptions, Targets,
        linear::{FittedLinear, LabelledFeatures, fit},
    },
    trainer::{Progress, Signal},
};
use ndarray::{Array2, ArrayViewMut2};

use super::Features;
use crate::context::Cancellation;

/// Passes over train.
const PASSES: u64 = 12;
/// Items a step.
const BATCH: usize = 256;
/// The highest learning rate.
const RATE: f64 = 3e-3;

/// A fitted head.
#[derive(Debug)]
pub(in super::super) struct Softmax(FittedLinear);

impl Softmax {
    pub(super) fn fit(
        classes: usize,
        train: Features<'_, '_>,
        validation: Option<Features<'_, '_>>,
        device: &str,
        cancellation: &Cancellation,
    ) -> Result<Self> {
        let device: Device = device.parse()?;
        let runtime = Runtime::get_for(device)?;
        let options = FinetuneOptions {
            rate: RATE,
            epochs: PASSES,
            batch: BATCH,
            session: SessionOptions::default().device(device),
            ..FinetuneOptions::default()
        };
        let labelled = |part: Features<'_, '_>| LabelledFeatures {
            features: part.table.clone(),
            targets: Targets::Classes {
                labels: part.examples.classes().map(|class| class as u32).collect(),
                classes,
            },
        };
        let mut signal = |_: &Progress<'_>| match cancellation.signal() {
            Some(_) => Signal::Stop,
            None => Signal::Continue,
        };
        fit(runtime, labelled(train), validation.map(labelled), &options, None, &mut signal).map(Self)
    }

    /// Writes the probabilities of items' classes.
    pub(super) fn scores(
        &mut self,
        features: &Array2<f32>,
        mut scores: ArrayViewMut2<'_, f32>,
    ) -> Result<()> {
        let answers = self.0.predict(features.view())?;
        if answers.dim() != scores.dim() {
            return Err(Error::internal(format!("the head answered {:?}", answers.dim())));
        }
        scores.assign(&answers);
        Ok(())
    }

    pub(super) fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![Fact::new("head", "softmax")];
        facts.extend(self.0.facts().list());
        facts
    }
}
