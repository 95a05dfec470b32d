//! Fine-tuning as an objective: examples, targets, batches, validation.

use std::fmt;

use dlm_graph::Graph;
use dlm_sdk::{Error, Result};
use ndarray::{Array2, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    order::Order,
    rows::Rows,
    targets::{SCORES, Scale, Targets},
};
use crate::{
    step::{Batch, LOSS},
    trainer::{Objective, Run, Validated},
};

/// Judges answers on validation data, given in the order of its examples: the smaller, the better.
pub type Criterion<'c> = dyn Fn(ArrayView2<'_, f32>) -> f64 + 'c;

/// Names of the dimensions that differ between batches.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Dimensions {
    pub(super) rows: String,
    pub(super) columns: Option<String>,
}

impl Dimensions {
    fn sizes(&self, rows: usize, columns: usize) -> Vec<(String, usize)> {
        let columns = self.columns.iter().map(|name| (name.clone(), columns));
        [(self.rows.clone(), rows)].into_iter().chain(columns).collect()
    }
}

/// Some examples with their targets.
#[derive(Clone, Debug)]
pub(super) struct Part<R> {
    pub(super) rows: R,
    pub(super) targets: Targets,
    /// What each example counts in the loss.
    pub(super) weights: Vec<f32>,
}

/// Fine-tuning as an objective.
pub(super) struct Fine<'c, R> {
    pub(super) graph: Graph,
    pub(super) dimensions: Dimensions,
    pub(super) train: Part<R>,
    pub(super) validation: Option<Part<R>>,
    pub(super) order: Order,
    /// Rows of a graph; a step's batch is cut into as many parts as it takes.
    pub(super) rows: usize,
    pub(super) scale: Scale,
    pub(super) criterion: Option<&'c Criterion<'c>>,
    pub(super) settings: Vec<(String, String)>,
}

impl<R: Rows> Fine<'_, R> {
    fn batch(&self, part: &Part<R>, chosen: &[usize], total: f32) -> Batch {
        let longest = chosen.iter().map(|&at| part.rows.length(at)).max().unwrap_or(0);
        let columns = part.rows.columns(longest);
        let weights: Vec<f32> = chosen.iter().map(|&at| part.weights[at] / total).collect();
        let mut feeds = part.rows.feeds(chosen, self.rows, columns);
        feeds.extend(part.targets.feeds(chosen, self.rows, &weights, (columns, part.rows.first())));
        Batch {
            sizes: self.dimensions.sizes(self.rows, columns),
            feeds,
            tokens: chosen.iter().map(|&at| part.rows.length(at) as u64).sum(),
            examples: chosen.len() as u64,
        }
    }
}

impl<R: Rows> Objective for Fine<'_, R> {
    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn batches(&mut self, step: u64) -> Result<Vec<Batch>> {
        let rows = &self.train.rows;
        let chosen = self.order.batch(step, |at| rows.length(at));
        let total: f32 = chosen.iter().map(|&at| self.train.weights[at]).sum();
        // A batch of classes that count nothing has no loss; it must not divide by zero.
        let total = if total > 0.0 { total } else { 1.0 };
        Ok(chosen.chunks(self.rows).map(|part| self.batch(&self.train, part, total)).collect())
    }

    fn identity(&self) -> Vec<(String, String)> {
        let mut hasher = Sha256::new();
        for part in [Some(&self.train), self.validation.as_ref()].into_iter().flatten() {
            part.rows.digest(&mut hasher);
            part.targets.digest(&mut hasher);
        }
        let digest = dlm_sdk::hexadecimal(&hasher.finalize());
        let mut identity = self.settings.clone();
        identity.push(("examples".into(), digest));
        identity
    }

    fn validate(&mut self, run: &mut Run<'_>) -> Result<Option<Validated>> {
        let Some(part) = &self.validation else { return Ok(None) };
        let total = part.weights.iter().sum::<f32>();
        let of_tokens = matches!(part.targets, Targets::Tokens { .. });
        let mut loss = 0.0;
        let mut answers = Array2::zeros((part.rows.len(), part.targets.outputs()));
        for chosen in by_length(&part.rows, self.rows) {
            let batch = self.batch(part, &chosen, total);
            let outputs = run(&batch, &[SCORES, LOSS])?;
            loss += f64::from(outputs[1].sum());
            if !of_tokens {
                place(&mut answers, &chosen, &part.targets.answers(&outputs[0])?);
            }
        }
        self.scale.undo(&mut answers);
        Ok(Some(match self.criterion {
            None => Validated { loss, metrics: Vec::new() },
            Some(criterion) => {
                let chooses = criterion(answers.view());
                Validated { loss: chooses, metrics: vec![("validation_mean_loss".to_owned(), loss)] }
            }
        }))
    }
}

/// Answers examples, in their order.
pub(super) fn answer<R: Rows>(
    run: &mut Run<'_>,
    rows: &R,
    dimensions: &Dimensions,
    of_graph: usize,
    like: &Targets,
    scale: Scale,
) -> Result<Array2<f32>> {
    let mut answers = Array2::zeros((rows.len(), like.outputs()));
    for chosen in by_length(rows, of_graph) {
        let longest = chosen.iter().map(|&at| rows.length(at)).max().unwrap_or(0);
        let columns = rows.columns(longest);
        let batch = Batch {
            sizes: dimensions.sizes(of_graph, columns),
            feeds: rows.feeds(&chosen, of_graph, columns),
            tokens: 0,
            examples: chosen.len() as u64,
        };
        let outputs = run(&batch, &[SCORES])?;
        let scores = outputs.first().ok_or_else(|| Error::internal("the graph gave no scores"))?;
        place(&mut answers, &chosen, &like.answers(scores)?);
    }
    scale.undo(&mut answers);
    Ok(answers)
}

/// Answers the tokens of examples, in their order: `[tokens, outputs]` of each.
pub(super) fn answer_tokens<R: Rows>(
    run: &mut Run<'_>,
    rows: &R,
    lengths: &[usize],
    dimensions: &Dimensions,
    of_graph: usize,
    like: &Targets,
) -> Result<Vec<Array2<f32>>> {
    let mut answers = vec![Array2::zeros((0, like.outputs())); rows.len()];
    for chosen in by_length(rows, of_graph) {
        let longest = chosen.iter().map(|&at| rows.length(at)).max().unwrap_or(0);
        let columns = rows.columns(longest);
        let batch = Batch {
            sizes: dimensions.sizes(of_graph, columns),
            feeds: rows.feeds(&chosen, of_graph, columns),
            tokens: 0,
            examples: chosen.len() as u64,
        };
        let outputs = run(&batch, &[SCORES])?;
        let scores = outputs.first().ok_or_else(|| Error::internal("the graph gave no scores"))?;
        let scores = like.answers(scores)?;
        for (row, &at) in chosen.iter().enumerate() {
            let first = row * columns + rows.first();
            answers[at] = scores.slice(s![first..first + lengths[at], ..]).to_owned();
        }
    }
    Ok(answers)
}

/// Cuts examples into batches of similar length.
fn by_length<R: Rows>(rows: &R, size: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<usize> = (0..rows.len()).collect();
    all.sort_by_key(|&at| rows.length(at));
    all.chunks(size).map(<[usize]>::to_vec).collect()
}

fn place(answers: &mut Array2<f32>, chosen: &[usize], batch: &Array2<f32>) {
    for (&at, row) in chosen.iter().zip(batch.axis_iter(Axis(0))) {
        answers.row_mut(at).assign(&row);
    }
}

impl<R> fmt::Debug for Fine<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fine").field("graph", &self.graph).field("rows", &self.rows).finish_non_exhaustive()
    }
}
