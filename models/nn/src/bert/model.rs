//! A model: a shape and its weights, wherever they come from.

use dlm_graph::{Graph, Tensor};
use dlm_sdk::{Error, Result};

use super::{Config, Heads, LOGITS, Weight, file::Names, forward, weights};
use crate::weights::Checkpoint;

/// A BERT with its weights.
///
/// # Examples
///
/// ```
/// use dlm_nn::bert::{Config, Heads, Model, Wanted};
///
/// let config = Config::from_json(
///     r#"{"vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 2, "num_attention_heads": 2,
///         "intermediate_size": 8, "max_position_embeddings": 12}"#,
/// )?;
/// let model = Model::random(config, Heads::BOTH, 7);
/// let graph = model.graph(Wanted::Layer(1))?;
/// assert!(graph.to_onnx()?.len() > 1000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Model {
    config: Config,
    heads: Heads,
    weights: Vec<Weight>,
    values: Values,
}

/// Where weights come from.
#[derive(Debug)]
enum Values {
    /// A file, read when they are asked for.
    File(Checkpoint, Names),
    /// A seed, drawn when they are asked for.
    Random(u64),
    /// They are here.
    Here(Vec<Vec<f32>>),
}

/// What a graph should give.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Wanted {
    /// The hidden states after a layer, 0 for the embeddings: output `hidden`, `[batch, tokens, width]`.
    Layer(usize),
    /// The scores of the vocabulary: output `logits`, `[batch, tokens, vocabulary]`.
    Logits,
}

impl Model {
    /// Takes the weights of a `BertForMaskedLM` from a file. They are read when they are asked for.
    ///
    /// The pooler may be missing: newer `transformers` leave it out of masked-language models. The decoder may be missing
    /// or hold the same numbers as the embedding table. Nothing else may be missing, left over, or of another shape.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid), listing every tensor that is missing, left over or of another shape;
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) if the decoder is not the embedding table; reading fails.
    pub fn from_checkpoint(config: Config, checkpoint: Checkpoint) -> Result<Self> {
        let (heads, names) = Names::of(&checkpoint, &config)?;
        let weights = weights(&config, heads);
        Ok(Self { config, heads, weights, values: Values::File(checkpoint, names) })
    }

    /// Draws fresh weights from a seed.
    pub fn random(config: Config, heads: Heads, seed: u64) -> Self {
        let weights = weights(&config, heads);
        Self { config, heads, weights, values: Values::Random(seed) }
    }

    /// Takes weights that are here, in the order of [`weights`].
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if their numbers or sizes are not those of the shape.
    pub fn from_values(config: Config, heads: Heads, values: Vec<Vec<f32>>) -> Result<Self> {
        let weights = weights(&config, heads);
        let fits = values.len() == weights.len()
            && weights.iter().zip(&values).all(|(weight, values)| weight.len() == values.len());
        if !fits {
            return Err(Error::invalid("the values are not those of the model's weights"));
        }
        Ok(Self { config, heads, weights, values: Values::Here(values) })
    }

    /// Returns the shape.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns which heads there are.
    pub fn heads(&self) -> Heads {
        self.heads
    }

    /// Returns what the weights are.
    pub fn weights(&self) -> &[Weight] {
        &self.weights
    }

    /// Returns how many numbers the weights hold, tied ones once.
    pub fn parameters(&self) -> u64 {
        self.weights.iter().map(|weight| weight.len() as u64).sum()
    }

    /// Returns a weight's values in row-major order.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if there is no such weight; reading fails.
    pub fn values(&self, index: usize) -> Result<Vec<f32>> {
        let weight = self.weights.get(index).ok_or_else(|| {
            Error::invalid(format!("there are {} weights, and no {index}", self.weights.len()))
        })?;
        match &self.values {
            Values::File(checkpoint, names) => {
                let mut values = vec![0.0; weight.len()];
                checkpoint.read(names.of_weight(index), &mut values)?;
                Ok(values)
            }
            Values::Random(seed) => Ok(weight.draw(*seed)),
            Values::Here(values) => Ok(values[index].clone()),
        }
    }

    /// Builds a graph for inference with the weights in it: rows of any number and length to one output. It holds no more
    /// layers and weights than the output needs.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) for a layer that is not there, or logits of a model without a
    /// language-model head; reading fails.
    pub fn graph(&self, wanted: Wanted) -> Result<Graph> {
        let (layers, language_model) = match wanted {
            Wanted::Layer(layer) if layer > self.config.layers => {
                return Err(Error::unsupported(format!(
                    "the model has {} layers, and none of number {layer}",
                    self.config.layers
                )));
            }
            Wanted::Logits if !self.heads.language_model => {
                return Err(Error::unsupported("the model has no language-model head"));
            }
            Wanted::Layer(layer) => (layer, false),
            Wanted::Logits => (self.config.layers, true),
        };
        let config = Config { layers, ..self.config.clone() };
        let heads = Heads { language_model, pooler: false };
        let mut graph = forward(&config, heads).map_err(failed)?;
        let output = if language_model { LOGITS } else { "hidden" };
        let kept = graph.find(output).map_err(failed)?;
        graph.clear_outputs();
        graph.output(output, kept).map_err(failed)?;
        self.fill(&mut graph, &weights(&config, heads))?;
        graph.prune().map_err(failed)?;
        Ok(graph)
    }

    /// Builds a graph for inference with the weights in it and every output that [`forward`] gives: what other programs
    /// take. Dropout, which does nothing in inference, is left out.
    ///
    /// # Errors
    ///
    /// Reading fails.
    pub fn whole_graph(&self) -> Result<Graph> {
        let mut graph = forward(&self.config, self.heads).map_err(failed)?;
        self.fill(&mut graph, &self.weights)?;
        graph.remove_dropout().map_err(failed)?;
        graph.prune().map_err(failed)?;
        Ok(graph)
    }

    /// Puts the values of weights into a graph.
    fn fill(&self, graph: &mut Graph, weights: &[Weight]) -> Result<()> {
        for weight in weights {
            let name = &weight.parameter.name;
            let index = self.weights.iter().position(|own| own.parameter.name == *name);
            let values = self.values(index.unwrap_or(usize::MAX))?;
            let tensor = Tensor::f32(weight.parameter.shape.clone(), &values).map_err(failed)?;
            let var = graph.find(name).map_err(failed)?;
            graph.set_constant(var, tensor).map_err(failed)?;
        }
        Ok(())
    }
}

fn failed(error: dlm_graph::Error) -> Error {
    Error::internal("the model's graph cannot be built").with_source(error)
}
