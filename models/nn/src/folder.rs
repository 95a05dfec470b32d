//! A model on disk, in the layout of Hugging Face.
//!
//! ```text
//! config.json            the shape
//! model.safetensors      the weights, or pytorch_model.bin
//! tokenizer.json         the tokenizer, or vocab.txt for overlapping k-mers
//! dlm.json               the tokenizer's spec, where it is none of these: {"tokenizer": "kmer:6"}
//! pretraining.json       how the model was made, if it was made here
//! ```

use std::path::{Path, PathBuf};

use dlm_genome::output;
use dlm_sdk::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::{
    bert::{Config, Model},
    weights::{self, Checkpoint, Element},
};

/// The files that hold weights, in the order they are looked for.
const WEIGHTS: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

/// What `dlm.json` says.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Own {
    tokenizer: String,
}

/// A model folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    config: Config,
}

impl Folder {
    /// Returns whether a path is a folder that says it is a model.
    pub fn is_one(path: impl AsRef<Path>) -> bool {
        path.as_ref().join("config.json").is_file()
    }

    /// Opens a folder by its configuration; weights are read later.
    ///
    /// # Errors
    ///
    /// There is no `config.json`, or it is of another architecture.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let config = Config::open(path.join("config.json"))?;
        Ok(Self { path, config })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the shape.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the file that holds the weights.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if there is none.
    pub fn weights(&self) -> Result<PathBuf> {
        let mut files = WEIGHTS.iter().map(|name| self.path.join(name));
        files.find(|file| file.is_file()).ok_or_else(|| {
            Error::invalid(format!("{}: has no {}", self.path.display(), WEIGHTS.join(" and no ")))
                .with_hint("a model folder holds config.json, weights and a tokenizer")
        })
    }

    /// Opens the model.
    ///
    /// # Errors
    ///
    /// There are no weights, or they are not those of the configuration.
    pub fn model(&self) -> Result<Model> {
        let path = self.weights()?;
        Checkpoint::open(&path)
            .and_then(|checkpoint| Model::from_checkpoint(self.config.clone(), checkpoint))
            .map_err(|error| error.within(path.display().to_string()))
    }

    /// Returns the spec of the tokenizer, to be made by the registry.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if the folder holds none.
    pub fn tokenizer(&self) -> Result<String> {
        let own = self.path.join("dlm.json");
        if own.is_file() {
            let text = std::fs::read_to_string(&own)
                .map_err(|error| Error::io(format!("{}: cannot be read", own.display()), error))?;
            let own: Own = serde_json::from_str(&text)
                .map_err(|error| Error::invalid(format!("{}: {error}", own.display())))?;
            return Ok(own.tokenizer);
        }
        let mut files = ["tokenizer.json", "vocab.txt"].iter().map(|name| self.path.join(name));
        files.find(|file| file.is_file()).map(|file| file.display().to_string()).ok_or_else(|| {
            Error::invalid(format!("{}: has no tokenizer.json and no vocab.txt", self.path.display()))
        })
    }
}

/// What a folder's tokenizer is written as.
#[derive(Clone, Copy, Debug)]
pub enum Tokenizer<'t> {
    /// The text of a `tokenizer.json`.
    Json(&'t str),
    /// The text of a `vocab.txt` of overlapping k-mers.
    Vocabulary(&'t str),
    /// A spec, such as `kmer:6`.
    Spec(&'t str),
}

/// Writes a model into a folder that `transformers.AutoModelForMaskedLM.from_pretrained` loads.
///
/// Tied weights are written once, as `transformers` does it. Files appear whole or not at all, the weights last.
///
/// # Errors
///
/// A weight cannot be read or a file not written.
pub fn write(path: &Path, model: &Model, tokenizer: Tokenizer<'_>, element: Element) -> Result<()> {
    let failed = |error| Error::io(format!("{}: cannot be made", path.display()), error);
    std::fs::create_dir_all(path).map_err(failed)?;
    match tokenizer {
        Tokenizer::Json(text) => output::write(path.join("tokenizer.json"), text)?,
        Tokenizer::Vocabulary(text) => output::write(path.join("vocab.txt"), text)?,
        Tokenizer::Spec(spec) => {
            let own = serde_json::to_string(&Own { tokenizer: spec.to_owned() })
                .map_err(|error| Error::internal("dlm.json cannot be made").with_source(error))?;
            output::write(path.join("dlm.json"), own)?;
        }
    }
    output::write(path.join("config.json"), model.config().to_json()?)?;
    let values = (0..model.weights().len()).map(|index| model.values(index)).collect::<Result<Vec<_>>>()?;
    let tensors: Vec<weights::Output<'_>> = model
        .weights()
        .iter()
        .zip(&values)
        .map(|(weight, values)| {
            (weight.parameter.name.as_str(), weight.parameter.shape.as_slice(), values.as_slice())
        })
        .collect();
    weights::write(path.join(WEIGHTS[0]), &tensors, element)
}
