//! Comparing two methods on the same items.

use statrs::{
    distribution::{ContinuousCDF as _, Normal},
    function::gamma::ln_gamma,
};

use super::intervals::percentiles;
use crate::results::Interval;

/// The power that the minimal detectable difference is stated for.
const POWER: f64 = 0.8;

/// The difference of two methods' metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Its interval over resamples of the test items.
    pub interval: Interval,
    /// The share of resamples on the other side of zero, doubled; never below two over the number of resamples.
    pub p_value: f64,
    /// The least true difference that a test of this size finds in four of five cases, at the five per cent level.
    pub detectable: f64,
}

/// Compares the metric of two methods in the same resamples. `None` where it is not defined in any of them.
pub fn paired(a: &[f64], b: &[f64], what: &str) -> Option<Difference> {
    let mut differences: Vec<f64> =
        a.iter().zip(b).map(|(a, b)| a - b).filter(|difference| difference.is_finite()).collect();
    let n = differences.len() as f64;
    let method = format!("paired bootstrap over {what}, {} resamples", a.len());
    let interval = percentiles(&mut differences, method)?;
    let beyond = |side: fn(&&f64) -> bool| differences.iter().filter(side).count() as f64;
    let p_value =
        (2.0 * beyond(|d| **d <= 0.0).min(beyond(|d| **d >= 0.0)) / n).clamp((2.0 / n).min(1.0), 1.0);
    let mean = differences.iter().sum::<f64>() / n;
    let spread = (differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt();
    let normal = Normal::standard();
    let detectable = (normal.inverse_cdf(0.975) + normal.inverse_cdf(POWER)) * spread;
    Some(Difference { interval, p_value, detectable })
}

/// The exact test of McNemar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct McNemar {
    /// How many items only the first method has right.
    pub only_a: u64,
    /// How many items only the second method has right.
    pub only_b: u64,
    /// The two-sided p-value: how likely so uneven a split is if both are right equally often.
    pub p_value: f64,
}

/// Tests whether two methods are right equally often, from whether each is right on each item. It takes items for
/// independent, which items of one leakage group are not.
pub fn mcnemar(pairs: impl IntoIterator<Item = (bool, bool)>) -> McNemar {
    let (mut only_a, mut only_b) = (0_u64, 0_u64);
    for (a, b) in pairs {
        only_a += u64::from(a && !b);
        only_b += u64::from(b && !a);
    }
    McNemar { only_a, only_b, p_value: two_sided(only_a.min(only_b), only_a + only_b) }
}

/// Twice the probability of at most `least` heads in `n` fair throws.
fn two_sided(least: u64, n: u64) -> f64 {
    let n_factorial = ln_gamma(n as f64 + 1.0);
    let half = n as f64 * 0.5_f64.ln();
    let tail: f64 = (0..=least)
        .map(|k| (n_factorial - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0) + half).exp())
        .sum();
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_methods_do_not_differ() {
        let difference = paired(&[0.1, 0.2, 0.3], &[0.1, 0.2, 0.3], "3 test items").unwrap();
        assert_eq!((difference.p_value, difference.detectable), (1.0, 0.0));
        assert!(difference.interval.holds(0.0));
        assert_eq!(mcnemar([(true, true), (false, false)]).p_value, 1.0);
    }

    #[test]
    fn a_clear_difference_has_the_least_p_value() {
        let a: Vec<f64> = (0..1000).map(|i| 0.9 + f64::from(i) * 1e-6).collect();
        let difference = paired(&a, &[0.5; 1000], "items").unwrap();
        assert_eq!(difference.p_value, 0.002);
    }
}
