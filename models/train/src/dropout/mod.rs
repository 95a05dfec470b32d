//! Masks of dropout.
//!
//! Dropout sets a share p of the values of a layer to zero in each step and multiplies the others by `1 / (1 - p)`. ONNX
//! Runtime's own operators for it cannot be used for training that others are to repeat: `Bernoulli` draws with the
//! opposite probability, and the seed of `Dropout` moves by one with each run, so that neighbouring layers replay each
//! other's masks. So the masks are drawn here and given to the graph.
//!
//! A mask is a function of seed, step, part of the step, and place in the graph, and of nothing else: a training that is
//! resumed drops the same values, and so does one with another number of threads.

mod kernel;
mod simd;

use rayon::prelude::*;

use crate::random::counter::Key;

/// Values of a piece of work; a multiple of what one block of random bits gives.
const PIECE: usize = 1 << 16;

/// The masks of one training.
#[derive(Clone, Copy, Debug)]
pub struct Masks {
    key: Key,
}

impl Masks {
    /// Takes the masks of a seed, from its stream `dropout`.
    pub fn new(seed: u64) -> Self {
        Self { key: Key::new(seed, "dropout") }
    }

    /// Fills a mask: one where a value is kept, with probability `1 - share`, and zero where it is dropped.
    ///
    /// `part` counts the batches whose gradients are added up in one step, `place` the masks of the graph. The share is
    /// met to within 2^-17, because each decision takes 16 bits.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_train::dropout::Masks;
    ///
    /// let mut mask = vec![0; 100_000];
    /// Masks::new(1).fill(&mut mask, 0.1, 0, 0, 0);
    /// let kept = mask.iter().filter(|&&kept| kept == 1).count();
    /// assert!((89_500..90_500).contains(&kept), "{kept}");
    /// ```
    pub fn fill(&self, mask: &mut [u8], share: f32, step: u64, part: u32, place: u32) {
        let Ok(dropped) = u16::try_from((f64::from(share) * f64::from(1 << 16)).round() as u32) else {
            // No draw of 16 bits is that high: nothing is kept.
            return mask.fill(0);
        };
        let words = [place | part << 16, step as u32, (step >> 32) as u32];
        mask.par_chunks_mut(PIECE).enumerate().for_each(|(piece, mask)| {
            let first = (piece * PIECE / kernel::VALUES) as u32;
            simd::fill(mask, self.key, dropped, first, words);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(n: usize, seed: u64, step: u64, part: u32, place: u32) -> Vec<u8> {
        let mut mask = vec![0; n];
        Masks::new(seed).fill(&mut mask, 0.3, step, part, place);
        mask
    }

    #[test]
    fn a_mask_depends_on_each_of_its_arguments_and_on_nothing_else() {
        let n = PIECE * 2 + 77;
        let one = mask(n, 1, 2, 3, 4);
        assert_eq!(one, mask(n, 1, 2, 3, 4));
        assert_eq!(one[..1000], mask(1000, 1, 2, 3, 4));
        for other in [mask(n, 2, 2, 3, 4), mask(n, 1, 3, 3, 4), mask(n, 1, 2, 4, 4), mask(n, 1, 2, 3, 5)] {
            // Two independent masks agree where both keep or both drop: 0.7^2 + 0.3^2.
            let equal = one.iter().zip(&other).filter(|(a, b)| a == b).count() as f64 / n as f64;
            assert!((equal - 0.58).abs() < 0.01, "{equal}");
        }
    }

    #[test]
    fn threads_change_nothing() {
        let n = PIECE * 3 + 5;
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| mask(n, 1, 2, 0, 0))
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn shares_at_the_ends_are_exact() {
        let mut mask = vec![0; 1000];
        Masks::new(1).fill(&mut mask, 0.0, 0, 0, 0);
        assert!(mask.iter().all(|&kept| kept == 1));
        Masks::new(1).fill(&mut mask, 1.0, 0, 0, 0);
        assert!(mask.iter().all(|&kept| kept == 0));
    }

    /// Values far apart and side by side are dropped independently of each other.
    #[test]
    fn neighbours_are_independent() {
        let mask = mask(400_000, 9, 0, 0, 0);
        for distance in [1, 2, 8, 64, 1024] {
            let pairs = mask.len() - distance;
            let both =
                (0..pairs).filter(|&i| mask[i] == 0 && mask[i + distance] == 0).count() as f64 / pairs as f64;
            // Four standard deviations of a share of 0.09 among as many pairs.
            assert!((both - 0.09).abs() < 4.0 * (0.09 * 0.91 / pairs as f64).sqrt(), "{distance}: {both}");
        }
    }
}
