//! Weighted sums of features, one an output.

use super::features::{FEATURES, Row};

/// An intercept and a weight for each feature.
pub(super) type Weights = (f64, Row);

/// Weighted sums of features.
pub(super) struct Linear(Vec<Weights>);

impl Linear {
    /// Creates sums that no feature enters.
    pub(super) fn constant(intercepts: impl IntoIterator<Item = f64>) -> Self {
        Self(intercepts.into_iter().map(|intercept| (intercept, [0.0; FEATURES])).collect())
    }

    /// Creates sums from weights.
    pub(super) fn new(weights: Vec<Weights>) -> Self {
        Self(weights)
    }

    /// Sets one output's weights.
    pub(super) fn set(&mut self, output: usize, weights: Weights) {
        self.0[output] = weights;
    }

    pub(super) fn outputs(&self) -> usize {
        self.0.len()
    }

    /// Writes the sum of each output.
    pub(super) fn evaluate(&self, features: &Row, row: &mut [f64]) {
        for (cell, (intercept, weights)) in row.iter_mut().zip(&self.0) {
            *cell = intercept + dot(weights, features);
        }
    }
}

/// Returns the inner product of two rows.
pub(super) fn dot(a: &Row, b: &Row) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
