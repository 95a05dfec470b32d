//! What is trained, and on what.

use dlm_graph::Graph;
use dlm_sdk::Result;
use ndarray::ArrayD;

use crate::step::Batch;

/// A model with a loss, and batches to make it small on.
pub trait Objective {
    /// Returns the graph: inputs of batches, parameters, and the output `loss`, one number. Dimensions may be names.
    fn graph(&self) -> &Graph;

    /// Returns the batches of a step, counted from zero. Their losses and gradients are added up.
    ///
    /// It must be a function of the step alone, so that a training can go on from any step.
    ///
    /// # Errors
    ///
    /// The data cannot be read.
    fn batches(&mut self, step: u64) -> Result<Vec<Batch>>;

    /// Says by names and values what it is of: data, settings, seed. A checkpoint of another is refused.
    fn identity(&self) -> Vec<(String, String)>;

    /// Measures the model on validation data, if there is any. `run` computes outputs of the graph without dropout.
    ///
    /// # Errors
    ///
    /// The data cannot be read, or the graph not be run.
    fn validate(&mut self, run: &mut Run<'_>) -> Result<Option<Validated>> {
        let _ = run;
        Ok(None)
    }
}

/// Computes outputs of the graph for a batch.
pub type Run<'r> = dyn FnMut(&Batch, &[&str]) -> Result<Vec<ArrayD<f32>>> + 'r;

/// What was measured on validation data.
#[derive(Clone, Debug, PartialEq)]
pub struct Validated {
    /// What chooses the best weights: the smaller, the better.
    pub loss: f64,
    /// Other numbers, by their names.
    pub metrics: Vec<(String, f64)>,
}
