//! The settings of a training.

use std::{collections::BTreeMap, path::PathBuf};

use dlm_graph::Keep;
use dlm_runtime::{Device, SessionOptions};
use dlm_sdk::{Error, Parameter, Result};
use serde::Serialize;

use crate::{optimiser::OptimiserOptions, schedule::Schedule, step::Precision};

/// The settings of a training.
#[derive(Clone, Debug)]
pub struct TrainerOptions {
    /// The seed of dropout's masks. Batches have their own, in the objective.
    pub seed: u64,
    /// The learning rate of each step, and how many there are.
    pub schedule: Schedule,
    /// The optimiser.
    pub optimiser: OptimiserOptions,
    /// Which parameters are trained, and how fast each layer learns.
    pub layers: Layers,
    /// After how many steps the model is validated; `None`: never.
    pub validate_every: Option<u64>,
    /// After how many validations without a better one the training ends; `None`: it does not.
    pub patience: Option<u32>,
    /// Where checkpoints, metrics and events go; `None`: nowhere.
    pub folder: Option<PathBuf>,
    /// After how many steps a checkpoint is written, beside the one at the end; `None`: only there.
    pub checkpoint_every: Option<u64>,
    /// How graphs are compiled.
    pub session: SessionOptions,
    /// What a step holds of its forward pass. It changes memory and speed, and no number.
    pub keep: Keep,
    /// How precise products are.
    pub precision: Precision,
    /// Where weights and the optimiser's state live.
    pub home: Home,
}

/// Where weights and the optimiser's state live. Losses agree to 1e-5 over twenty steps, and a checkpoint of either is
/// resumed by the other.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Home {
    /// On the device that graphs run on, unless it is the processor, where one pass over memory is faster than a graph.
    #[default]
    ByDevice,
    /// In this process, which changes the weights itself. A device takes them anew at each step.
    Process,
    /// On the device that graphs run on; the optimiser is a graph there, on the processor too.
    Device,
}

impl Home {
    pub(super) fn is_resident(self, device: Device) -> bool {
        match self {
            Self::ByDevice => device != Device::Cpu,
            Self::Process => false,
            Self::Device => true,
        }
    }
}

impl TrainerOptions {
    /// Creates settings without validation, checkpoints or files.
    pub fn new(seed: u64, schedule: Schedule) -> Self {
        Self {
            seed,
            schedule,
            optimiser: OptimiserOptions::default(),
            layers: Layers::default(),
            validate_every: None,
            patience: None,
            folder: None,
            checkpoint_every: None,
            session: SessionOptions::default(),
            keep: Keep::default(),
            precision: Precision::default(),
            home: Home::default(),
        }
    }

    /// Says by names and values what makes two trainings different.
    pub(super) fn identity(&self) -> BTreeMap<String, String> {
        let mut identity = BTreeMap::from([
            ("dropout seed".to_owned(), self.seed.to_string()),
            ("schedule".to_owned(), text(&self.schedule)),
            ("optimiser".to_owned(), text(&self.optimiser)),
            ("layers".to_owned(), format!("{:?}", self.layers)),
            ("validation".to_owned(), format!("{:?}, patience {:?}", self.validate_every, self.patience)),
        ]);
        if self.precision != Precision::Single {
            identity.insert("precision".to_owned(), self.precision.to_string());
        }
        identity
    }
}

/// Settings as text that is equal when they are.
fn text(settings: &impl Serialize) -> String {
    // Numbers and names always have a text.
    serde_json::to_string(settings).unwrap_or_default()
}

/// Which layers are trained, and how fast. By default all, equally.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layers {
    /// What the rate is multiplied by from each group of parameters to the one below it.
    pub decay: f64,
    /// How many groups from below are left as they are: 1 is the embeddings, 2 the first layer too, and so on.
    pub frozen: u32,
}

impl Default for Layers {
    fn default() -> Self {
        Self { decay: 1.0, frozen: 0 }
    }
}

impl Layers {
    /// Returns whether a parameter is trained.
    pub fn trains(&self, parameter: &Parameter) -> bool {
        parameter.group >= self.frozen
    }

    /// Returns what the rate of a parameter is multiplied by; the highest group has 1.
    pub fn rate(&self, parameter: &Parameter, highest: u32) -> f64 {
        self.decay.powi(i32::try_from(highest.saturating_sub(parameter.group)).unwrap_or(i32::MAX))
    }

    /// Fails unless something is trained.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) where every group is frozen, or the decay is not in `(0, 1]`.
    pub fn check(&self, highest: u32) -> Result<()> {
        if !(self.decay > 0.0 && self.decay <= 1.0) {
            return Err(Error::invalid(format!(
                "the decay of rates by layer is {}, and must be above 0 and at most 1",
                self.decay
            )));
        }
        if self.frozen > highest {
            return Err(Error::invalid(format!(
                "{} groups of parameters are frozen, and there are only {}",
                self.frozen,
                highest + 1
            ))
            .with_hint("freeze fewer: a model without anything to train is a probe"));
        }
        Ok(())
    }
}
