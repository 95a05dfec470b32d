//! Networks besides BERT: a shape, weights from a file or a seed, and one forward graph for everybody.
//!
//! An [`Architecture`] says three things: which weights it has, what each tensor of a published file is to it, and how
//! hidden states follow from ids. A [`Network`] joins it with the numbers. A [`NetworkEncoder`] hands graph and numbers to
//! whoever runs or trains them.

mod encoder;
mod file;
mod fresh;
pub(crate) mod layers;
pub(crate) mod list;
mod open;

use std::fmt;

use dlm_graph::{Graph, Tensor};
use dlm_sdk::{Error, Result};

use crate::{bert::Weight, weights::Checkpoint};

pub use self::{
    encoder::NetworkEncoder,
    file::Role,
    fresh::{Family, Size},
    open::{Builder, open, open_spec, weights_file},
};

/// What an encoder's spec needs to know of an architecture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Facts {
    /// How many ids the embedding table has.
    pub vocab_size: usize,
    /// The width of a hidden state.
    pub hidden: usize,
    /// How many layers lie above the embeddings.
    pub layers: usize,
    /// The longest row, special tokens included; `None`: any.
    pub max_tokens: Option<usize>,
    /// Whether a token sees only what came before it.
    pub causal: bool,
}

/// A shape of a network.
pub trait Architecture: fmt::Debug + Send + Sync {
    /// Returns what an encoder's spec needs to know.
    fn facts(&self) -> Facts;

    /// Lists the weights in a fixed order.
    fn weights(&self) -> Vec<Weight>;

    /// Returns what a tensor of a file is; `None` for one that does not belong here.
    fn role(&self, tensor: &str) -> Option<Role>;

    /// Builds the forward pass, for rows of any number and length.
    ///
    /// Inputs are `input_ids`, `attention_mask` and every weight by name; outputs are `hidden`, `hidden.0` to `hidden.L`
    /// and, where there is a language-model head, `logits`. Dropout stands in it as nodes that do nothing in inference.
    ///
    /// # Errors
    ///
    /// Those of the graph builder, which a checked configuration does not meet.
    fn forward(&self) -> dlm_graph::Result<Graph>;
}

/// Where weights come from.
#[derive(Debug)]
enum Values {
    /// A file, read when they are asked for.
    File(Checkpoint, Vec<String>),
    /// A seed, drawn when they are asked for.
    Random(u64),
}

/// An architecture with its weights.
#[derive(Debug)]
pub struct Network {
    architecture: Box<dyn Architecture>,
    weights: Vec<Weight>,
    values: Values,
}

impl Network {
    /// Takes the weights from a file. They are read when they are asked for.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid), listing every tensor that is missing, left over, there twice or of
    /// another shape; [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) if tensors that are one in the architecture are two
    /// in the file.
    pub fn from_checkpoint(architecture: Box<dyn Architecture>, checkpoint: Checkpoint) -> Result<Self> {
        let weights = architecture.weights();
        let names = file::assign(&checkpoint, &weights, |name| architecture.role(name))?;
        Ok(Self { architecture, weights, values: Values::File(checkpoint, names) })
    }

    /// Draws fresh weights from a seed.
    pub fn random(architecture: Box<dyn Architecture>, seed: u64) -> Self {
        let weights = architecture.weights();
        Self { architecture, weights, values: Values::Random(seed) }
    }

    /// Returns the shape.
    pub fn architecture(&self) -> &dyn Architecture {
        &*self.architecture
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
                checkpoint.read(&names[index], &mut values)?;
                Ok(values)
            }
            Values::Random(seed) => Ok(weight.draw(*seed)),
        }
    }

    /// Builds the forward graph with the weights in it: what other programs take. Dropout is left out.
    ///
    /// # Errors
    ///
    /// Reading fails.
    pub fn whole_graph(&self) -> Result<Graph> {
        let mut graph = self.architecture.forward().map_err(failed)?;
        for (index, weight) in self.weights.iter().enumerate() {
            let tensor = Tensor::f32(weight.parameter.shape.clone(), &self.values(index)?).map_err(failed)?;
            let var = graph.find(&weight.parameter.name).map_err(failed)?;
            graph.set_constant(var, tensor).map_err(failed)?;
        }
        graph.remove_dropout().map_err(failed)?;
        graph.prune().map_err(failed)?;
        Ok(graph)
    }
}

/// The graph of a checked configuration could not be built.
fn failed(error: dlm_graph::Error) -> Error {
    Error::internal("the network's graph cannot be built").with_source(error)
}

/// Fails unless each number can be a factor of a tensor's size.
pub(crate) fn check_sizes(sizes: &[(&str, usize)]) -> Result<()> {
    match sizes.iter().find(|(_, size)| !(1..=1 << 24).contains(size)) {
        Some((key, size)) => {
            Err(Error::invalid(format!("{key} is {size}, and 1 to {} make a model", 1 << 24)))
        }
        None => Ok(()),
    }
}

/// Fails unless a width can be shared by heads, or if there are more layers than any model has.
pub(crate) fn check_heads(hidden: usize, heads: usize, layers: usize) -> Result<()> {
    if layers > 1 << 12 {
        return Err(Error::invalid(format!("{layers} layers are more than any model has")));
    }
    if !hidden.is_multiple_of(heads) {
        return Err(Error::invalid(format!(
            "hidden_size {hidden} cannot be shared by {heads} attention heads"
        )));
    }
    Ok(())
}

/// Fails unless each number is a share from 0 to below 1.
pub(crate) fn check_shares(shares: &[(&str, f32)]) -> Result<()> {
    match shares.iter().find(|(_, share)| !(0.0..1.0).contains(share)) {
        Some((key, share)) => {
            Err(Error::invalid(format!("{key} is {share}, and a share from 0 to below 1 is meant")))
        }
        None => Ok(()),
    }
}
