//! Training steps as graphs.
//!
//! A model arrives as one graph that computes a loss, with names for the dimensions that differ between batches. For
//! each size of batch that turns up, the names are bound to numbers, dropout is replaced by masks, the derivatives of
//! the loss are added, and the result is compiled for the device. Compiled graphs are kept: those of equal size are one. Of very many
//! sizes the graphs used last are kept, and the others are compiled anew when their size comes again.
//!
//! ```text
//!   graph of the loss --bind--> sizes known --masks--> dropout given --gradients--> loss and derivatives --compile--> step
//! ```
//!
//! Weights and gradients lie in one place that all compiled graphs are tied to, so that nothing is copied: in main memory,
//! or on the device that runs the graphs.

mod cache;
mod compiled;
mod feed;
mod precision;
mod resident;
mod weights;

use dlm_graph::{Graph, Keep};
use dlm_runtime::{Runtime, SessionOptions};
use dlm_sdk::Result;
use ndarray::ArrayD;

use self::{
    cache::Cache,
    compiled::{Compiled, Draw},
};
pub use self::{
    compiled::LOSS,
    feed::{Batch, Feed},
    precision::Precision,
    weights::{ValuesAndGradients, Weights},
};
pub(crate) use self::{compiled::reached, resident::Resident};
use crate::dropout::Masks;

/// Compiled graphs that are held at most: more sizes than batches of one training come in.
const MOST: usize = 64;

type Sizes = Vec<(String, usize)>;

/// A model's graph and weights, ready to be run on batches of any size.
#[derive(Debug)]
pub struct StepGraph {
    runtime: &'static Runtime,
    graph: Graph,
    weights: Weights,
    options: SessionOptions,
    keep: Keep,
    precision: Precision,
    masks: Masks,
    compiled: Cache<(Sizes, Vec<String>), Compiled>,
}

impl StepGraph {
    /// Takes a graph with the output [`LOSS`] and weights for its parameters. The seed is that of dropout.
    pub fn new(
        runtime: &'static Runtime,
        graph: Graph,
        weights: Weights,
        options: SessionOptions,
        seed: u64,
    ) -> Self {
        let (masks, keep, precision) = (Masks::new(seed), Keep::default(), Precision::default());
        Self { runtime, graph, weights, options, keep, precision, masks, compiled: Cache::new(MOST) }
    }

    /// Sets what the forward pass of a training step holds for the backward pass. Gradients do not depend on it.
    #[must_use]
    pub fn keeping(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// Sets the precision of products in a training step; what [`evaluate`](Self::evaluate) computes is whole in any.
    #[must_use]
    pub fn computing(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Sets how many compiled graphs are held at most; at least one is. By default 64.
    #[must_use]
    pub fn holding(mut self, most: usize) -> Self {
        self.compiled = Cache::new(most);
        self
    }

    /// Computes the loss of a batch and the gradients of the trained weights. `step` and `part` choose the masks.
    ///
    /// # Errors
    ///
    /// The batch does not fit the graph, or the graph cannot be differentiated or run.
    pub fn gradients(&mut self, batch: &Batch, step: u64, part: u32) -> Result<f32> {
        let Self { runtime, graph, weights, options, keep, precision, masks, compiled } = self;
        // A training step has no outputs by name.
        let compiled = prepared(compiled, weights, (batch.sizes.clone(), Vec::new()), |weights| {
            let form = compiled::Form { keep: *keep, precision: *precision };
            Compiled::train(runtime, graph, &borrowed(&batch.sizes), weights, options, form)
        })?;
        compiled.run(weights, &batch.feeds, Some(Draw { masks, step, part }))?;
        // One number.
        Ok(compiled.output(weights, LOSS)?.sum())
    }

    /// Computes outputs of the graph for a batch, without dropout.
    ///
    /// # Errors
    ///
    /// The batch does not fit the graph, an output is unknown, or the graph cannot be run.
    pub fn evaluate(&mut self, batch: &Batch, outputs: &[&str]) -> Result<Vec<ArrayD<f32>>> {
        let names: Vec<String> = outputs.iter().map(|&name| name.to_owned()).collect();
        let Self { runtime, graph, weights, options, compiled, .. } = self;
        let compiled = prepared(compiled, weights, (batch.sizes.clone(), names), |weights| {
            Compiled::evaluate(runtime, graph, &borrowed(&batch.sizes), outputs, weights, options)
        })?;
        compiled.run(weights, &batch.feeds, None)?;
        outputs.iter().map(|name| compiled.output(weights, name)).collect()
    }

    /// Returns the graph of the loss, with names for the dimensions that differ between batches.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Returns the weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Returns the weights, to be changed.
    pub fn weights_mut(&mut self) -> &mut Weights {
        &mut self.weights
    }
}

/// Returns the graph of a key, compiled if it is not there; the one that was used least lately makes room for it.
fn prepared<'c>(
    cache: &'c mut Cache<(Sizes, Vec<String>), Compiled>,
    weights: &mut Weights,
    key: (Sizes, Vec<String>),
    compile: impl FnOnce(&mut Weights) -> Result<Compiled>,
) -> Result<&'c mut Compiled> {
    if !cache.holds(&key) {
        for left in cache.make_room() {
            left.leave(weights)?;
        }
        cache.insert(key.clone(), compile(weights)?);
    }
    cache.get(&key)
}

fn borrowed(sizes: &[(String, usize)]) -> Vec<(&str, usize)> {
    sizes.iter().map(|(name, size)| (name.as_str(), *size)).collect()
}

#[cfg(test)]
mod tests;
