//! The numbers that make one BERT another.

use std::path::Path;

use dlm_sdk::{Error, Result, TokenId};
use serde::{Deserialize, Serialize};

/// The shape of a BERT, as `config.json` of a Hugging Face folder has it.
///
/// # Examples
///
/// ```
/// let config = dlm_nn::bert::Config::from_json(
///     r#"{"model_type": "bert", "vocab_size": 609, "hidden_size": 768, "num_hidden_layers": 12,
///         "num_attention_heads": 12, "intermediate_size": 3072, "max_position_embeddings": 512}"#,
/// )?;
/// assert_eq!((config.head_width(), config.pad), (64, 0));
/// # Ok::<(), dlm_sdk::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// How many ids the embedding table has, special ones included.
    pub vocab_size: usize,
    /// The width of a hidden state.
    pub hidden: usize,
    /// How many layers lie above the embeddings.
    pub layers: usize,
    /// Attention heads a layer; they share the width evenly.
    pub heads: usize,
    /// The width of the feed-forward network within a layer.
    pub intermediate: usize,
    /// How many positions have an embedding: the longest row, special tokens included.
    pub max_positions: usize,
    /// How many kinds of segments there are. DNA has one, of id 0; the table's other rows are never looked at.
    pub type_vocab_size: usize,
    /// Added to variances under the root.
    pub layer_norm_eps: f32,
    /// The share of hidden values dropped in training.
    pub hidden_dropout: f32,
    /// The share of attention weights dropped in training.
    pub attention_dropout: f32,
    /// The share of values dropped before a classifier; `None`: that of hidden values.
    pub classifier_dropout: Option<f32>,
    /// The standard deviation of fresh weights.
    pub initializer_range: f32,
    /// The id that fills rows.
    pub pad: TokenId,
}

/// `config.json`: what is looked at. Other keys belong to other programs.
#[derive(Debug, Deserialize, Serialize)]
struct File {
    #[serde(default)]
    architectures: Option<Vec<String>>,
    #[serde(default)]
    model_type: Option<String>,
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "two")]
    type_vocab_size: usize,
    #[serde(default = "gelu")]
    hidden_act: String,
    #[serde(default = "eps")]
    layer_norm_eps: f32,
    #[serde(default = "tenth")]
    hidden_dropout_prob: f32,
    #[serde(default = "tenth")]
    attention_probs_dropout_prob: f32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    classifier_dropout: Option<f32>,
    #[serde(default = "range")]
    initializer_range: f32,
    #[serde(default)]
    pad_token_id: Option<TokenId>,
    #[serde(default = "absolute")]
    position_embedding_type: String,
    #[serde(default = "yes")]
    tie_word_embeddings: bool,
    #[serde(default)]
    is_decoder: bool,
}

fn two() -> usize {
    2
}

fn gelu() -> String {
    "gelu".to_owned()
}

fn eps() -> f32 {
    1e-12
}

fn tenth() -> f32 {
    0.1
}

fn range() -> f32 {
    0.02
}

fn absolute() -> String {
    "absolute".to_owned()
}

fn yes() -> bool {
    true
}

impl Config {
    /// Reads a `config.json`. Keys that a BERT does not know are left alone: they are other programs'.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json), naming the file; [`Io`](dlm_sdk::ErrorKind::Io) if it cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
        Self::from_json(&text).map_err(|error| error.within(path.display().to_string()))
    }

    /// Reads the text of a `config.json`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if it is no such text or its numbers make no model,
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) if it is of another architecture.
    pub fn from_json(text: &str) -> Result<Self> {
        let file: File = serde_json::from_str(text).map_err(|error| {
            Error::invalid("is no config.json of a BERT")
                .with_source(error)
                .with_hint("it needs vocab_size, hidden_size and so on, as transformers writes them")
        })?;
        let other = |what: &str, value: &str, known: &str| {
            Err(Error::unsupported(format!("{what} {value:?} is not built here"))
                .with_hint(format!("this reader is for {known}")))
        };
        if let Some(kind) = file.model_type.as_deref().filter(|kind| *kind != "bert") {
            return other("model_type", kind, "\"bert\"");
        }
        if file.hidden_act != "gelu" {
            return other("hidden_act", &file.hidden_act, "\"gelu\", by the error function");
        }
        if file.position_embedding_type != "absolute" {
            return other("position_embedding_type", &file.position_embedding_type, "\"absolute\"");
        }
        if file.is_decoder {
            return other("is_decoder", "true", "encoders");
        }
        if !file.tie_word_embeddings {
            return other("tie_word_embeddings", "false", "models whose decoder is the embedding table");
        }
        let config = Self {
            vocab_size: file.vocab_size,
            hidden: file.hidden_size,
            layers: file.num_hidden_layers,
            heads: file.num_attention_heads,
            intermediate: file.intermediate_size,
            max_positions: file.max_position_embeddings,
            type_vocab_size: file.type_vocab_size,
            layer_norm_eps: file.layer_norm_eps,
            hidden_dropout: file.hidden_dropout_prob,
            attention_dropout: file.attention_probs_dropout_prob,
            classifier_dropout: file.classifier_dropout,
            initializer_range: file.initializer_range,
            pad: file.pad_token_id.unwrap_or(0),
        };
        config.check()?;
        Ok(config)
    }

    /// Returns the text of a `config.json` that `transformers` reads as a `BertForMaskedLM`.
    ///
    /// # Errors
    ///
    /// [`Internal`](dlm_sdk::ErrorKind::Internal) if a number has no text, such as an infinite one.
    pub fn to_json(&self) -> Result<String> {
        let file = File {
            architectures: Some(vec!["BertForMaskedLM".to_owned()]),
            model_type: Some("bert".to_owned()),
            vocab_size: self.vocab_size,
            hidden_size: self.hidden,
            num_hidden_layers: self.layers,
            num_attention_heads: self.heads,
            intermediate_size: self.intermediate,
            max_position_embeddings: self.max_positions,
            type_vocab_size: self.type_vocab_size,
            hidden_act: gelu(),
            layer_norm_eps: self.layer_norm_eps,
            hidden_dropout_prob: self.hidden_dropout,
            attention_probs_dropout_prob: self.attention_dropout,
            classifier_dropout: self.classifier_dropout,
            initializer_range: self.initializer_range,
            pad_token_id: Some(self.pad),
            position_embedding_type: absolute(),
            tie_word_embeddings: true,
            is_decoder: false,
        };
        let mut text = serde_json::to_string_pretty(&file)
            .map_err(|error| Error::internal("the configuration has no text").with_source(error))?;
        text.push('\n');
        Ok(text)
    }

    /// Returns the width of an attention head.
    pub fn head_width(&self) -> usize {
        self.hidden / self.heads
    }

    /// Fails unless the numbers make a model.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid), naming the key as `config.json` has it.
    pub fn check(&self) -> Result<()> {
        for (key, value) in [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden),
            ("num_attention_heads", self.heads),
            ("intermediate_size", self.intermediate),
            ("max_position_embeddings", self.max_positions),
            ("type_vocab_size", self.type_vocab_size),
        ] {
            // Any one of these is a factor of a tensor's size; a bound keeps products far from overflow.
            if !(1..=1 << 24).contains(&value) {
                return Err(Error::invalid(format!("{key} is {value}, and 1 to {} make a model", 1 << 24)));
            }
        }
        if self.layers > 1 << 12 {
            return Err(Error::invalid(format!(
                "num_hidden_layers is {}, more than any model has",
                self.layers
            )));
        }
        if !self.hidden.is_multiple_of(self.heads) {
            return Err(Error::invalid(format!(
                "hidden_size {} cannot be shared by {} attention heads",
                self.hidden, self.heads
            )));
        }
        for (key, value) in [
            ("hidden_dropout_prob", self.hidden_dropout),
            ("attention_probs_dropout_prob", self.attention_dropout),
            ("classifier_dropout", self.classifier_dropout.unwrap_or(0.0)),
        ] {
            if !(0.0..1.0).contains(&value) {
                return Err(Error::invalid(format!(
                    "{key} is {value}, and a share from 0 to below 1 is meant"
                )));
            }
        }
        if self.pad as usize >= self.vocab_size {
            return Err(Error::invalid(format!(
                "pad_token_id {} lies past the {} ids",
                self.pad, self.vocab_size
            )));
        }
        if !(self.layer_norm_eps > 0.0 && self.initializer_range >= 0.0) {
            return Err(Error::invalid("layer_norm_eps or initializer_range is not a positive number"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TINY: &str = r#"{"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 16, "max_position_embeddings": 12, "unheard_of": {"a": 1}}"#;

    #[test]
    fn what_is_written_is_read() {
        let config = Config::from_json(TINY).unwrap();
        assert_eq!(config.layer_norm_eps, 1e-12);
        assert_eq!(Config::from_json(&config.to_json().unwrap()).unwrap(), config);
    }

    #[test]
    fn other_architectures_are_named() {
        for (from, to, name) in [
            ("\"vocab_size\"", "\"model_type\": \"esm\", \"vocab_size\"", "esm"),
            ("\"vocab_size\"", "\"hidden_act\": \"relu\", \"vocab_size\"", "relu"),
            ("\"num_attention_heads\": 2", "\"num_attention_heads\": 3", "3 attention heads"),
            ("\"vocab_size\": 9", "\"vocab_size\": 0", "vocab_size"),
            ("\"vocab_size\": 9", "\"vocab_size\": 9, \"pad_token_id\": 9", "pad_token_id"),
            ("\"hidden_size\": 8,", "", "config.json"),
        ] {
            let error = Config::from_json(&TINY.replace(from, to)).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
