//! Logistic regression by `linfa-logistic`: the one file of this crate that knows linfa and its ndarray 0.16.
//!
//! Minimises the log-loss plus half the penalty times the squared weights, the intercept free, by L-BFGS from zero.

use dlm_sdk::{Error, Result};
use linfa::{DatasetBase, traits::Fit as _};
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};
use ndarray_for_linfa as old;

const STEPS: u64 = 200;
/// The gradient at which steps end, a window.
const GRADIENT: f64 = 1e-5;

/// Fits the weights of the log-odds of class 1. Both classes must occur.
pub(super) fn fit(table: &Array2<f64>, targets: &[usize], penalty: f64) -> Result<Array1<f64>> {
    let records = old::Array2::from_shape_fn(table.dim(), |(row, column)| table[[row, column]]);
    let data = DatasetBase::new(records, old::Array1::from(targets.to_vec()));
    let model = LogisticRegression::default()
        .alpha(penalty)
        .max_iterations(STEPS)
        .gradient_tolerance(GRADIENT * targets.len() as f64)
        .fit(&data)
        .map_err(|error| Error::internal("territory: logistic regression failed").with_source(error))?;
    let sign = if model.labels().pos.class == 1 { 1.0 } else { -1.0 };
    Ok(model.params().iter().map(|weight| sign * weight).collect())
}
