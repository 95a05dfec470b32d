//! Intervals of one score.

use dlm_sdk::random::Stream;
use statrs::distribution::{ContinuousCDF as _, StudentsT};

use crate::results::Interval;

/// The share that every interval covers.
pub const LEVEL: f64 = 0.95;

/// The least number of seeds with an interval, and the least number that is resampled rather than taken for normal.
const FEWEST: usize = 3;
const MANY: usize = 10;
const SEED_RESAMPLES: usize = 10_000;

/// Returns a quantile of ascending values, between neighbours by their distance (numpy's default).
///
/// # Panics
///
/// If there are no values.
pub fn quantile(ascending: &[f64], share: f64) -> f64 {
    let place = share * (ascending.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    ascending[below] + (ascending[above] - ascending[below]) * (place - below as f64)
}

/// Returns the interval of a mean over seeds: none below three seeds, Student's t for three to nine, a bootstrap from
/// ten on. A method without randomness has one score and no interval.
pub fn over_seeds(scores: &[f64]) -> Option<Interval> {
    let seeds = scores.len();
    if seeds < FEWEST {
        return None;
    }
    if seeds >= MANY {
        let mut means: Vec<f64> = (0..SEED_RESAMPLES)
            .map(|resample| {
                let mut stream = Stream::nth(0, "bootstrap over seeds", resample as u64);
                (0..seeds).map(|_| scores[stream.below(seeds)]).sum::<f64>() / seeds as f64
            })
            .collect();
        return percentiles(&mut means, format!("bootstrap over {seeds} seeds, {SEED_RESAMPLES} resamples"));
    }
    let mean = scores.iter().sum::<f64>() / seeds as f64;
    let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (seeds - 1) as f64;
    let student = StudentsT::new(0.0, 1.0, (seeds - 1) as f64).ok()?;
    let half = student.inverse_cdf(f64::midpoint(1.0, LEVEL)) * (variance / seeds as f64).sqrt();
    Some(Interval {
        low: mean - half,
        high: mean + half,
        level: LEVEL,
        method: format!("t over {seeds} seeds"),
    })
}

/// Returns the interval of a score over test items, from its values in resamples (see
/// [`Resampling`](super::Resampling)); resamples in which it is not defined are left out.
pub fn over_items(resamples: &[f64], groups: usize, items: usize) -> Option<Interval> {
    let mut defined: Vec<f64> = resamples.iter().copied().filter(|value| value.is_finite()).collect();
    let what = if groups == items {
        format!("{items} test items")
    } else {
        format!("{groups} groups of test items")
    };
    percentiles(&mut defined, format!("bootstrap over {what}, {} resamples", resamples.len()))
}

/// Takes the percentile interval of values; none without values.
pub(super) fn percentiles(values: &mut [f64], method: String) -> Option<Interval> {
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let tail = (1.0 - LEVEL) / 2.0;
    Some(Interval { low: quantile(values, tail), high: quantile(values, 1.0 - tail), level: LEVEL, method })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_seeds_have_no_interval() {
        assert_eq!(over_seeds(&[0.1, 0.9]), None);
        assert!(over_seeds(&[0.1, 0.2, 0.3]).unwrap().method.starts_with("t over 3"));
        assert!(over_seeds(&[0.5; 10]).unwrap().method.starts_with("bootstrap over 10"));
    }

    #[test]
    fn undefined_resamples_are_left_out() {
        let interval = over_items(&[f64::NAN, 0.5, 0.5], 3, 3).unwrap();
        assert_eq!((interval.low, interval.high), (0.5, 0.5));
        assert_eq!(over_items(&[], 3, 3), None);
    }
}
