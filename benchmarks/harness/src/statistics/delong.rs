//! Two areas under the ROC curve on the same items.

use dlm_sdk::metrics::ranks;
use statrs::distribution::{ContinuousCDF as _, Normal};

/// The test of DeLong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeLong {
    /// The area under the first method's curve.
    pub a: f64,
    /// The area under the second method's curve.
    pub b: f64,
    /// The standard error of their difference.
    pub standard_error: f64,
    /// The two-sided p-value; 1 where the two rank all items alike.
    pub p_value: f64,
}

/// Compares two areas under the ROC curve by their structural components (`DeLong` and others 1988, by midranks as Sun and
/// Xu 2014). It takes items for independent, which items of one leakage group are not. `None` with fewer than two
/// positives or negatives.
///
/// # Examples
///
/// ```
/// use dlm::statistics::delong;
///
/// let positive = [false, false, true, true];
/// let test = delong(&positive, &[0.1, 0.4, 0.35, 0.8], &[0.1, 0.2, 0.3, 0.4]).unwrap();
/// assert_eq!((test.a, test.b), (0.75, 1.0));
/// ```
pub fn delong(positive: &[bool], a: &[f64], b: &[f64]) -> Option<DeLong> {
    let (a, b) = (Components::new(positive, a)?, Components::new(positive, b)?);
    let variance = |side: fn(&Components) -> &[f64]| {
        let (first, second) = (side(&a), side(&b));
        let n = first.len() as f64;
        let differences: Vec<f64> = first.iter().zip(second).map(|(first, second)| first - second).collect();
        let mean = differences.iter().sum::<f64>() / n;
        differences.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0) / n
    };
    let standard_error = (variance(|components| &components.of_positives)
        + variance(|components| &components.of_negatives))
    .sqrt();
    let p_value = if standard_error > 0.0 {
        2.0 * Normal::standard().cdf(-((a.area - b.area) / standard_error).abs())
    } else {
        1.0
    };
    Some(DeLong { a: a.area, b: b.area, standard_error, p_value })
}

/// What each item contributes to an area.
struct Components {
    area: f64,
    of_positives: Vec<f64>,
    of_negatives: Vec<f64>,
}

impl Components {
    fn new(positive: &[bool], scores: &[f64]) -> Option<Self> {
        let of = |side: bool| -> Vec<f64> {
            positive.iter().zip(scores).filter(|(is, _)| **is == side).map(|(_, score)| *score).collect()
        };
        let (above, below) = (of(true), of(false));
        let (m, n) = (above.len() as f64, below.len() as f64);
        if m < 2.0 || n < 2.0 {
            return None;
        }
        let both: Vec<f64> = above.iter().chain(&below).copied().collect();
        let all = ranks(&both);
        let (within_above, within_below) = (ranks(&above), ranks(&below));
        let of_positives: Vec<f64> =
            all.iter().zip(&within_above).map(|(all, own)| (all - own) / n).collect();
        let of_negatives: Vec<f64> =
            all[above.len()..].iter().zip(&within_below).map(|(all, own)| 1.0 - (all - own) / m).collect();
        let area = of_positives.iter().sum::<f64>() / m;
        Some(Self { area, of_positives, of_negatives })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rankings_do_not_differ() {
        let positive = [true, false, true, false, true];
        let test = delong(&positive, &[0.9, 0.1, 0.5, 0.6, 0.7], &[9.0, 1.0, 5.0, 6.0, 7.0]).unwrap();
        assert_eq!((test.standard_error, test.p_value), (0.0, 1.0));
        assert!(delong(&[true, false, false], &[0.1, 0.2, 0.3], &[0.1, 0.2, 0.3]).is_none());
    }
}
