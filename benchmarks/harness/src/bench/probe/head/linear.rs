//! The logistic head: log-odds that are linear in the features.

use dlm_sdk::{Error, Result, Target, TaskSpec};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use super::{
    logistic::{binary, several},
    scale::Scale,
};

/// A fitted logistic head: a row of weights and an intercept a class or label.
#[derive(Clone, Debug)]
pub(in super::super) struct Logistic {
    scale: Scale,
    columns: Vec<Column>,
    labels: bool,
    penalty: f64,
}

/// How one class or label is scored.
#[derive(Clone, Debug)]
pub(super) enum Column {
    /// It does not occur in train, or occurs always: its probability (of a label), its weight (of a class).
    Fixed(f64),
    /// By weights and an intercept.
    Linear(Array1<f64>, f64),
}

impl Logistic {
    pub(super) fn fit(
        task: &TaskSpec,
        features: &Array2<f32>,
        targets: ArrayView2<'_, f32>,
        penalty: f64,
    ) -> Result<Self> {
        let scale = Scale::of(features)?;
        let table = scale.table(features);
        let labels = matches!(task.target, Target::Multilabel(_));
        let outputs = task.target.outputs();
        let columns = if labels {
            let mut columns = Vec::new();
            for label in 0..outputs {
                let classes: Vec<usize> =
                    targets.column(label).iter().map(|&value| usize::from(value >= 0.5)).collect();
                let positives: usize = classes.iter().sum();
                columns.push(if positives == 0 || positives == classes.len() {
                    Column::Fixed(if positives == 0 { 0.0 } else { 1.0 })
                } else {
                    let (weights, intercept) = binary(&table, &classes, penalty)?;
                    Column::Linear(weights, intercept)
                });
            }
            columns
        } else {
            let classes: Vec<usize> = targets.column(0).iter().map(|&class| class as usize).collect();
            fit_classes(&table, &classes, outputs, penalty)?
        };
        Ok(Self { scale, columns, labels, penalty })
    }

    pub(super) fn penalty(&self) -> f64 {
        self.penalty
    }

    /// Returns the probabilities of an item's classes or labels.
    pub(super) fn probabilities(&self, row: ArrayView1<'_, f32>) -> Vec<f64> {
        let row = self.scale.row(row);
        let value = |column: &Column| match column {
            Column::Fixed(value) => *value,
            Column::Linear(weights, intercept) => weights.dot(&row) + intercept,
        };
        if self.labels {
            let chance = |column: &Column| match column {
                Column::Fixed(value) => *value,
                Column::Linear(..) => 1.0 / (1.0 + (-value(column)).exp()),
            };
            return self.columns.iter().map(chance).collect();
        }
        let logits: Vec<f64> = self.columns.iter().map(value).collect();
        let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = logits.iter().map(|logit| (logit - highest).exp()).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect()
    }

    /// Returns the mean negative log-probability of the targets.
    pub(super) fn loss(&self, features: &Array2<f32>, targets: ArrayView2<'_, f32>) -> f64 {
        let mut loss = 0.0;
        for (row, target) in features.rows().into_iter().zip(targets.rows()) {
            let probabilities = self.probabilities(row);
            if self.labels {
                for (probability, &target) in probabilities.iter().zip(target) {
                    let right = if target >= 0.5 { *probability } else { 1.0 - probability };
                    loss -= right.max(1e-12).ln();
                }
            } else {
                loss -= probabilities.get(target[0] as usize).map_or(1e-12, |p| p.max(1e-12)).ln();
            }
        }
        loss / features.nrows().max(1) as f64
    }
}

fn fit_classes(table: &Array2<f64>, classes: &[usize], outputs: usize, penalty: f64) -> Result<Vec<Column>> {
    let mut seen = classes.to_vec();
    seen.sort_unstable();
    seen.dedup();
    let mut columns = vec![Column::Fixed(f64::NEG_INFINITY); outputs];
    match seen[..] {
        [] => return Err(Error::invalid("the train split has no items")),
        [only] => columns[only] = Column::Fixed(0.0),
        [first, second] => {
            let second_or_not: Vec<usize> =
                classes.iter().map(|&class| usize::from(class == second)).collect();
            let (weights, intercept) = binary(table, &second_or_not, penalty)?;
            columns[first] = Column::Fixed(0.0);
            columns[second] = Column::Linear(weights, intercept);
        }
        _ => {
            for (class, weights, intercept) in several(table, classes, penalty)? {
                columns[class] = Column::Linear(weights, intercept);
            }
        }
    }
    Ok(columns)
}
