//! A random forest as head, as published zero-shot tables use it.
//!
//! Feng et al. (Nature Communications 2025) compare frozen DNA language models by mean-pooled states under a random
//! forest. The forest is that of the TF-IDF control, whose rules are scikit-learn's defaults; it takes numbers from zero
//! on, so each feature is counted from its least value in train. A tree asks only which of two values is greater, and no
//! threshold lies below train's least value, so that shift changes no answer.

use dlm_plugin_tfidf::{ForestParams, RandomForest, SparseMatrix};
use dlm_sdk::{Result, Target, TaskSpec};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis};

/// A fitted forest head: one forest, or one a label or value.
#[derive(Clone, Debug)]
pub(in super::super) struct Forest {
    least: Array1<f32>,
    forests: Vec<RandomForest>,
    target: Target,
}

impl Forest {
    pub(super) fn fit(
        task: &TaskSpec,
        features: &Array2<f32>,
        targets: ArrayView2<'_, f32>,
        trees: usize,
        seed: u64,
    ) -> Result<Self> {
        let least = features.fold_axis(Axis(0), f32::INFINITY, |&least, &value| least.min(value));
        let records = records(features, &least)?;
        let forest = |output: usize| -> Result<RandomForest> {
            let seed = dlm_sdk::random::Stream::nth(seed, "head", output as u64).next_u64();
            let params = ForestParams::new().trees(trees).seed(seed).check()?;
            let column = targets.column(output);
            let classes =
                |class: fn(f32) -> u32| -> Vec<u32> { column.iter().map(|&value| class(value)).collect() };
            Ok(match task.target {
                Target::Regression(_) => params.fit_numbers(&records, &column.to_vec())?,
                Target::Multilabel(_) => {
                    params.fit_classes(&records, &classes(|value| u32::from(value >= 0.5)), 2)?
                }
                _ => params.fit_classes(&records, &classes(|value| value as u32), task.target.outputs())?,
            })
        };
        let forests = (0..task.target.width()).map(forest).collect::<Result<_>>()?;
        Ok(Self { least, forests, target: task.target })
    }

    /// Returns the head of the first trees.
    pub(super) fn truncated(self, trees: usize) -> Self {
        Self { forests: self.forests.into_iter().map(|forest| forest.truncated(trees)).collect(), ..self }
    }

    pub(super) fn trees(&self) -> usize {
        self.forests.first().map_or(0, RandomForest::n_trees)
    }

    /// Writes the scores of items, `[items, outputs]`.
    pub(super) fn scores(&self, features: &Array2<f32>, mut scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        let records = records(features, &self.least)?;
        if self.target.classes().is_some() {
            let flat = self.forests[0].scores(&records)?;
            scores.iter_mut().zip(flat).for_each(|(score, value)| *score = value);
            return Ok(());
        }
        for (forest, mut column) in self.forests.iter().zip(scores.columns_mut()) {
            let width = forest.n_outputs();
            // A label's probability is that of the second of its two classes; a value stands alone.
            let values = forest.scores(&records)?;
            column
                .iter_mut()
                .zip(values.chunks_exact(width))
                .for_each(|(score, row)| *score = row[width - 1]);
        }
        Ok(())
    }
}

/// Counts features from their least values; what lies below is as the least.
fn records(features: &Array2<f32>, least: &Array1<f32>) -> Result<SparseMatrix> {
    let mut records = SparseMatrix::new(features.ncols());
    for row in features.rows() {
        let above = row.iter().zip(least).map(|(&value, &least)| (value - least).max(0.0));
        records.push_row((0..).zip(above))?;
    }
    Ok(records)
}
