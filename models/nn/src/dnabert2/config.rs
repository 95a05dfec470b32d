//! The numbers of a DNABERT-2, its weights, and what a file calls them.

use dlm_graph::Graph;
use dlm_sdk::{Error, Result};
use serde::Deserialize;

use crate::{
    bert::{Init, Weight},
    network::{Architecture, Facts, Role, list::List},
};

/// The shape of a DNABERT-2, as its `config.json` has it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Config {
    /// How many ids the embedding table has.
    pub vocab_size: usize,
    /// The width of a hidden state.
    #[serde(rename = "hidden_size")]
    pub hidden: usize,
    /// How many layers lie above the embeddings.
    #[serde(rename = "num_hidden_layers")]
    pub layers: usize,
    /// Attention heads a layer.
    #[serde(rename = "num_attention_heads")]
    pub heads: usize,
    /// The width of each half of the feed-forward network.
    #[serde(rename = "intermediate_size")]
    pub intermediate: usize,
    /// How many kinds of segments there are; all tokens are of the first.
    #[serde(default = "two")]
    pub type_vocab_size: usize,
    /// Added to variances under the root.
    #[serde(default = "epsilon")]
    pub layer_norm_eps: f32,
    /// The share of hidden values dropped in training.
    #[serde(default = "tenth", rename = "hidden_dropout_prob")]
    pub hidden_dropout: f32,
    /// The share of attention weights dropped in training: none in the published model.
    #[serde(default, rename = "attention_probs_dropout_prob")]
    pub attention_dropout: f32,
    /// The standard deviation of fresh weights.
    #[serde(default = "range")]
    pub initializer_range: f32,
    #[serde(default)]
    model_type: Option<String>,
    #[serde(default = "gelu")]
    hidden_act: String,
}

fn two() -> usize {
    2
}

fn epsilon() -> f32 {
    1e-12
}

fn tenth() -> f32 {
    0.1
}

fn range() -> f32 {
    0.02
}

fn gelu() -> String {
    "gelu".to_owned()
}

/// Which heads a file holds besides the encoder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Heads {
    /// The head of masked-language modelling.
    pub language_model: bool,
    /// The pooler, as DNABERT-S has it.
    pub pooler: bool,
}

/// A DNABERT-2 without its weights.
#[derive(Clone, Debug, PartialEq)]
pub struct DnaBert2 {
    pub(super) config: Config,
    pub(super) heads: Heads,
}

impl Config {
    /// Reads the text of a `config.json`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if it is no such text or its numbers make no model,
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) if it is of another architecture.
    pub fn from_json(text: &str) -> Result<Self> {
        let config: Self = serde_json::from_str(text)
            .map_err(|error| Error::invalid("is no config.json of a DNABERT-2").with_source(error))?;
        if let Some(kind) = config.model_type.as_deref().filter(|kind| !matches!(*kind, "bert" | "dnabert2"))
        {
            return Err(Error::unsupported(format!("model_type {kind:?} is not DNABERT-2's, \"bert\"")));
        }
        if config.hidden_act != "gelu" {
            return Err(Error::unsupported(format!("hidden_act {:?} is not built here", config.hidden_act)));
        }
        crate::network::check_sizes(&[
            ("vocab_size", config.vocab_size),
            ("hidden_size", config.hidden),
            ("num_attention_heads", config.heads),
            ("intermediate_size", config.intermediate),
            ("type_vocab_size", config.type_vocab_size),
        ])?;
        crate::network::check_heads(config.hidden, config.heads, config.layers)?;
        crate::network::check_shares(&[
            ("hidden_dropout_prob", config.hidden_dropout),
            ("attention_probs_dropout_prob", config.attention_dropout),
        ])?;
        Ok(config)
    }
}

impl DnaBert2 {
    /// Makes the architecture of a configuration; a file's tensors tell which heads there are. Without a file there is a
    /// language-model head and no pooler, as published.
    ///
    /// # Errors
    ///
    /// As [`Config::from_json`].
    pub fn build(config: &str, tensors: Option<&[&str]>) -> Result<Box<dyn Architecture>> {
        let config = Config::from_json(config)?;
        let has = |part: &str| tensors.is_some_and(|names| names.iter().any(|name| name.contains(part)));
        let heads = Heads {
            language_model: tensors.is_none() || has("cls.predictions."),
            pooler: has("pooler.dense."),
        };
        Ok(Box::new(Self { config, heads }))
    }

    /// Returns the shape.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

impl Architecture for DnaBert2 {
    fn facts(&self) -> Facts {
        Facts {
            vocab_size: self.config.vocab_size,
            hidden: self.config.hidden,
            layers: self.config.layers,
            max_tokens: None,
            causal: false,
        }
    }

    fn weights(&self) -> Vec<Weight> {
        let (hidden, wide) = (self.config.hidden, self.config.intermediate);
        let mut list = List::new(self.config.initializer_range);
        list.embedding("bert.embeddings.word_embeddings", self.config.vocab_size, hidden, None);
        list.embedding("bert.embeddings.token_type_embeddings", self.config.type_vocab_size, hidden, None);
        list.norm("bert.embeddings.LayerNorm", hidden, 0);
        for layer in 0..self.config.layers {
            let name = |part: &str| format!("bert.encoder.layer.{layer}.{part}");
            let group = layer as u32 + 1;
            list.dense(&name("attention.self.Wqkv"), 3 * hidden, hidden, group);
            list.dense(&name("attention.output.dense"), hidden, hidden, group);
            list.norm(&name("attention.output.LayerNorm"), hidden, group);
            list.matrix(&name("mlp.gated_layers"), 2 * wide, hidden, group);
            list.dense(&name("mlp.wo"), hidden, wide, group);
            list.norm(&name("mlp.layernorm"), hidden, group);
        }
        let top = self.config.layers as u32 + 1;
        if self.heads.language_model {
            list.dense("cls.predictions.transform.dense", hidden, hidden, top);
            list.norm("cls.predictions.transform.LayerNorm", hidden, top);
            list.add("cls.predictions.decoder.bias", &[self.config.vocab_size], top, Init::Zeros);
        }
        if self.heads.pooler {
            list.dense("bert.pooler.dense", hidden, hidden, top);
        }
        list.finish()
    }

    fn role(&self, tensor: &str) -> Option<Role> {
        let bare = ["embeddings.", "encoder.", "pooler."].iter().any(|part| tensor.starts_with(part));
        let name = if bare { format!("bert.{tensor}") } else { tensor.to_owned() };
        match name.as_str() {
            "cls.predictions.decoder.weight" => {
                Some(Role::Copy("bert.embeddings.word_embeddings.weight".to_owned()))
            }
            "cls.predictions.bias" => Some(Role::Copy("cls.predictions.decoder.bias".to_owned())),
            "bert.embeddings.position_ids" | "bert.embeddings.token_type_ids" => Some(Role::Unused),
            _ => self
                .weights()
                .iter()
                .any(|weight| weight.parameter.name == name)
                .then_some(Role::Weight(name)),
        }
    }

    fn forward(&self) -> dlm_graph::Result<Graph> {
        super::graph::forward(self)
    }
}
