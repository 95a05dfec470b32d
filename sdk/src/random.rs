//! Named streams of one seed.
//!
//! Every random choice is drawn from a stream that has a name: `data`, `init`, `masking`, `dropout`, `head` and so on.
//! Streams of one seed are independent, so that drawing more from one never moves another, and the same seed and name
//! give the same numbers on every machine and in every version. There is no unseeded generator.
//!
//! The generator is ChaCha with 8 rounds, keyed by the SHA-256 of seed and name; ranges are drawn by Lemire's
//! multiply-and-reject, written here because a library may change its sampling between versions.

use std::fmt;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use sha2::{Digest as _, Sha256};

/// A stream of random numbers.
///
/// # Examples
///
/// ```
/// use dlm_sdk::random::Stream;
///
/// let mut data = Stream::new(7, "data");
/// let first = data.next_u64();
/// assert_eq!(Stream::new(7, "data").next_u64(), first);
/// assert_ne!(Stream::new(7, "init").next_u64(), first);
/// assert_ne!(Stream::new(8, "data").next_u64(), first);
/// ```
#[derive(Clone)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// Opens the stream of a name.
    pub fn new(seed: u64, name: &str) -> Self {
        Self::nth(seed, name, 0)
    }

    /// Opens one of many streams of a name, for instance one a tree or one a chunk.
    pub fn nth(seed: u64, name: &str, index: u64) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(seed.to_le_bytes());
        hasher.update(index.to_le_bytes());
        hasher.update(name.as_bytes());
        Self(ChaCha8Rng::from_seed(hasher.finalize().into()))
    }

    /// Draws 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Draws an integer below a bound, each with the same probability.
    ///
    /// # Panics
    ///
    /// If the bound is zero.
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "nothing lies below zero");
        let bound = bound as u64;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(bound);
            let low = product as u64;
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return (product >> 64) as usize;
            }
        }
    }

    /// Draws a number in `[0, 1)` with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Draws a standard normal number (Box and Muller's sine half is thrown away).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Shuffles a slice in place (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// Draws distinct indices below `n`, in ascending order; all of them if more are asked for.
    pub fn sample(&mut self, n: usize, count: usize) -> Vec<usize> {
        let mut left = count.min(n);
        let mut drawn = Vec::with_capacity(left);
        for index in 0..n {
            if left == 0 {
                break;
            }
            if self.below(n - index) < left {
                drawn.push(index);
                left -= 1;
            }
        }
        drawn
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stream").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_never_change() {
        let mut stream = Stream::new(42, "data");
        let drawn: Vec<usize> = (0..6).map(|_| stream.below(1000)).collect();
        insta::assert_compact_json_snapshot!(drawn);
    }

    #[test]
    fn bounds_are_kept_and_every_value_is_drawn() {
        let mut stream = Stream::new(1, "test");
        let mut counts = [0_u32; 7];
        for _ in 0..7_000 {
            counts[stream.below(7)] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_sample_is_sorted_and_distinct() {
        let drawn = Stream::new(1, "test").sample(1000, 100);
        assert_eq!(drawn.len(), 100);
        assert!(drawn.is_sorted_by(|a, b| a < b));
    }
}
