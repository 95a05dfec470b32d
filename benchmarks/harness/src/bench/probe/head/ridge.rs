//! The head of regression tasks: least squares with a squared penalty.
//!
//! Minimises `|y - Xw - b|^2 + penalty |w|^2` over standardised features; the intercept is free and equals the mean of
//! train. The normal equations are solved by Cholesky's factor, which a penalty above zero keeps positive definite.

use dlm_sdk::{Error, Result};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::scale::Scale;

/// A fitted ridge head.
#[derive(Clone, Debug)]
pub(in super::super) struct Ridge {
    scale: Scale,
    /// `[features, outputs]`.
    weights: Array2<f64>,
    intercepts: Array1<f64>,
    penalty: f64,
}

impl Ridge {
    pub(super) fn fit(features: &Array2<f32>, targets: ArrayView2<'_, f32>, penalty: f64) -> Result<Self> {
        let scale = Scale::of(features)?;
        let table = scale.table(features);
        let targets = targets.mapv(f64::from);
        let intercepts =
            targets.mean_axis(Axis(0)).ok_or_else(|| Error::invalid("the train split has no items"))?;
        let centred = &targets - &intercepts;
        let mut gram = table.t().dot(&table);
        gram.diag_mut().mapv_inplace(|value| value + penalty);
        let weights = solve(gram, table.t().dot(&centred));
        Ok(Self { scale, weights, intercepts, penalty })
    }

    pub(super) fn penalty(&self) -> f64 {
        self.penalty
    }

    /// Returns the values of an item.
    pub(super) fn values(&self, row: ArrayView1<'_, f32>) -> Array1<f64> {
        self.scale.row(row).dot(&self.weights) + &self.intercepts
    }

    /// Returns the mean squared error.
    pub(super) fn loss(&self, features: &Array2<f32>, targets: ArrayView2<'_, f32>) -> f64 {
        let mut sum = 0.0;
        for (row, target) in features.rows().into_iter().zip(targets.rows()) {
            for (value, &target) in self.values(row).iter().zip(target) {
                sum += (value - f64::from(target)).powi(2);
            }
        }
        sum / targets.len().max(1) as f64
    }
}

/// Solves `matrix x = right` for a positive definite matrix, by its lower factor.
fn solve(mut matrix: Array2<f64>, mut right: Array2<f64>) -> Array2<f64> {
    let n = matrix.nrows();
    for column in 0..n {
        for row in column..n {
            let known: f64 = (0..column).map(|at| matrix[[row, at]] * matrix[[column, at]]).sum();
            let rest = matrix[[row, column]] - known;
            matrix[[row, column]] = if row == column {
                rest.max(f64::MIN_POSITIVE).sqrt()
            } else {
                rest / matrix[[column, column]]
            };
        }
    }
    for mut x in right.columns_mut() {
        for row in 0..n {
            let known: f64 = (0..row).map(|at| matrix[[row, at]] * x[at]).sum();
            x[row] = (x[row] - known) / matrix[[row, row]];
        }
        for row in (0..n).rev() {
            let known: f64 = (row + 1..n).map(|at| matrix[[at, row]] * x[at]).sum();
            x[row] = (x[row] - known) / matrix[[row, row]];
        }
    }
    right
}

#[cfg(test)]
mod tests {
    use dlm_sdk::random::Stream;

    use super::*;

    #[test]
    fn a_planted_line_is_found_and_the_penalty_pulls_to_the_mean() {
        let mut stream = Stream::new(1, "ridge");
        let features = Array2::from_shape_simple_fn((200, 3), || stream.normal() as f32);
        let targets = Array2::from_shape_fn((200, 2), |(row, output)| {
            let x = features.row(row);
            if output == 0 { 2.0 * x[0] - x[2] + 5.0 } else { x[1] }
        });
        let near = Ridge::fit(&features, targets.view(), 1e-6).unwrap();
        assert!(near.loss(&features, targets.view()) < 1e-9);
        let far = Ridge::fit(&features, targets.view(), 1e9).unwrap();
        let mean = targets.column(0).mean().unwrap();
        assert!((far.values(features.row(0))[0] - f64::from(mean)).abs() < 1e-3);
    }
}
