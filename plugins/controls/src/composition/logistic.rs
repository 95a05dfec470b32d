//! Logistic regression by `linfa-logistic`: the one file that knows linfa and its ndarray 0.16.
//!
//! Minimises the log-loss plus half the squared weights (the intercept is free) by L-BFGS from zero.

use dlm_sdk::{Error, Result};
use linfa::{DatasetBase, traits::Fit as _};
use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
use ndarray_for_linfa::{Array1, Array2};

use super::{
    features::{FEATURES, Row},
    linear::{Linear, Weights},
};

const PENALTY: f64 = 1.0;
const STEPS: u64 = 1_000;

/// The gradient at which steps end, an example.
const GRADIENT: f64 = 1e-5;

fn records(table: &[Row]) -> Array2<f64> {
    Array2::from_shape_fn((table.len(), FEATURES), |(row, column)| table[row][column])
}

fn failed(source: linfa_logistic::error::Error) -> Error {
    Error::internal("logistic regression did not converge").with_source(source)
}

/// Fits the log-odds of class 1; both classes must occur.
pub(super) fn binary(table: &[Row], classes: &[u32]) -> Result<Weights> {
    let data = DatasetBase::new(records(table), Array1::from(classes.to_vec()));
    let fitted = LogisticRegression::default()
        .alpha(PENALTY)
        .max_iterations(STEPS)
        .gradient_tolerance(GRADIENT * table.len() as f64)
        .fit(&data)
        .map_err(failed)?;
    let sign = if fitted.labels().pos.class == 1 { 1.0 } else { -1.0 };
    let mut weights = [0.0; FEATURES];
    weights.iter_mut().zip(fitted.params()).for_each(|(cell, weight)| *cell = sign * weight);
    Ok((sign * fitted.intercept(), weights))
}

/// Fits the two classes that occur among the task's own; the others keep the intercept that they have.
pub(super) fn between(table: &[Row], classes: &[u32], seen: &[u32], model: &mut Linear) -> Result<()> {
    let second: Vec<u32> = classes.iter().map(|class| u32::from(*class == seen[1])).collect();
    let (intercept, weights) = binary(table, &second)?;
    let halves = |sign: f64| (sign * intercept / 2.0, weights.map(|weight| sign * weight / 2.0));
    anchor(vec![halves(-1.0), halves(1.0)], seen, model);
    Ok(())
}

/// Fits three or more classes that occur among the task's own; the others keep the intercept that they have.
pub(super) fn several(table: &[Row], classes: &[u32], seen: &[u32], model: &mut Linear) -> Result<()> {
    let data = DatasetBase::new(records(table), Array1::from(classes.to_vec()));
    let fitted = MultiLogisticRegression::default()
        .alpha(PENALTY)
        .max_iterations(STEPS)
        .gradient_tolerance(GRADIENT * table.len() as f64)
        .fit(&data)
        .map_err(failed)?;
    let weights = (0..seen.len())
        .map(|class| {
            let mut weights = [0.0; FEATURES];
            weights.iter_mut().zip(fitted.params().column(class)).for_each(|(cell, weight)| *cell = *weight);
            (fitted.intercept()[class], weights)
        })
        .collect();
    anchor(weights, seen, model);
    Ok(())
}

/// Enters fitted weights, shifted by one constant so that at the mean of train they stand as a whole where the
/// classes' shares stood: a class that was not seen keeps its small share there.
fn anchor(fitted: Vec<Weights>, seen: &[u32], model: &mut Linear) {
    let log_sum = |values: &[f64]| {
        let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        highest + values.iter().map(|value| (value - highest).exp()).sum::<f64>().ln()
    };
    let mut before = vec![0.0; model.outputs()];
    model.evaluate(&[0.0; FEATURES], &mut before);
    let before: Vec<f64> = seen.iter().map(|class| before[*class as usize]).collect();
    let after: Vec<f64> = fitted.iter().map(|(intercept, _)| *intercept).collect();
    let shift = log_sum(&before) - log_sum(&after);
    for (class, (intercept, weights)) in seen.iter().zip(fitted) {
        model.set(*class as usize, (intercept + shift, weights));
    }
}
