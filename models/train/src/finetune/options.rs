//! The settings of a fine-tuning.

use std::path::PathBuf;

use dlm_runtime::SessionOptions;
use dlm_sdk::{Error, Result};

use super::{ClassWeights, Pool};
use crate::{
    lora::Lora,
    optimiser::OptimiserOptions,
    schedule::{Decay, Schedule},
    trainer::{Layers, TrainerOptions},
};

/// The settings of a fine-tuning. The defaults are those of BERT: three passes in batches of 32, a rate of 2e-5 that
/// falls in a straight line, no warm-up, decay 0.01, dropout 0.1 before the last layer.
#[derive(Clone, Debug)]
pub struct FinetuneOptions {
    /// The seed of order, head and dropout.
    pub seed: u64,
    /// How the states of tokens become one vector.
    pub pool: Pool,
    /// The share dropped before the last layer.
    pub head_dropout: f32,
    /// The share dropped within the encoder; `None`: as its graph says.
    pub encoder_dropout: Option<f32>,
    /// How classes are weighed.
    pub class_weights: ClassWeights,
    /// The highest learning rate.
    pub rate: f64,
    /// What the rate does after the warm-up.
    pub decay: Decay,
    /// Steps over which the rate rises; no more than there are.
    pub warm_up: u64,
    /// Most passes over the training examples.
    pub epochs: u64,
    /// Most steps, whatever the passes are.
    pub most_steps: Option<u64>,
    /// Examples a step.
    pub batch: usize,
    /// Examples at once, where memory does not hold a whole batch: gradients of the parts are added up.
    pub rows_at_once: Option<usize>,
    /// The optimiser.
    pub optimiser: OptimiserOptions,
    /// Which layers are trained, and how fast.
    pub layers: Layers,
    /// Small changes of some weights are trained in place of the encoder, and merged into it in the end; `None`: the
    /// encoder itself is.
    pub lora: Option<Lora>,
    /// After how many steps the model is validated; `None`: after each pass.
    pub validate_every: Option<u64>,
    /// After how many validations without a better one training ends; `None`: it does not.
    pub patience: Option<u32>,
    /// Where checkpoints and metrics go; `None`: nowhere.
    pub folder: Option<PathBuf>,
    /// After how many steps a checkpoint is written.
    pub checkpoint_every: Option<u64>,
    /// How graphs are compiled.
    pub session: SessionOptions,
}

impl Default for FinetuneOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            pool: Pool::Pooler,
            head_dropout: 0.1,
            encoder_dropout: None,
            class_weights: ClassWeights::None,
            rate: 2e-5,
            decay: Decay::Linear,
            warm_up: 0,
            epochs: 3,
            most_steps: None,
            batch: 32,
            rows_at_once: None,
            optimiser: OptimiserOptions::default(),
            layers: Layers::default(),
            lora: None,
            validate_every: None,
            patience: None,
            folder: None,
            checkpoint_every: None,
            session: SessionOptions::default(),
        }
    }
}

impl FinetuneOptions {
    /// Returns the settings of the training, for passes of some steps.
    pub(super) fn trainer(&self, steps_a_pass: u64) -> Result<TrainerOptions> {
        for (name, share) in
            [("head dropout", Some(self.head_dropout)), ("encoder dropout", self.encoder_dropout)]
        {
            if share.is_some_and(|share| !(0.0..1.0).contains(&share)) {
                return Err(Error::invalid(format!("{name} {share:?} does not lie in [0, 1)")));
            }
        }
        if self.batch == 0 || self.epochs == 0 || self.most_steps == Some(0) {
            return Err(Error::invalid("a fine-tuning needs at least one example a step, pass and step"));
        }
        let all = self.epochs.saturating_mul(steps_a_pass);
        let steps = self.most_steps.map_or(all, |most| most.min(all));
        let schedule = Schedule::new(self.rate, self.warm_up.min(steps), steps, self.decay)?;
        let mut options = TrainerOptions::new(self.seed, schedule);
        options.optimiser = self.optimiser;
        options.layers = self.layers;
        options.validate_every = Some(self.validate_every.unwrap_or(steps_a_pass).min(steps));
        options.patience = self.patience;
        options.folder.clone_from(&self.folder);
        options.checkpoint_every = self.checkpoint_every;
        options.session = self.session.clone();
        Ok(options)
    }
}
