//! What can be said about a fine-tuning; what is left open the protocol sets.

use std::str::FromStr;

use clap::Args;
use dlm_sdk::{Error, Result};
use serde::Serialize;

use crate::bench::{config::ConfigFile, probe::named};

/// Flags of fine-tuning, each also a key of the configuration.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of --mode finetune")]
pub struct FinetuneFlags {
    /// Weigh classes in the loss: none, or balanced (by how rare they are in train) [default: none]
    #[arg(long, value_name = "WEIGHTS")]
    pub class_weights: Option<String>,
    /// Most passes over train [default: by the protocol]
    #[arg(long, value_name = "N")]
    pub epochs: Option<u64>,
    /// Most steps, whatever the passes are
    #[arg(long, value_name = "N")]
    pub max_steps: Option<u64>,
    /// Examples a step [default: by the protocol]
    #[arg(long, value_name = "N")]
    pub batch: Option<u64>,
    /// Learning rate, in place of the protocol's or of its grid
    #[arg(long, value_name = "X")]
    pub learning_rate: Option<f64>,
    /// Steps over which the learning rate rises [default: by the protocol]
    #[arg(long, value_name = "N")]
    pub warmup: Option<u64>,
    /// Weight decay [default: by the protocol]
    #[arg(long, value_name = "X")]
    pub weight_decay: Option<f64>,
    /// Dropout of encoder and head [default: by the protocol]
    #[arg(long, value_name = "X")]
    pub dropout: Option<f64>,
    /// Train changes of this rank of attention's queries and values (low-rank adaptation) in place of the encoder
    #[arg(long, value_name = "RANK")]
    pub lora: Option<u64>,
}

/// What a fine-tuning does other than its protocol says.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Overrides {
    /// What stands on the encoder; `None`: the pooler where there is one.
    pub head: Option<FinetuneHead>,
    /// How classes are weighed.
    pub class_weights: ClassWeights,
    /// Most passes over train.
    pub epochs: Option<u64>,
    /// Most steps.
    pub max_steps: Option<u64>,
    /// Examples a step.
    pub batch: Option<u64>,
    /// The learning rate.
    pub learning_rate: Option<f64>,
    /// Steps over which the learning rate rises.
    pub warmup: Option<u64>,
    /// Weight decay.
    pub weight_decay: Option<f64>,
    /// Dropout.
    pub dropout: Option<f64>,
    /// The rank of the changes that are trained in place of the encoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lora: Option<u64>,
}

/// What stands on an encoder.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinetuneHead {
    /// The first token's state through a dense layer and tanh, as BERT has it.
    Pooler,
    /// The mean over tokens.
    Mean,
}

impl FinetuneHead {
    const ALL: [Self; 2] = [Self::Pooler, Self::Mean];

    /// Returns the name used in flags and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pooler => "pooler",
            Self::Mean => "mean",
        }
    }
}

impl FromStr for FinetuneHead {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        named("head", text, Self::ALL, Self::name)
    }
}

/// How classes are weighed in the loss.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// All alike.
    #[default]
    None,
    /// By `n / (classes * n_c)` of train, as scikit-learn's `balanced`.
    Balanced,
}

impl ClassWeights {
    const ALL: [Self; 2] = [Self::None, Self::Balanced];

    /// Returns the name used in flags and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Balanced => "balanced",
        }
    }
}

impl FromStr for ClassWeights {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        named("class weights", text, Self::ALL, Self::name)
    }
}

impl FinetuneFlags {
    /// The keys of a configuration.
    pub(crate) const KEYS: [&str; 9] = [
        "class-weights",
        "epochs",
        "max-steps",
        "batch",
        "learning-rate",
        "warmup",
        "weight-decay",
        "dropout",
        "lora",
    ];

    /// Completes the flags with a configuration and checks them.
    pub(crate) fn settle(self, head: Option<String>, file: &mut ConfigFile) -> Result<Overrides> {
        let class_weights = self.class_weights.or(file.text("class-weights")?);
        let settled = Overrides {
            head: head.map(|head| head.parse()).transpose()?,
            class_weights: class_weights.map_or(Ok(ClassWeights::None), |text| text.parse())?,
            epochs: self.epochs.or(file.number("epochs")?),
            max_steps: self.max_steps.or(file.number("max-steps")?),
            batch: self.batch.or(file.number("batch")?),
            learning_rate: self.learning_rate.or(file.real("learning-rate")?),
            warmup: self.warmup.or(file.number("warmup")?),
            weight_decay: self.weight_decay.or(file.real("weight-decay")?),
            dropout: self.dropout.or(file.real("dropout")?),
            lora: self.lora.or(file.number("lora")?),
        };
        settled.check()?;
        Ok(settled)
    }
}

impl Overrides {
    fn check(&self) -> Result<()> {
        for (name, value) in [
            ("epochs", self.epochs),
            ("max-steps", self.max_steps),
            ("batch", self.batch),
            ("lora", self.lora),
        ] {
            if value == Some(0) {
                return Err(Error::invalid(format!("{name} 0: at least one is needed")));
            }
        }
        let within = |name: &str, value: Option<f64>, least: f64, most: f64| match value {
            Some(value) if !(least..most).contains(&value) => {
                Err(Error::invalid(format!("{name} {value} does not lie in [{least}, {most})")))
            }
            _ => Ok(()),
        };
        within("learning-rate", self.learning_rate.filter(|&rate| rate != 0.0), f64::MIN_POSITIVE, 1.0)?;
        if self.learning_rate == Some(0.0) {
            return Err(Error::invalid("learning-rate 0 trains nothing"));
        }
        within("weight-decay", self.weight_decay, 0.0, 1.0)?;
        within("dropout", self.dropout, 0.0, 1.0)
    }
}
