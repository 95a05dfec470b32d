//! Logistic regression by `linfa-logistic`: the one file that knows linfa and its ndarray 0.16.
//!
//! Minimises the log-loss plus half the squared weights, the intercept free, by L-BFGS from zero.

use dlm_sdk::{Error, Result};
use linfa::{DatasetBase, traits::Fit as _};
use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
use ndarray_for_linfa::{Array1, Array2};

const PENALTY: f64 = 1e-3;
const STEPS: u64 = 200;
/// The gradient at which steps end, an example.
const GRADIENT: f64 = 1e-5;

/// Fits weights of scaled features; returns a row of weights an output, the intercept last. Two classes have one output,
/// the log-odds of class 1. Every class below `classes` must occur.
pub(crate) fn fit(table: &[Vec<f64>], targets: &[u32], classes: usize) -> Result<Vec<Vec<f64>>> {
    let width = table.first().map_or(0, Vec::len);
    let records = Array2::from_shape_fn((table.len(), width), |(row, column)| table[row][column]);
    let data = DatasetBase::new(records, Array1::from(targets.to_vec()));
    let failed = |source: linfa_logistic::error::Error| {
        Error::internal("logistic regression did not converge").with_source(source)
    };
    let tolerance = GRADIENT * table.len() as f64;
    if classes == 2 {
        let model = LogisticRegression::default()
            .alpha(PENALTY)
            .max_iterations(STEPS)
            .gradient_tolerance(tolerance)
            .fit(&data)
            .map_err(failed)?;
        let sign = if model.labels().pos.class == 1 { 1.0 } else { -1.0 };
        let mut weights: Vec<f64> = model.params().iter().map(|weight| sign * weight).collect();
        weights.push(sign * model.intercept());
        return Ok(vec![weights]);
    }
    let model = MultiLogisticRegression::default()
        .alpha(PENALTY)
        .max_iterations(STEPS)
        .gradient_tolerance(tolerance)
        .fit(&data)
        .map_err(failed)?;
    let row = |class: usize| {
        let mut weights = model.params().column(class).to_vec();
        weights.push(model.intercept()[class]);
        weights
    };
    Ok((0..classes).map(row).collect())
}
