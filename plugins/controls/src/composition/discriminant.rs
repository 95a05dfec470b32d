//! Linear discriminant analysis, for more classes than a logistic regression can be fitted to.
//!
//! Each class is a normal cloud around its own mean, all of one shape; the posterior is then the softmax of weighted
//! sums, as in logistic regression, and the weights come from one linear system. A class of few examples says little
//! about its mean, so means are pulled towards the common mean as if that many examples lay there; how many is chosen by
//! log-loss on validation.

use dlm_sdk::prelude::*;
use rayon::prelude::*;

use super::{
    features::{FEATURES, Row},
    linear::{Linear, dot},
    ridge::{factor, scatter, solve},
};
use crate::labels;

/// How many examples at the common mean a class may get.
const PULLS: [f64; 5] = [1.0, 10.0, 100.0, 1_000.0, 10_000.0];

/// The pull without a validation split.
const DEFAULT_PULL: f64 = 1_000.0;

/// How many validation examples the pull is chosen on.
const MOST_VALIDATION: usize = 4_000;

/// Added to the variances of features that are sums of others.
const RIDGE: f64 = 1e-3;

/// Fits the clouds and chooses the pull; train must not be empty.
pub(super) fn fit(
    table: &[Row],
    classes: &[u32],
    priors: &[f64],
    features: impl Fn(&[u8]) -> Row + Sync,
    validation: Option<Examples<'_>>,
) -> Result<(f64, Linear)> {
    let mut sums = vec![([0.0; FEATURES], 0.0); priors.len()];
    for (row, class) in table.iter().zip(classes) {
        let (sum, members) = &mut sums[*class as usize];
        sum.iter_mut().zip(row).for_each(|(cell, value)| *cell += value);
        *members += 1.0;
    }
    let n = table.len() as f64;
    let fit_pulled = |pull: f64| {
        // Features are centred, so that the common mean is zero.
        let means: Vec<Row> =
            sums.iter().map(|(sum, members)| sum.map(|value| value / (members + pull))).collect();
        let deviations = table.iter().zip(classes).map(|(row, class)| {
            let mean = &means[*class as usize];
            std::array::from_fn(|at| row[at] - mean[at])
        });
        let mut covariance = scatter(deviations);
        for (at, line) in covariance.iter_mut().enumerate() {
            for cell in line.iter_mut() {
                *cell /= n;
            }
            line[at] += RIDGE;
        }
        let lower = factor(&covariance);
        let weights = means
            .iter()
            .zip(priors)
            .map(|(mean, prior)| {
                let weights = solve(&lower, mean);
                (prior.ln() - 0.5 * dot(&weights, mean), weights)
            })
            .collect();
        Linear::new(weights)
    };
    let Some(validation) = validation.filter(|examples| !examples.is_empty()) else {
        return Ok((DEFAULT_PULL, fit_pulled(DEFAULT_PULL)));
    };
    let validation = validation.slice(0..validation.len().min(MOST_VALIDATION));
    let targets = labels::classes(validation, priors.len())?;
    let rows: Vec<Row> =
        validation.items.sequences.par_iter().map(|sequence| features(sequence.bases())).collect();
    let mut best = None;
    for pull in PULLS {
        let model = fit_pulled(pull);
        let losses: Vec<f64> = rows
            .par_iter()
            .zip(&targets)
            .map_init(
                || vec![0.0; priors.len()],
                |scores, (row, target)| {
                    model.evaluate(row, scores);
                    labels::softmax(scores);
                    -scores[*target as usize].max(f64::MIN_POSITIVE).ln()
                },
            )
            .collect();
        let loss = labels::mean(&losses);
        if best.as_ref().is_none_or(|(least, _, _)| loss < *least) {
            best = Some((loss, pull, model));
        }
    }
    Ok(best.map_or_else(|| (DEFAULT_PULL, fit_pulled(DEFAULT_PULL)), |(_, pull, model)| (pull, model)))
}
