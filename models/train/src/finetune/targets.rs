//! What is to be told of each example, and how scores become answers.

use dlm_graph::{DataType, Dim, Graph, Var, loss};
use dlm_sdk::{Error, Result};
use ndarray::{Array1, Array2, ArrayD, Axis};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    graph_error::graph_error,
    step::{Feed, LOSS},
};

/// The name of the targets among the inputs of a graph.
const TARGETS: &str = "targets";
/// The name of the rows' weights in the loss among the inputs of a graph.
const ROW_WEIGHTS: &str = "row_weights";
/// The name of the scores among the outputs of a graph.
pub(super) const SCORES: &str = "scores";

/// What is to be told of each example.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// One class of several.
    Classes {
        /// The class of each example.
        labels: Vec<u32>,
        /// How many classes there are.
        classes: usize,
    },
    /// Several labels, each of which holds or not: `[examples, labels]`, zeros and ones.
    Labels(Array2<f32>),
    /// A number.
    Values(Vec<f32>),
    /// One class of several for each token of each example.
    Tokens {
        /// The class of each token of each example, special tokens left out; a negative one is not counted.
        labels: Vec<Vec<i32>>,
        /// How many classes there are.
        classes: usize,
    },
}

/// How classes are weighed in the loss.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ClassWeights {
    /// All alike.
    #[default]
    None,
    /// By `n / (classes * n_c)` of the training examples.
    Balanced,
    /// As given, one a class.
    Given(Vec<f32>),
}

impl Targets {
    /// Returns how many examples there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes { labels, .. } => labels.len(),
            Self::Labels(labels) => labels.nrows(),
            Self::Values(values) => values.len(),
            Self::Tokens { labels, .. } => labels.len(),
        }
    }

    /// Returns whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many scores answer an example, or a token of it.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Classes { classes, .. } | Self::Tokens { classes, .. } => *classes,
            Self::Labels(labels) => labels.ncols(),
            Self::Values(_) => 1,
        }
    }

    /// Fails unless every target is one.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = match self {
            Self::Classes { classes, .. } | Self::Tokens { classes, .. } if *classes < 2 => {
                return Err(Error::invalid(format!("{classes} classes: there is nothing to tell apart")));
            }
            Self::Classes { labels, classes } => labels
                .iter()
                .position(|&label| label as usize >= *classes)
                .map(|at| (at, labels[at].to_string())),
            Self::Labels(labels) => labels
                .rows()
                .into_iter()
                .position(|row| row.iter().any(|&label| label != 0.0 && label != 1.0))
                .map(|at| (at, labels.row(at).to_string())),
            Self::Values(values) => {
                values.iter().position(|value| !value.is_finite()).map(|at| (at, values[at].to_string()))
            }
            Self::Tokens { labels, classes } => labels.iter().enumerate().find_map(|(at, row)| {
                let wrong = row.iter().find(|label| usize::try_from(**label).is_ok_and(|it| it >= *classes));
                wrong.map(|label| (at, label.to_string()))
            }),
        };
        match wrong {
            Some((at, target)) => Err(Error::invalid(format!("example {at}: {target} is no target"))),
            None => Ok(()),
        }
    }

    /// Adds inputs for targets and weights, and the loss of scores `[batch, outputs]`; of tokens, of whose rows and columns
    /// the names are given, `[batch * tokens, outputs]`.
    pub(super) fn add_loss(&self, g: &mut Graph, scores: Var, tokens: Option<[Dim; 2]>) -> Result<()> {
        let batch = g.shape(scores).map_err(graph_error)?[0].clone();
        if let Some(tokens) = tokens {
            return add_token_loss(g, scores, &tokens).map_err(graph_error);
        }
        let outputs = Dim::Fixed(self.outputs());
        let build = |g: &mut Graph| -> dlm_graph::Result<()> {
            let weights = g.input(ROW_WEIGHTS, DataType::F32, [batch.clone()])?;
            let loss = match self {
                Self::Classes { .. } | Self::Tokens { .. } => {
                    let labels = g.input(TARGETS, DataType::I64, [batch])?;
                    loss::cross_entropy(g, scores, labels, Some(weights), None)?
                }
                Self::Labels(_) => {
                    let labels = g.input(TARGETS, DataType::F32, [batch, outputs])?;
                    loss::binary_cross_entropy(g, scores, labels, Some(weights), None)?
                }
                Self::Values(_) => {
                    let values = g.input(TARGETS, DataType::F32, [batch, outputs])?;
                    loss::mean_squared_error(g, scores, values, Some(weights))?
                }
            };
            g.output(SCORES, scores)?;
            g.output(LOSS, loss.sum)?;
            Ok(())
        };
        build(g).map_err(graph_error)
    }

    /// Returns what each example counts, 1 on average where classes are weighed to balance; where tokens have classes, how
    /// many of them have one.
    pub(super) fn weights(&self, weights: &ClassWeights) -> Result<Vec<f32>> {
        if let Self::Tokens { labels, .. } = self
            && *weights == ClassWeights::None
        {
            return Ok(labels.iter().map(|row| counted(row) as f32).collect());
        }
        let Self::Classes { labels, classes } = self else {
            if *weights == ClassWeights::None {
                return Ok(vec![1.0; self.len()]);
            }
            return Err(Error::unsupported("class weights are for tasks with one class of several"));
        };
        let of_class: Vec<f32> = match weights {
            ClassWeights::None => vec![1.0; *classes],
            ClassWeights::Balanced => {
                let mut counts = vec![0_u64; *classes];
                for &label in labels {
                    counts[label as usize] += 1;
                }
                let n = labels.len() as f32;
                counts.iter().map(|&count| n / (*classes as f32 * count.max(1) as f32)).collect()
            }
            ClassWeights::Given(given) if given.len() == *classes && given.iter().all(|&w| w >= 0.0) => {
                given.clone()
            }
            ClassWeights::Given(given) => {
                return Err(Error::invalid(format!(
                    "{} class weights for {classes} classes, none of which may be negative",
                    given.len()
                )));
            }
        };
        Ok(labels.iter().map(|&label| of_class[label as usize]).collect())
    }

    /// Makes the targets and weights of a batch; rows past the examples are given weight zero. A row of tokens has so many
    /// columns, the first of which are special.
    pub(super) fn feeds(
        &self,
        chosen: &[usize],
        rows: usize,
        weights: &[f32],
        (columns, first): (usize, usize),
    ) -> Vec<(String, Feed)> {
        let outputs = self.outputs();
        let targets: Feed = match self {
            Self::Tokens { labels, .. } => {
                return token_feeds(labels, chosen, weights, [rows, columns, first]);
            }
            Self::Classes { labels, .. } => {
                let mut batch = Array1::<i64>::zeros(rows);
                chosen.iter().zip(&mut batch).for_each(|(&at, label)| *label = i64::from(labels[at]));
                Feed::I64(batch.into_dyn())
            }
            Self::Labels(labels) => {
                let mut batch = Array2::<f32>::zeros((rows, outputs));
                for (&at, mut row) in chosen.iter().zip(batch.rows_mut()) {
                    row.assign(&labels.row(at));
                }
                Feed::F32(batch.into_dyn())
            }
            Self::Values(values) => {
                let mut batch = Array2::<f32>::zeros((rows, 1));
                chosen.iter().zip(&mut batch).for_each(|(&at, value)| *value = values[at]);
                Feed::F32(batch.into_dyn())
            }
        };
        let mut of_rows = Array1::<f32>::zeros(rows);
        weights.iter().zip(&mut of_rows).for_each(|(weight, row)| *row = *weight);
        vec![(TARGETS.into(), targets), (ROW_WEIGHTS.into(), Feed::F32(of_rows.into_dyn()))]
    }

    /// Turns scores `[rows, outputs]` into answers: probabilities, or numbers as they are.
    pub(super) fn answers(&self, scores: &ArrayD<f32>) -> Result<Array2<f32>> {
        let mut answers = scores
            .to_owned()
            .into_dimensionality::<ndarray::Ix2>()
            .map_err(|error| Error::internal("the scores are no table").with_source(error))?;
        match self {
            Self::Classes { .. } | Self::Tokens { .. } => {
                for mut row in answers.axis_iter_mut(Axis(0)) {
                    let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    row.mapv_inplace(|score| (score - highest).exp());
                    let sum = row.sum();
                    row /= sum;
                }
            }
            Self::Labels(_) => answers.mapv_inplace(|score| 1.0 / (1.0 + (-score).exp())),
            Self::Values(_) => {}
        }
        Ok(answers)
    }

    /// Adds all targets to a digest.
    pub(super) fn digest(&self, hasher: &mut Sha256) {
        hasher.update((self.outputs() as u64).to_le_bytes());
        let mut add = |bytes: [u8; 4]| hasher.update(bytes);
        match self {
            Self::Classes { labels, .. } => labels.iter().for_each(|label| add(label.to_le_bytes())),
            Self::Labels(labels) => labels.iter().for_each(|label| add(label.to_le_bytes())),
            Self::Values(values) => values.iter().for_each(|value| add(value.to_le_bytes())),
            Self::Tokens { labels, .. } => {
                for row in labels {
                    add((row.len() as u32).to_le_bytes());
                    for label in row {
                        add(label.to_le_bytes());
                    }
                }
            }
        }
    }

    /// Shifts and scales numbers to mean 0 and deviation 1; returns what was taken away and divided by.
    pub(super) fn standardise(&mut self) -> Scale {
        let Self::Values(values) = self else { return Scale::default() };
        let n = values.len().max(1) as f64;
        let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / n;
        let variance = values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / n;
        let scale =
            Scale { mean: mean as f32, deviation: if variance > 0.0 { variance.sqrt() as f32 } else { 1.0 } };
        scale.apply(self);
        scale
    }
}

/// Returns how many tokens of a row have a class.
fn counted(row: &[i32]) -> usize {
    row.iter().filter(|label| **label >= 0).count()
}

/// Adds the cross-entropy of tokens, `[batch, tokens]` of classes and weights.
fn add_token_loss(g: &mut Graph, scores: Var, tokens: &[Dim; 2]) -> dlm_graph::Result<()> {
    let labels = g.input(TARGETS, DataType::I64, tokens.clone())?;
    let weights = g.input(ROW_WEIGHTS, DataType::F32, tokens.clone())?;
    let labels = g.reshape(labels, &[-1])?;
    let weights = g.reshape(weights, &[-1])?;
    let loss = loss::cross_entropy(g, scores, labels, Some(weights), None)?;
    g.output(SCORES, scores)?;
    g.output(LOSS, loss.sum)?;
    Ok(())
}

/// Makes classes and weights of tokens; the weight of an example is divided among its tokens that have a class.
fn token_feeds(
    labels: &[Vec<i32>],
    chosen: &[usize],
    weights: &[f32],
    [rows, columns, first]: [usize; 3],
) -> Vec<(String, Feed)> {
    let mut classes = Array2::<i64>::from_elem((rows, columns), -100);
    let mut of_tokens = Array2::<f32>::zeros((rows, columns));
    for (row, &at) in chosen.iter().enumerate() {
        let share = weights.get(row).copied().unwrap_or(0.0) / counted(&labels[at]).max(1) as f32;
        for (column, &label) in labels[at].iter().enumerate().filter(|(_, label)| **label >= 0) {
            classes[(row, first + column)] = i64::from(label);
            of_tokens[(row, first + column)] = share;
        }
    }
    vec![
        (TARGETS.into(), Feed::I64(classes.into_dyn())),
        (ROW_WEIGHTS.into(), Feed::F32(of_tokens.into_dyn())),
    ]
}

/// How numbers were shifted and scaled.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Scale {
    mean: f32,
    deviation: f32,
}

impl Default for Scale {
    fn default() -> Self {
        Self { mean: 0.0, deviation: 1.0 }
    }
}

impl Scale {
    pub(super) fn apply(self, targets: &mut Targets) {
        if let Targets::Values(values) = targets {
            for value in values {
                *value = (*value - self.mean) / self.deviation;
            }
        }
    }

    pub(super) fn undo(self, answers: &mut Array2<f32>) {
        answers.mapv_inplace(|answer| answer * self.deviation + self.mean);
    }
}
