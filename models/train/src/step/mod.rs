//! Training steps as graphs.
//!
//! A model arrives as one graph that computes a loss, with names for the dimensions that differ between batches. For
//! each size of batch that turns up, the names are bound to numbers, dropout is replaced by masks, the derivatives of
//! the loss are added, and the result is compiled for the device. Compiled graphs are kept: those of equal size are one.
//!
//! ```text
//!   graph of the loss --bind--> sizes known --masks--> dropout given --gradients--> loss and derivatives --compile--> step
//! ```
//!
//! Weights and gradients lie in one place that all compiled graphs are tied to, so that nothing is copied.

mod compiled;
mod feed;
mod weights;

use std::collections::{BTreeMap, btree_map::Entry};

use dlm_graph::{Graph, Keep};
use dlm_runtime::{Runtime, SessionOptions};
use dlm_sdk::Result;
use ndarray::ArrayD;

pub(crate) use self::compiled::reached;
use self::compiled::{Compiled, Draw};
pub use self::{
    compiled::LOSS,
    feed::{Batch, Feed},
    weights::{ValuesAndGradients, Weights},
};
use crate::dropout::Masks;

type Sizes = Vec<(String, usize)>;

/// A model's graph and weights, ready to be run on batches of any size.
#[derive(Debug)]
pub struct StepGraph {
    runtime: &'static Runtime,
    graph: Graph,
    weights: Weights,
    options: SessionOptions,
    keep: Keep,
    masks: Masks,
    training: BTreeMap<Sizes, Compiled>,
    evaluation: BTreeMap<(Sizes, Vec<String>), Compiled>,
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
        let (training, evaluation) = (BTreeMap::new(), BTreeMap::new());
        let (masks, keep) = (Masks::new(seed), Keep::default());
        Self { runtime, graph, weights, options, keep, masks, training, evaluation }
    }

    /// Sets what the forward pass of a training step holds for the backward pass. Gradients do not depend on it.
    #[must_use]
    pub fn keeping(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// Computes the loss of a batch and the gradients of the trained weights. `step` and `part` choose the masks.
    ///
    /// # Errors
    ///
    /// The batch does not fit the graph, or the graph cannot be differentiated or run.
    pub fn gradients(&mut self, batch: &Batch, step: u64, part: u32) -> Result<f32> {
        let compiled = match self.training.entry(batch.sizes.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Compiled::train(
                self.runtime,
                &self.graph,
                &borrowed(&batch.sizes),
                &mut self.weights,
                &self.options,
                self.keep,
            )?),
        };
        compiled.run(&mut self.weights, &batch.feeds, Some(Draw { masks: &self.masks, step, part }))?;
        // One number.
        Ok(compiled.output(&self.weights, LOSS)?.sum())
    }

    /// Computes outputs of the graph for a batch, without dropout.
    ///
    /// # Errors
    ///
    /// The batch does not fit the graph, an output is unknown, or the graph cannot be run.
    pub fn evaluate(&mut self, batch: &Batch, outputs: &[&str]) -> Result<Vec<ArrayD<f32>>> {
        let key = (batch.sizes.clone(), outputs.iter().map(|&name| name.to_owned()).collect());
        let compiled = match self.evaluation.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Compiled::evaluate(
                self.runtime,
                &self.graph,
                &borrowed(&batch.sizes),
                outputs,
                &mut self.weights,
                &self.options,
            )?),
        };
        compiled.run(&mut self.weights, &batch.feeds, None)?;
        outputs.iter().map(|name| compiled.output(&self.weights, name)).collect()
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

fn borrowed(sizes: &[(String, usize)]) -> Vec<(&str, usize)> {
    sizes.iter().map(|(name, size)| (name.as_str(), *size)).collect()
}
