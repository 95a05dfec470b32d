//! Logistic regression by `linfa-logistic`: the one file of the harness that knows linfa and its ndarray 0.16.
//!
//! Minimises the log-loss plus half the penalty times the squared weights (the intercept is free) by L-BFGS from zero.

use dlm_sdk::{Error, Result};
use linfa::{DatasetBase, traits::Fit as _};
use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
use ndarray::Array1;
use ndarray_for_linfa as old;

const STEPS: u64 = 1_000;
const GRADIENT: f64 = 1e-4;

fn records(table: &ndarray::Array2<f64>) -> old::Array2<f64> {
    old::Array2::from_shape_fn(table.dim(), |(row, column)| table[[row, column]])
}

fn failed(source: linfa_logistic::error::Error) -> Error {
    Error::internal("the logistic head did not converge").with_source(source)
}

/// Fits the log-odds of class 1: weights and intercept. Both classes must occur.
pub(super) fn binary(
    table: &ndarray::Array2<f64>,
    classes: &[usize],
    penalty: f64,
) -> Result<(Array1<f64>, f64)> {
    let data = DatasetBase::new(records(table), old::Array1::from(classes.to_vec()));
    let fitted = LogisticRegression::default()
        .alpha(penalty)
        .max_iterations(STEPS)
        .gradient_tolerance(GRADIENT)
        .fit(&data)
        .map_err(failed)?;
    let sign = if fitted.labels().pos.class == 1 { 1.0 } else { -1.0 };
    Ok((fitted.params().iter().map(|weight| sign * weight).collect(), sign * fitted.intercept()))
}

/// Fits the logits of three or more classes that occur: class, weights and intercept of each.
pub(super) fn several(
    table: &ndarray::Array2<f64>,
    classes: &[usize],
    penalty: f64,
) -> Result<Vec<(usize, Array1<f64>, f64)>> {
    let data = DatasetBase::new(records(table), old::Array1::from(classes.to_vec()));
    let fitted = MultiLogisticRegression::default()
        .alpha(penalty)
        .max_iterations(STEPS)
        .gradient_tolerance(GRADIENT)
        .fit(&data)
        .map_err(failed)?;
    let of_class = |(column, &class): (usize, &usize)| {
        (class, fitted.params().column(column).iter().copied().collect(), fitted.intercept()[column])
    };
    Ok(fitted.classes().iter().enumerate().map(of_class).collect())
}
