//! What `dlm predict` needs to know of a fine-tuned model.

use std::{collections::BTreeMap, fs, path::Path};

use dlm_sdk::{EncoderSpec, Error, Predictor as _, Result, Target, TaskSpec, metrics::Metric};
use serde::{Deserialize, Serialize};

use crate::{
    bench::{finetune::Finetuned, probe::Long},
    results::{Fact, Protocol},
};

const FILE: &str = "model.json";

/// `model.json`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Saved {
    /// The program's version.
    pub(crate) version: String,
    /// The model's spec.
    pub(crate) model: String,
    /// The model's fingerprint before fine-tuning.
    pub(crate) fingerprint: String,
    /// The tokenizer's spec; a file's name is relative to the folder.
    pub(crate) tokenizer: String,
    /// The task's name.
    pub(crate) task: String,
    /// What is predicted: `binary`, `multiclass`, `multilabel` or `regression`.
    pub(crate) target: String,
    /// How many scores a sequence gets.
    pub(crate) outputs: usize,
    /// The classes' names; empty: their numbers.
    pub(crate) class_names: Vec<String>,
    /// What happens to sequences that are too long.
    pub(crate) long: String,
    /// The longest row, special tokens included.
    pub(crate) max_tokens: Option<usize>,
    pub(crate) prefix: Option<u32>,
    pub(crate) suffix: Option<u32>,
    /// Where settings came from.
    pub(crate) protocol: Protocol,
    /// How many weights there are.
    pub(crate) parameters: Option<u64>,
    /// Scores on validation.
    pub(crate) validation: BTreeMap<String, f64>,
    /// Scores on test.
    pub(crate) test: BTreeMap<String, f64>,
    /// Settings and what happened.
    pub(crate) facts: Vec<Fact>,
}

impl Saved {
    pub(super) fn new(
        model: &str,
        encoder: &EncoderSpec,
        task: &TaskSpec,
        fitted: &Finetuned,
        tokenizer: String,
        long: Long,
        protocol: Protocol,
    ) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: model.to_owned(),
            fingerprint: encoder.fingerprint.clone(),
            tokenizer,
            task: task.name.clone(),
            target: task.target.name().to_owned(),
            outputs: task.target.outputs(),
            class_names: task.class_names.clone(),
            long: long.name().to_owned(),
            max_tokens: encoder.max_tokens,
            prefix: encoder.prefix,
            suffix: encoder.suffix,
            protocol,
            parameters: fitted.parameters(),
            validation: BTreeMap::new(),
            test: BTreeMap::new(),
            facts: fitted
                .facts()
                .into_iter()
                .map(|fact| Fact { name: fact.name, value: fact.value })
                .collect(),
        }
    }

    pub(super) fn with_metrics(mut self, validation: &[(Metric, f64)], test: &[(Metric, f64)]) -> Self {
        let named = |metrics: &[(Metric, f64)]| {
            metrics.iter().map(|(metric, value)| (metric.id().to_owned(), *value)).collect()
        };
        (self.validation, self.test) = (named(validation), named(test));
        self
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::internal("a fine-tuned model has no description").with_source(error))?;
        Ok(dlm_genome::output::write(folder.join(FILE), text)?)
    }

    /// Reads what a folder says.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let text = fs::read(&path).map_err(|error| {
            Error::io(format!("{}: cannot be read", path.display()), error)
                .with_hint("name a folder that dlm finetune wrote")
        })?;
        serde_json::from_slice(&text).map_err(|error| Error::invalid(format!("{}: {error}", path.display())))
    }

    /// Returns what is predicted.
    pub(crate) fn target(&self) -> Result<Target> {
        Ok(match self.target.as_str() {
            "binary" => Target::Binary,
            "multiclass" => Target::Multiclass(self.outputs),
            "multilabel" => Target::Multilabel(self.outputs),
            "regression" => Target::Regression(self.outputs),
            other => return Err(Error::invalid(format!("{FILE}: target {other:?} is not known"))),
        })
    }
}
