//! What is fitted on frozen features.
//!
//! | `--head` | of classes and labels | of values |
//! |---|---|---|
//! | `logistic` | logistic regression with a squared penalty; above 64 classes, in steps | ridge regression |
//! | `forest` | a random forest | random forests |
//!
//! Under the protocol `paper` the penalty is 1 and a forest has 100 trees; under `tuned` they are chosen on validation.

mod forest;
mod linear;
mod logistic;
mod ridge;
mod scale;
mod softmax;

use dlm_sdk::{
    Error, Examples, Fact, Result, Target, TaskSpec,
    metrics::{Answers, Outcome},
};
use ndarray::{Array2, ArrayViewMut2, Axis};

use self::{forest::Forest, linear::Logistic, ridge::Ridge, softmax::Softmax};
use super::{HeadKind, Options};

/// The most classes that a logistic head is fitted to in one piece.
pub const MOST_CLASSES: usize = 64;
/// The penalty under the protocol `paper`, scikit-learn's default.
const PENALTY: f64 = 1.0;
/// The penalties under the protocol `tuned`.
const PENALTIES: [f64; 5] = [0.01, 0.1, 1.0, 10.0, 100.0];
/// The trees under the protocol `paper`, scikit-learn's default.
const TREES: usize = 100;
/// The trees under the protocol `tuned`.
const MANY_TREES: [usize; 3] = [100, 250, 500];

/// Features with the examples they were made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Features<'t, 'e> {
    /// `[items, features]`.
    pub(super) table: &'t Array2<f32>,
    pub(super) examples: Examples<'e>,
}

/// A fitted head.
#[derive(Debug)]
pub(super) enum Head {
    Logistic(Logistic),
    Softmax(Box<Softmax>),
    Ridge(Ridge),
    Forest(Forest),
}

impl Head {
    /// Fits a head on train; with validation, its setting is chosen there.
    pub(super) fn fit(
        options: &Options,
        task: &TaskSpec,
        train: Features<'_, '_>,
        validation: Option<Features<'_, '_>>,
    ) -> Result<Self> {
        let (kind, seed) = (options.head, options.seed);
        let (table, targets) = (train.table, train.examples.targets);
        if kind == HeadKind::Forest {
            let Some(validation) = validation else {
                return Ok(Self::Forest(Forest::fit(task, table, targets, TREES, seed)?));
            };
            let most = MANY_TREES.into_iter().max().unwrap_or(TREES);
            return choose_trees(task, Forest::fit(task, table, targets, most, seed)?, validation);
        }
        if let Target::Multiclass(classes) = task.target
            && classes > MOST_CLASSES
        {
            let (device, cancellation) = (options.device.as_str(), &options.cancellation);
            return Softmax::fit(classes, train, validation, device, cancellation)
                .map(|head| Self::Softmax(Box::new(head)));
        }
        let fit = |penalty: f64| -> Result<Self> {
            Ok(match task.target {
                Target::Regression(_) => Self::Ridge(Ridge::fit(table, targets, penalty)?),
                _ => Self::Logistic(Logistic::fit(task, table, targets, penalty)?),
            })
        };
        let Some(validation) = validation else { return fit(PENALTY) };
        let mut best: Option<(f64, Self)> = None;
        for penalty in PENALTIES {
            let head = fit(penalty)?;
            let loss = match &head {
                Self::Logistic(head) => head.loss(validation.table, validation.examples.targets),
                Self::Ridge(head) => head.loss(validation.table, validation.examples.targets),
                Self::Forest(_) | Self::Softmax(_) => f64::INFINITY,
            };
            if best.as_ref().is_none_or(|(least, _)| loss < *least) {
                best = Some((loss, head));
            }
        }
        best.map(|(_, head)| head).ok_or_else(|| Error::internal("no penalty was tried"))
    }

    /// Writes the scores of items, `[items, outputs]`.
    pub(super) fn scores(
        &mut self,
        features: &Array2<f32>,
        mut scores: ArrayViewMut2<'_, f32>,
    ) -> Result<()> {
        match self {
            Self::Logistic(head) => {
                for (row, mut answer) in features.rows().into_iter().zip(scores.axis_iter_mut(Axis(0))) {
                    let probabilities = head.probabilities(row).into_iter().map(|value| value as f32);
                    answer.iter_mut().zip(probabilities).for_each(|(score, value)| *score = value);
                }
            }
            Self::Ridge(head) => {
                for (row, mut answer) in features.rows().into_iter().zip(scores.axis_iter_mut(Axis(0))) {
                    answer.iter_mut().zip(head.values(row)).for_each(|(score, value)| *score = value as f32);
                }
            }
            Self::Softmax(head) => head.scores(features, scores)?,
            Self::Forest(head) => head.scores(features, scores)?,
        }
        Ok(())
    }

    pub(super) fn facts(&self) -> Vec<Fact> {
        match self {
            Self::Logistic(head) => vec![Fact::new("head", "logistic"), Fact::new("penalty", head.penalty())],
            Self::Softmax(head) => head.facts(),
            Self::Ridge(head) => vec![Fact::new("head", "ridge"), Fact::new("penalty", head.penalty())],
            Self::Forest(head) => vec![Fact::new("head", "forest"), Fact::new("trees", head.trees())],
        }
    }
}

/// Keeps the number of trees with the best primary metric on validation, the smallest of equals.
fn choose_trees(task: &TaskSpec, forest: Forest, validation: Features<'_, '_>) -> Result<Head> {
    let metric = task.primary();
    let mut best: Option<(f64, usize)> = None;
    let mut scores = Array2::zeros((validation.table.nrows(), task.target.outputs()));
    for trees in MANY_TREES {
        forest.clone().truncated(trees).scores(validation.table, scores.view_mut())?;
        let targets = validation.examples.targets;
        let value = match task.target {
            Target::Multilabel(_) => Answers::Labels { targets, scores: scores.view() }.metric(metric, task),
            Target::Regression(_) => Answers::Values { targets, scores: scores.view() }.metric(metric, task),
            _ => {
                let outcomes: Vec<Outcome> = validation
                    .examples
                    .classes()
                    .zip(scores.rows())
                    .map(|(class, row)| Outcome::new(class, row))
                    .collect();
                Answers::Classes { outcomes: &outcomes, scores: Some(scores.view()) }.metric(metric, task)
            }
        };
        let value = value.map_or(f64::NEG_INFINITY, |v| if metric.higher_is_better() { v } else { -v });
        if best.is_none_or(|(highest, _)| value > highest) {
            best = Some((value, trees));
        }
    }
    Ok(Head::Forest(forest.truncated(best.map_or(TREES, |(_, trees)| trees))))
}
