//! Whether embeddings tell an annotation, as a number.
//!
//! A map of embeddings coloured by an annotation shows *territories*. How good they are is asked of a held-out part of the
//! genome: a logistic regression learns on some blocks of chromosomes to tell windows with the annotation from those without, and ranks the windows
//! of other blocks; the area under the ROC curve (AUROC) is 0.5 for chance and 1 for a perfect order. Neighbouring windows are
//! alike, so whole blocks are held out, each once.
//!
//! Beside embeddings stands what needs no model: GC and the frequencies of short words ([`composition`]). What embeddings
//! have beyond that is what the model knows beyond composition.

mod composition;
mod linfa_seam;
mod scale;

use dlm_sdk::{Error, Result, metrics::auroc};
use ndarray::{Array2, ArrayView2, Axis};

pub use composition::{Composition, composition};

/// How well features tell windows with an annotation from those without.
#[derive(Clone, Debug, PartialEq)]
pub struct Territory {
    /// The mean AUROC over the folds.
    pub auroc: f64,
    /// The AUROC of each fold in which both kinds of windows occur.
    pub folds: Vec<f64>,
    /// How many windows have the annotation.
    pub positives: usize,
    /// How many have not.
    pub negatives: usize,
}

/// Cross-validates a logistic regression over folds of blocks.
///
/// `features` has a row a window; each column is scaled to mean 0 and variance 1 on the windows that are learned from,
/// and one that is constant there counts for nothing. `penalty` is what the squared weights count beside the log-loss summed over windows,
/// `penalty / 2 · |w|²`.
///
/// `None` where it is not defined: fewer than two folds hold windows of both kinds, each with both kinds in the rest.
///
/// # Errors
///
/// A feature is not finite, or the regression does not converge.
///
/// # Panics
///
/// If features, labels and folds are of different numbers of windows.
pub fn territory(
    features: ArrayView2<'_, f32>,
    labels: &[bool],
    folds: &[usize],
    penalty: f64,
) -> Result<Option<Territory>> {
    assert!(features.nrows() == labels.len() && labels.len() == folds.len(), "a label and a fold a window");
    if let Some(index) =
        features.rows().into_iter().position(|row| !row.iter().all(|value| value.is_finite()))
    {
        return Err(Error::invalid(format!("territory: window {index} has a feature that is not finite")));
    }
    let count = folds.iter().max().map_or(0, |last| last + 1);
    let mut areas = Vec::new();
    for fold in 0..count {
        let (held, rest): (Vec<usize>, Vec<usize>) =
            (0..labels.len()).partition(|&index| folds[index] == fold);
        let both = |indices: &[usize]| {
            indices.iter().any(|&index| labels[index]) && indices.iter().any(|&index| !labels[index])
        };
        if !both(&held) || !both(&rest) {
            continue;
        }
        let train: Array2<f64> = features.select(Axis(0), &rest).mapv(f64::from);
        let scale = scale::Scale::fit(train.view());
        let targets: Vec<usize> = rest.iter().map(|&index| usize::from(labels[index])).collect();
        let weights = linfa_seam::fit(&scale.apply(train), &targets, penalty)?;
        let test = scale.apply(features.select(Axis(0), &held).mapv(f64::from));
        // The order alone counts, so the intercept does not.
        let scores: Vec<f32> = test.dot(&weights).iter().map(|&score| score as f32).collect();
        let held: Vec<bool> = held.iter().map(|&index| labels[index]).collect();
        areas.extend(auroc(&scores, &held));
    }
    if areas.len() < 2 {
        return Ok(None);
    }
    let positives = labels.iter().filter(|&&label| label).count();
    Ok(Some(Territory {
        auroc: areas.iter().sum::<f64>() / areas.len() as f64,
        folds: areas,
        positives,
        negatives: labels.len() - positives,
    }))
}
