//! The numbers of a HyenaDNA, its weights, and what a file calls them.

use std::f64::consts::TAU;

use dlm_graph::Graph;
use dlm_sdk::{Error, Result};
use serde::Deserialize;

use crate::{
    bert::{Init, Weight},
    network::{Architecture, Facts, Role, list::List},
};

/// The shape of a HyenaDNA.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// How many rows the embedding table has: the vocabulary, rounded up as the configuration says.
    pub rows: usize,
    /// The width of a hidden state.
    pub hidden: usize,
    /// How many layers lie above the embeddings.
    pub layers: usize,
    /// The width of the feed-forward network.
    pub intermediate: usize,
    /// The longest row; places are measured against it.
    pub max_tokens: usize,
    /// Numbers that describe a place to the filter's network: the place, and cosines and sines.
    pub place_width: usize,
    /// The width of the filter's network.
    pub filter_width: usize,
    /// How many layers the filter's network has between its first and last.
    pub inner: usize,
    /// The length of the short convolution.
    pub short: usize,
    /// The frequency of fresh sines.
    pub frequency: f32,
    /// The share of embeddings dropped in training.
    pub embedding_dropout: f32,
    /// Added to variances under the root.
    pub layer_norm_eps: f32,
    /// The standard deviation of fresh weights.
    pub initializer_range: f32,
}

/// `config.json`, in either of its forms: the original one keeps a layer's numbers apart.
#[derive(Debug, Deserialize)]
struct File {
    d_model: usize,
    n_layer: usize,
    vocab_size: usize,
    #[serde(default)]
    d_inner: Option<usize>,
    #[serde(default = "eight")]
    pad_vocab_size_multiple: usize,
    #[serde(default = "tenth")]
    embed_dropout: f32,
    #[serde(default = "epsilon")]
    layer_norm_epsilon: f32,
    #[serde(default = "range")]
    initializer_range: f32,
    #[serde(default)]
    layer: Option<Layer>,
    #[serde(default, alias = "max_seqlen")]
    max_seq_len: Option<usize>,
    #[serde(flatten)]
    filter: Operator,
}

#[derive(Debug, Deserialize)]
struct Layer {
    l_max: usize,
    #[serde(flatten)]
    filter: Operator,
}

#[derive(Debug, Deserialize)]
struct Operator {
    #[serde(default)]
    emb_dim: Option<usize>,
    #[serde(default)]
    filter_order: Option<usize>,
    #[serde(default)]
    short_filter_order: Option<usize>,
    #[serde(default)]
    num_inner_mlps: Option<usize>,
    #[serde(default, alias = "order")]
    hyena_order: Option<usize>,
    #[serde(default, alias = "w")]
    activation_freq: Option<f32>,
}

fn eight() -> usize {
    8
}

fn tenth() -> f32 {
    0.1
}

fn epsilon() -> f32 {
    1e-5
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
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) for a recurrence of another order than two.
    pub fn from_json(text: &str) -> Result<Self> {
        let file: File = serde_json::from_str(text)
            .map_err(|error| Error::invalid("is no config.json of a HyenaDNA").with_source(error))?;
        let (filter, max_tokens) = match (file.layer, file.max_seq_len) {
            (Some(layer), _) => (layer.filter, layer.l_max),
            (None, Some(length)) => (file.filter, length),
            (None, None) => return Err(Error::invalid("has neither max_seq_len nor layer.l_max")),
        };
        let order = filter.hyena_order.unwrap_or(2);
        if order != 2 {
            return Err(Error::unsupported(format!("hyena_order {order} is not built here, only 2")));
        }
        let multiple = file.pad_vocab_size_multiple.max(1);
        let config = Self {
            rows: file.vocab_size.div_ceil(multiple) * multiple,
            hidden: file.d_model,
            layers: file.n_layer,
            intermediate: file.d_inner.unwrap_or(4 * file.d_model),
            max_tokens,
            place_width: filter.emb_dim.unwrap_or(3),
            filter_width: filter.filter_order.unwrap_or(64),
            inner: filter.num_inner_mlps.unwrap_or(2),
            short: filter.short_filter_order.unwrap_or(3),
            frequency: filter.activation_freq.unwrap_or(1.0),
            embedding_dropout: file.embed_dropout,
            layer_norm_eps: file.layer_norm_epsilon,
            initializer_range: file.initializer_range,
        };
        crate::network::check_sizes(&[
            ("vocab_size", config.rows),
            ("d_model", config.hidden),
            ("d_inner", config.intermediate),
            ("filter_order", config.filter_width),
            ("short_filter_order", config.short),
        ])?;
        crate::network::check_heads(config.hidden, 1, config.layers)?;
        crate::network::check_shares(&[("embed_dropout", config.embedding_dropout)])?;
        if config.place_width < 3 || config.place_width.is_multiple_of(2) || config.place_width > 1 << 10 {
            return Err(Error::invalid(format!(
                "emb_dim is {}, and an odd number of at least 3 is meant",
                config.place_width
            )));
        }
        if !(2..=1 << 27).contains(&config.max_tokens) || config.inner > 64 {
            return Err(Error::invalid("max_seq_len or num_inner_mlps is not that of a model"));
        }
        Ok(config)
    }

    /// Returns the frequencies of the cosines and sines that describe a place: from 1e-4 in even steps to their number
    /// less one.
    pub(super) fn bands(&self) -> Vec<f64> {
        let count = (self.place_width - 1) / 2;
        let last = count as f64 - 1.0;
        let step = if count > 1 { (last - 1e-4) / last } else { 0.0 };
        (0..count).map(|band| 1e-4 + step * band as f64).collect()
    }

    /// Returns how fast the window falls off in each channel: to a hundredth within 1.5 of the longest row in the first
    /// channel, within 0.3 of it in the last.
    pub(super) fn decays(&self) -> Vec<f64> {
        let (slow, fast) = (0.01f64.ln() / 1.5, 0.01f64.ln() / 0.3);
        let steps = (self.hidden.max(2) - 1) as f64;
        (0..self.hidden).map(|channel| -(slow + (fast - slow) * channel as f64 / steps)).collect()
    }

    /// Returns a table that files hold and the graph computes.
    fn constant(&self, name: &str) -> Option<Role> {
        let length = self.max_tokens;
        let share = |place: usize| place as f64 / (length - 1) as f64;
        match name {
            "pos_emb.t" => Some(Role::Constant(
                vec![1, length, 1],
                (0..length).map(|place| share(place) as f32).collect(),
            )),
            "pos_emb.z" => {
                let bands = self.bands();
                let mut values = Vec::with_capacity(length * self.place_width);
                for place in 0..length {
                    let angle = TAU * place as f64 / length as f64;
                    values.push(share(place) as f32);
                    values.extend(bands.iter().map(|band| (band * angle).cos() as f32));
                    values.extend(bands.iter().map(|band| -(band * angle).sin() as f32));
                }
                Some(Role::Constant(vec![1, length, self.place_width], values))
            }
            "modulation.deltas" => {
                let values = self.decays().into_iter().map(|decay| -decay as f32).collect();
                Some(Role::Constant(vec![1, 1, self.hidden], values))
            }
            _ => None,
        }
    }
}

/// A HyenaDNA without its weights.
#[derive(Clone, Debug, PartialEq)]
pub struct HyenaDna {
    pub(super) config: Config,
}

impl HyenaDna {
    /// Makes the architecture of a configuration. The head of causal language modelling is the embedding table, so it is
    /// always there.
    ///
    /// # Errors
    ///
    /// As [`Config::from_json`].
    pub fn build(config: &str, _tensors: Option<&[&str]>) -> Result<Box<dyn Architecture>> {
        Ok(Box::new(Self { config: Config::from_json(config)? }))
    }

    /// Returns the shape.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

/// The name of the embedding table.
pub(super) const WORDS: &str = "hyena.backbone.embeddings.word_embeddings.weight";

impl Architecture for HyenaDna {
    fn facts(&self) -> Facts {
        Facts {
            vocab_size: self.config.rows,
            hidden: self.config.hidden,
            layers: self.config.layers,
            max_tokens: Some(self.config.max_tokens),
            causal: true,
        }
    }

    fn weights(&self) -> Vec<Weight> {
        let config = &self.config;
        let (hidden, wide) = (config.hidden, config.filter_width);
        let mut list = List::new(config.initializer_range);
        list.embedding("hyena.backbone.embeddings.word_embeddings", config.rows, hidden, None);
        for layer in 0..config.layers {
            let name = |part: &str| format!("hyena.backbone.layers.{layer}.{part}");
            let filter = |part: &str| format!("hyena.backbone.layers.{layer}.mixer.filter_fn.{part}");
            let group = layer as u32 + 1;
            let short = (config.short as f32).recip();
            list.norm(&name("norm1"), hidden, group);
            list.dense(&name("mixer.in_proj"), 3 * hidden, hidden, group);
            list.add(
                name("mixer.short_filter.weight"),
                &[3 * hidden, 1, config.short],
                group,
                Init::Normal(short),
            );
            list.add(name("mixer.short_filter.bias"), &[3 * hidden], group, Init::Zeros);
            list.add(filter("bias"), &[hidden], group, Init::Normal(1.0));
            list.dense(&filter("implicit_filter.0"), wide, config.place_width, group);
            // One list of frequencies serves every sine.
            list.add(filter("implicit_filter.1.freq"), &[1, wide], group, Init::Fill(config.frequency));
            for inner in 1..=config.inner {
                list.dense(&filter(&format!("implicit_filter.{}", 2 * inner)), wide, wide, group);
            }
            list.matrix(&filter(&format!("implicit_filter.{}", 2 * config.inner + 2)), hidden, wide, group);
            list.dense(&name("mixer.out_proj"), hidden, hidden, group);
            list.norm(&name("norm2"), hidden, group);
            list.dense(&name("mlp.fc1"), config.intermediate, hidden, group);
            list.dense(&name("mlp.fc2"), hidden, config.intermediate, group);
        }
        list.norm("hyena.backbone.ln_f", hidden, config.layers as u32 + 1);
        list.finish()
    }

    fn role(&self, tensor: &str) -> Option<Role> {
        if tensor.ends_with("lm_head.weight") {
            return Some(Role::Copy(WORDS.to_owned()));
        }
        let (_, rest) = tensor.split_once("backbone.")?;
        // Checkpoints of the original training wrap a mixer once more.
        let rest = rest.replace(".mixer.layer.", ".mixer.");
        let name = format!("hyena.backbone.{rest}");
        if let Some((_, part)) = rest.split_once(".filter_fn.") {
            if let Some(constant) = self.config.constant(part) {
                return Some(constant);
            }
            let index = part.strip_prefix("implicit_filter.").and_then(|part| part.strip_suffix(".freq"));
            let index: Option<usize> = index.and_then(|index| index.parse().ok());
            if index.is_some_and(|index| index > 1 && index % 2 == 1 && index <= 2 * self.config.inner + 1) {
                let (stem, _) = name.split_once("implicit_filter.")?;
                return Some(Role::Copy(format!("{stem}implicit_filter.1.freq")));
            }
        }
        self.weights().iter().any(|weight| weight.parameter.name == name).then_some(Role::Weight(name))
    }

    fn forward(&self) -> dlm_graph::Result<Graph> {
        super::graph::forward(self)
    }
}
