//! The numbers of an ESM, its weights, and what a file calls them.

use dlm_graph::Graph;
use dlm_sdk::{Error, Result, TokenId};
use serde::Deserialize;

use crate::{
    bert::{Init, Weight},
    network::{Architecture, Facts, Role, list::List},
};

/// How a token's place enters.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Positions {
    /// A learned row a position, added to the embedding.
    Absolute,
    /// Queries and keys are turned.
    Rotary,
}

/// The shape of an ESM, as `config.json` has it.
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
    /// The width of the feed-forward network, of each half where it is gated.
    #[serde(rename = "intermediate_size")]
    pub intermediate: usize,
    /// How many rows a table of positions has.
    #[serde(rename = "max_position_embeddings")]
    pub max_positions: usize,
    /// How a token's place enters.
    #[serde(rename = "position_embedding_type")]
    pub positions: Positions,
    /// The id that fills rows.
    #[serde(rename = "pad_token_id")]
    pub pad: TokenId,
    /// The id that blanks a token.
    #[serde(rename = "mask_token_id")]
    pub mask: TokenId,
    /// Whether embeddings are scaled by the share of blanked tokens.
    #[serde(default)]
    pub token_dropout: bool,
    /// Whether there is a norm before the first layer.
    #[serde(default, rename = "emb_layer_norm_before")]
    pub norm_before: Option<bool>,
    /// Stated by the second version of the Nucleotide Transformer alone, whose feed-forward networks are gated: whether
    /// they have biases.
    #[serde(default, rename = "add_bias_fnn")]
    pub gated_bias: Option<bool>,
    /// Whether the decoder is the embedding table.
    #[serde(default = "yes", rename = "tie_word_embeddings")]
    pub tied: bool,
    /// Added to variances under the root.
    #[serde(default = "epsilon")]
    pub layer_norm_eps: f32,
    /// The share of hidden values dropped in training.
    #[serde(default, rename = "hidden_dropout_prob")]
    pub hidden_dropout: f32,
    /// The share of attention weights dropped in training.
    #[serde(default, rename = "attention_probs_dropout_prob")]
    pub attention_dropout: f32,
    /// The standard deviation of fresh weights.
    #[serde(default = "range")]
    pub initializer_range: f32,
    model_type: String,
}

fn yes() -> bool {
    true
}

fn epsilon() -> f32 {
    1e-12
}

fn range() -> f32 {
    0.02
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
            .map_err(|error| Error::invalid("is no config.json of an ESM").with_source(error))?;
        if config.model_type != "esm" {
            return Err(Error::unsupported(format!("model_type {:?} is not \"esm\"", config.model_type)));
        }
        crate::network::check_sizes(&[
            ("vocab_size", config.vocab_size),
            ("hidden_size", config.hidden),
            ("num_attention_heads", config.heads),
            ("intermediate_size", config.intermediate),
            ("max_position_embeddings", config.max_positions),
        ])?;
        crate::network::check_heads(config.hidden, config.heads, config.layers)?;
        crate::network::check_shares(&[
            ("hidden_dropout_prob", config.hidden_dropout),
            ("attention_probs_dropout_prob", config.attention_dropout),
        ])?;
        if config.positions == Positions::Rotary && !(config.hidden / config.heads).is_multiple_of(2) {
            return Err(Error::invalid("rotary positions need heads of an even width"));
        }
        for (key, id) in [("pad_token_id", config.pad), ("mask_token_id", config.mask)] {
            if id as usize >= config.vocab_size {
                return Err(Error::invalid(format!("{key} {id} lies past the {} ids", config.vocab_size)));
            }
        }
        if config.max_positions <= config.pad as usize + 1 {
            return Err(Error::invalid(format!(
                "max_position_embeddings {} leaves no position after pad_token_id {}",
                config.max_positions, config.pad
            )));
        }
        Ok(config)
    }
}

/// An ESM without its weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Esm {
    pub(super) config: Config,
    pub(super) language_model: bool,
}

impl Esm {
    /// Makes the architecture of a configuration; a file's tensors tell whether there is a language-model head. Without a
    /// file there is one.
    ///
    /// # Errors
    ///
    /// As [`Config::from_json`].
    pub fn build(config: &str, tensors: Option<&[&str]>) -> Result<Box<dyn Architecture>> {
        let config = Config::from_json(config)?;
        let language_model =
            tensors.is_none_or(|names| names.iter().any(|name| name.starts_with("lm_head.")));
        Ok(Box::new(Self { config, language_model }))
    }

    /// Returns the shape.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

impl Architecture for Esm {
    fn facts(&self) -> Facts {
        Facts {
            vocab_size: self.config.vocab_size,
            hidden: self.config.hidden,
            layers: self.config.layers,
            // Positions are counted from after the padding's.
            max_tokens: Some(self.config.max_positions - self.config.pad as usize - 1),
            causal: false,
        }
    }

    fn weights(&self) -> Vec<Weight> {
        let config = &self.config;
        let (hidden, wide, pad) = (config.hidden, config.intermediate, Some(config.pad as usize));
        let mut list = List::new(config.initializer_range);
        list.embedding("esm.embeddings.word_embeddings", config.vocab_size, hidden, pad);
        if config.positions == Positions::Absolute {
            list.embedding("esm.embeddings.position_embeddings", config.max_positions, hidden, pad);
        }
        if config.norm_before == Some(true) {
            list.norm("esm.embeddings.layer_norm", hidden, 0);
        }
        for layer in 0..config.layers {
            let name = |part: &str| format!("esm.encoder.layer.{layer}.{part}");
            let group = layer as u32 + 1;
            list.norm(&name("attention.LayerNorm"), hidden, group);
            for part in ["query", "key", "value"] {
                list.dense(&name(&format!("attention.self.{part}")), hidden, hidden, group);
            }
            list.dense(&name("attention.output.dense"), hidden, hidden, group);
            list.norm(&name("LayerNorm"), hidden, group);
            let inner = if config.gated_bias.is_some() { 2 * wide } else { wide };
            if config.gated_bias == Some(false) {
                list.matrix(&name("intermediate.dense"), inner, hidden, group);
                list.matrix(&name("output.dense"), hidden, wide, group);
            } else {
                list.dense(&name("intermediate.dense"), inner, hidden, group);
                list.dense(&name("output.dense"), hidden, wide, group);
            }
        }
        let top = config.layers as u32 + 1;
        list.norm("esm.encoder.emb_layer_norm_after", hidden, top);
        if self.language_model {
            list.dense("lm_head.dense", hidden, hidden, top);
            list.norm("lm_head.layer_norm", hidden, top);
            if !config.tied {
                list.matrix("lm_head.decoder", config.vocab_size, hidden, top);
            }
            list.add("lm_head.bias", &[config.vocab_size], top, Init::Zeros);
        }
        list.finish()
    }

    fn role(&self, tensor: &str) -> Option<Role> {
        let bare = ["embeddings.", "encoder."].iter().any(|part| tensor.starts_with(part));
        let name = if bare { format!("esm.{tensor}") } else { tensor.to_owned() };
        let is_weight = self.weights().iter().any(|weight| weight.parameter.name == name);
        match name.as_str() {
            _ if is_weight => Some(Role::Weight(name)),
            "lm_head.decoder.weight" => Some(Role::Copy("esm.embeddings.word_embeddings.weight".to_owned())),
            "lm_head.decoder.bias" => Some(Role::Copy("lm_head.bias".to_owned())),
            // Saved beside rotary positions, and never looked at; the other one guesses contacts of proteins.
            "esm.embeddings.position_embeddings.weight"
            | "esm.embeddings.position_ids"
            | "esm.contact_head.regression.weight"
            | "esm.contact_head.regression.bias" => Some(Role::Unused),
            name if name.ends_with(".rotary_embeddings.inv_freq") => Some(Role::Unused),
            _ => None,
        }
    }

    fn forward(&self) -> dlm_graph::Result<Graph> {
        super::graph::forward(self)
    }
}
