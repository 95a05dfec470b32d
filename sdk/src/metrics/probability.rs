//! Scores of probabilities.

use super::classification::mean;

/// The least probability a target is taken to have, so that one impossible answer does not make a mean infinite.
pub const LEAST_PROBABILITY: f64 = 1e-15;

/// Returns the perplexity: the exponential of the mean negative natural log-probability of the target. `None` without
/// items.
///
/// The GROVER paper calls this number bits; it has no unit.
///
/// # Examples
///
/// ```
/// let ln4 = 4.0_f64.ln();
/// let perplexity = dlm_sdk::metrics::perplexity([-ln4, -ln4]).unwrap();
/// assert!((perplexity - 4.0).abs() < 1e-12);
/// ```
pub fn perplexity(log_probabilities: impl IntoIterator<Item = f64>) -> Option<f64> {
    mean_surprise(log_probabilities).map(f64::exp)
}

/// Returns the bits of surprise a base, for targets of a mean number of bases each. `None` without items or bases.
///
/// Between tokenizers this compares better than perplexity, but not strictly: token boundaries themselves tell
/// something about the bases.
pub fn bits_per_nucleotide(log_probabilities: impl IntoIterator<Item = f64>, bases: f64) -> Option<f64> {
    let surprise = mean_surprise(log_probabilities)?;
    (bases > 0.0).then(|| surprise / std::f64::consts::LN_2 / bases)
}

fn mean_surprise(log_probabilities: impl IntoIterator<Item = f64>) -> Option<f64> {
    mean(log_probabilities.into_iter().map(|log| -log.max(LEAST_PROBABILITY.ln())))
}

/// Items of like confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CalibrationBin {
    /// How many items fell here.
    pub items: u64,
    /// Their mean confidence: the probability of the predicted class.
    pub confidence: f64,
    /// The share of them predicted right.
    pub accuracy: f64,
}

/// Sorts items into ten equal bins of confidence, given the probability of each predicted class and whether it was
/// right.
pub fn calibration(items: impl IntoIterator<Item = (f64, bool)>) -> [CalibrationBin; 10] {
    let mut bins = [CalibrationBin::default(); 10];
    for (confidence, right) in items {
        // A bin is closed above, as in Guo et al. 2017: 0.1 belongs to the first.
        let bin = &mut bins[((confidence * 10.0).ceil() as usize).clamp(1, 10) - 1];
        bin.items += 1;
        bin.confidence += confidence;
        bin.accuracy += f64::from(u8::from(right));
    }
    for bin in &mut bins {
        let items = bin.items.max(1) as f64;
        bin.confidence /= items;
        bin.accuracy /= items;
    }
    bins
}

/// Returns the expected calibration error: the mean distance of confidence and accuracy over the bins, weighted by their
/// items. `None` without items.
pub fn calibration_error(bins: &[CalibrationBin]) -> Option<f64> {
    let items: u64 = bins.iter().map(|bin| bin.items).sum();
    let distance: f64 = bins.iter().map(|bin| bin.items as f64 * (bin.confidence - bin.accuracy).abs()).sum();
    (items > 0).then(|| distance / items as f64)
}
