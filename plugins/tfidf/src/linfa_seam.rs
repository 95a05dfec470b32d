//! The forest as an algorithm of `linfa`.
//!
//! `linfa` 0.8 stands on ndarray 0.16, the rest of this program on 0.17. This file is the only place where the two could
//! meet, and they do not: records are [`SparseMatrix`], targets are vectors, and no array crosses over.
//!
//! # Examples
//!
//! ```
//! use dlm_plugin_tfidf::{ForestParams, SparseMatrix};
//! use linfa::{DatasetBase, traits::{Fit, Predict}};
//!
//! let mut records = SparseMatrix::new(1);
//! for row in 0..20 {
//!     records.push_row((row % 2 == 1).then_some((0, 1.0)))?;
//! }
//! let classes: Vec<u32> = (0..20).map(|row| row % 2).collect();
//! let dataset = DatasetBase::new(records, classes.clone());
//! let forest = ForestParams::new().trees(10).seed(1).fit(&dataset)?;
//! let predicted: Vec<u32> = forest.predict(&dataset);
//! assert_eq!(predicted, classes);
//! # Ok::<(), dlm_plugin_tfidf::ForestError>(())
//! ```

use linfa::{
    DatasetBase, ParamGuard,
    dataset::Records,
    traits::{Fit, Predict, PredictInplace},
};

use crate::{ForestError, ForestParams, RandomForest, SparseMatrix, ValidForestParams};

impl Records for SparseMatrix {
    type Elem = f32;

    fn nsamples(&self) -> usize {
        self.n_rows()
    }

    fn nfeatures(&self) -> usize {
        self.n_features()
    }
}

impl From<linfa::Error> for ForestError {
    fn from(error: linfa::Error) -> Self {
        Self::Framework(Box::new(error))
    }
}

impl ParamGuard for ForestParams {
    type Checked = ValidForestParams;
    type Error = ForestError;

    fn check_ref(&self) -> Result<&ValidForestParams, ForestError> {
        self.validated()
    }

    fn check(self) -> Result<ValidForestParams, ForestError> {
        Self::check(self)
    }
}

/// Refuses a data set whose samples are weighted, which the forest does not know.
fn refuse_weights<T>(dataset: &DatasetBase<SparseMatrix, T>) -> Result<(), ForestError> {
    if dataset.weights.is_empty() {
        return Ok(());
    }
    Err(ForestError::Parameter { name: "weights", reason: "are not supported" })
}

/// Classification: the classes are `0..=max`.
impl Fit<SparseMatrix, Vec<u32>, ForestError> for ValidForestParams {
    type Object = RandomForest;

    fn fit(&self, dataset: &DatasetBase<SparseMatrix, Vec<u32>>) -> Result<RandomForest, ForestError> {
        refuse_weights(dataset)?;
        let n_classes = dataset.targets.iter().max().map_or(0, |&class| class as usize + 1);
        self.fit_classes(&dataset.records, &dataset.targets, n_classes)
    }
}

/// Regression.
impl Fit<SparseMatrix, Vec<f32>, ForestError> for ValidForestParams {
    type Object = RandomForest;

    fn fit(&self, dataset: &DatasetBase<SparseMatrix, Vec<f32>>) -> Result<RandomForest, ForestError> {
        refuse_weights(dataset)?;
        self.fit_numbers(&dataset.records, &dataset.targets)
    }
}

/// The class with the highest mean probability, the first of equals.
///
/// Panics, as `linfa` asks of implementers, if the records have another width than those fitted to.
impl PredictInplace<SparseMatrix, Vec<u32>> for RandomForest {
    fn predict_inplace<'a>(&'a self, records: &'a SparseMatrix, classes: &mut Vec<u32>) {
        let width = self.n_outputs();
        let blocks = self.staged(records, &[self.n_trees()], |_, scores| {
            scores.chunks_exact(width).map(|row| highest(row) as u32).collect::<Vec<_>>()
        });
        match blocks {
            Ok(blocks) => *classes = blocks.concat().concat(),
            Err(error) => panic!("{error}"),
        }
    }

    fn default_target(&self, records: &SparseMatrix) -> Vec<u32> {
        vec![0; records.n_rows()]
    }
}

impl Predict<&SparseMatrix, Vec<u32>> for RandomForest {
    fn predict(&self, records: &SparseMatrix) -> Vec<u32> {
        let mut classes = Vec::new();
        self.predict_inplace(records, &mut classes);
        classes
    }
}

/// Returns the place of the highest score, the first of equals.
fn highest(scores: &[f32]) -> usize {
    (1..scores.len()).fold(0, |best, class| if scores[class] > scores[best] { class } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_parameters_and_weights_are_refused() {
        let mut records = SparseMatrix::new(1);
        records.push_row([(0, 1.0)]).unwrap();
        let dataset = DatasetBase::new(records, vec![0_u32]);
        let error = ForestParams::new().trees(0).fit(&dataset).unwrap_err();
        assert!(matches!(error, ForestError::Parameter { name: "trees", .. }));
        let weighted = dataset.with_weights(std::iter::once(1.0).collect());
        let error = ForestParams::new().fit(&weighted).unwrap_err();
        assert!(matches!(error, ForestError::Parameter { name: "weights", .. }));
    }

    #[test]
    fn numbers_are_fitted_through_the_trait_too() {
        let mut records = SparseMatrix::new(1);
        for row in 0..10_u8 {
            records.push_row([(0, f32::from(row))]).unwrap();
        }
        let dataset = DatasetBase::new(records, vec![2.5_f32; 10]);
        let forest = ForestParams::new().trees(3).fit(&dataset).unwrap();
        assert_eq!(forest.scores(&dataset.records).unwrap(), [2.5; 10]);
    }
}
