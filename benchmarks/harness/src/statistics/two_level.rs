//! Both reasons for uncertainty at once: other seeds and other items.

use dlm_sdk::random::Stream;
use sha2::{Digest as _, Sha256};

/// Resamples a mean over seeds: in each resample of the test items, as many seeds as there are are drawn with
/// replacement, and their values in that resample are averaged.
///
/// `per_seed` holds a row of values a seed, one for each resample of the items (see [`Resampling`](super::Resampling));
/// rows of two methods are paired by items, while each draws its seeds from a stream of its own. That stream is named after
/// the values and nothing else, so that a model moved to another folder keeps its interval. Few seeds say little about
/// further ones: with n of them this spread is too small by the factor √(1 - 1/n), 0.82 for three. Values that are not
/// defined stay so.
///
/// # Examples
///
/// ```
/// use dlm::statistics::two_level;
///
/// // One seed: nothing to draw.
/// assert_eq!(two_level(&[vec![0.1, 0.2]]), [0.1, 0.2]);
/// ```
pub fn two_level(per_seed: &[Vec<f64>]) -> Vec<f64> {
    let seeds = per_seed.len();
    let resamples = per_seed.iter().map(Vec::len).min().unwrap_or(0);
    let stream_name = format!("bootstrap over seeds of {}", digest(per_seed));
    (0..resamples)
        .map(|resample| {
            if seeds == 1 {
                return per_seed[0][resample];
            }
            let mut stream = Stream::nth(0, &stream_name, resample as u64);
            (0..seeds).map(|_| per_seed[stream.below(seeds)][resample]).sum::<f64>() / seeds as f64
        })
        .collect()
}

/// Names values by their bits.
fn digest(per_seed: &[Vec<f64>]) -> String {
    let mut hasher = Sha256::new();
    for values in per_seed {
        hasher.update((values.len() as u64).to_le_bytes());
        for value in values {
            hasher.update(value.to_bits().to_le_bytes());
        }
    }
    dlm_sdk::hexadecimal(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(values: &[f64]) -> f64 {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
    }

    #[test]
    fn seeds_that_differ_widen_the_spread() {
        // Items alone do not vary here: the spread is that of a mean of three drawn seeds.
        let per_seed: Vec<Vec<f64>> = [0.2, 0.5, 0.8].iter().map(|score| vec![*score; 4_000]).collect();
        let values = two_level(&per_seed);
        let expected = (0.06_f64 / 3.0).sqrt();
        assert!((spread(&values) - expected).abs() < 0.05 * expected, "{}", spread(&values));
        let equal = two_level(&vec![vec![0.4; 100]; 3]);
        assert!(spread(&equal) < 1e-12);
    }

    #[test]
    fn methods_draw_seeds_of_their_own_and_always_the_same() {
        let per_seed = [vec![0.0; 50], vec![1.0; 50], vec![2.0; 50]];
        assert_eq!(two_level(&per_seed), two_level(&per_seed));
        let other: Vec<Vec<f64>> =
            per_seed.iter().map(|row| row.iter().map(|value| value + 3.0).collect()).collect();
        let shifted: Vec<f64> = two_level(&per_seed).iter().map(|value| value + 3.0).collect();
        assert_ne!(two_level(&other), shifted);
        assert!(two_level(&[]).is_empty());
    }
}
