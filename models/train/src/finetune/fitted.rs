//! What a fine-tuning gives.

use dlm_sdk::{Error, Fact, Result};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{
    Frame, Targets, Tokens,
    objective::{Dimensions, answer, answer_tokens},
    rows::{Framed, Rows},
    targets::Scale,
};
use crate::{
    step::{StepGraph, Weights},
    trainer::{Ending, Summary, Validation},
};

/// What a fine-tuning did.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Facts {
    /// How many steps were made.
    pub steps: u64,
    /// How many passes over the training examples that were.
    pub epochs: f64,
    /// After how many passes validation was best; `None` where nothing was validated.
    pub best_epoch: Option<f64>,
    /// How many examples were seen, each as often as it was seen.
    pub examples: u64,
    /// How many tokens were seen, each as often as it was seen.
    pub tokens: u64,
    /// Whether it ended because validation had not become better.
    pub early_stopped: bool,
    /// What was measured on validation data.
    pub curve: Vec<Validation>,
    /// How long the steps took.
    pub seconds: f64,
}

impl Facts {
    pub(super) fn new(summary: &Summary, curve: &[Validation], steps_a_pass: u64) -> Self {
        let passes = |steps: u64| steps as f64 / steps_a_pass as f64;
        Self {
            steps: summary.steps,
            epochs: passes(summary.steps),
            best_epoch: summary.best_step.map(passes),
            examples: summary.examples,
            tokens: summary.tokens,
            early_stopped: summary.ending == Ending::EarlyStopped,
            curve: curve.to_vec(),
            seconds: summary.seconds,
        }
    }

    /// Returns them by names and values, for a report. Times are left out, because they never repeat.
    pub fn list(&self) -> Vec<Fact> {
        let mut facts = vec![
            Fact::new("steps", self.steps),
            Fact::new("epochs", format!("{:.2}", self.epochs)),
            Fact::new("examples seen", self.examples),
            Fact::new("tokens seen", self.tokens),
            Fact::new("early stopped", self.early_stopped),
        ];
        if let Some(epoch) = self.best_epoch {
            facts.push(Fact::new("chosen epoch", format!("{epoch:.2}")));
            let curve: Vec<String> = self.curve.iter().map(|point| format!("{:.4}", point.loss)).collect();
            facts.push(Fact::new("validation", curve.join(" ")));
        }
        facts
    }
}

/// A model that answers examples.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) graph: StepGraph,
    pub(super) dimensions: Dimensions,
    /// Rows of a graph.
    pub(super) rows: usize,
    pub(super) like: Targets,
    pub(super) facts: Facts,
}

impl Model {
    pub(super) fn answer<R: Rows>(&mut self, rows: &R, scale: Scale) -> Result<Array2<f32>> {
        let graph = &mut self.graph;
        let mut run = |batch: &_, outputs: &[&str]| graph.evaluate(batch, outputs);
        answer(&mut run, rows, &self.dimensions, self.rows, &self.like, scale)
    }
}

/// A fine-tuned encoder.
#[derive(Debug)]
pub struct Fitted {
    pub(super) model: Model,
    pub(super) frame: Frame,
    pub(super) pooled: bool,
    pub(super) scale: Scale,
}

impl Fitted {
    pub(super) fn new(model: Model, frame: Frame, pooled: bool, scale: Scale) -> Self {
        Self { model, frame, pooled, scale }
    }

    /// Answers examples, `[examples, outputs]`: probabilities of classes or labels, or numbers.
    ///
    /// # Errors
    ///
    /// An example is longer than the model takes, or the graph cannot be run.
    pub fn predict(&mut self, tokens: Tokens) -> Result<Array2<f32>> {
        if matches!(self.model.like, Targets::Tokens { .. }) {
            return Err(Error::unsupported("the model answers tokens, and no examples as a whole"));
        }
        let rows = Framed::new(tokens, self.frame, self.pooled)?;
        self.model.answer(&rows, self.scale)
    }

    /// Answers the tokens of examples: of each example the probabilities of classes, `[tokens, classes]`.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) where the model answers examples as a whole; an example is longer
    /// than the model takes, or the graph cannot be run.
    pub fn predict_tokens(&mut self, tokens: Tokens) -> Result<Vec<Array2<f32>>> {
        let Model { graph, dimensions, rows, like, .. } = &mut self.model;
        if !matches!(like, Targets::Tokens { .. }) {
            return Err(Error::unsupported("the model answers examples as a whole, and no tokens of them"));
        }
        let lengths: Vec<usize> = tokens.rows.iter().map(Vec::len).collect();
        let framed = Framed::new(tokens, self.frame, self.pooled)?;
        let mut run = |batch: &_, outputs: &[&str]| graph.evaluate(batch, outputs);
        answer_tokens(&mut run, &framed, &lengths, dimensions, *rows, like)
    }

    /// Returns what the fine-tuning did.
    pub fn facts(&self) -> &Facts {
        &self.model.facts
    }

    /// Returns the weights, those of the head among them.
    pub fn weights(&self) -> &Weights {
        self.model.graph.weights()
    }
}
