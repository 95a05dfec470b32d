//! The arithmetic of a batch on the widest registers of the processor at hand.
//!
//! Where a processor has registers of sixteen numbers, a row's part in a block fills eight of them, and a mean and a
//! gradient stay in registers while the rows pass by. Elsewhere the safe twin in [`kernel`](super::kernel) is compiled once
//! more for what there is. No product and sum are contracted into one rounding, and sums are taken in the same order, so
//! the results are equal bit for bit; a test compares them.
#![expect(
    unsafe_code,
    reason = "a function for instructions that not every processor has must be checked for"
)]

use std::ops::Range;

use super::kernel::{self, Block, Lessons};

/// Defines a function that calls the twin for the best instructions there are.
macro_rules! widest {
    ($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),+)) => {
        $(#[$doc])*
        pub(super) fn $name($($argument: $kind),+) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($argument: $kind),+) {
                    kernel::$name($($argument),+);
                }
                if is_x86_feature_detected!("avx512f") {
                    // SAFETY: The processor has the instructions the function is compiled for.
                    return unsafe { avx512::$name($($argument),+) };
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: The processor has the instructions the function is compiled for.
                    return unsafe { avx2($($argument),+) };
                }
            }
            kernel::$name($($argument),+);
        }
    };
}

widest! {
    /// Scores the targets of a batch; see [`kernel::score`].
    score(block: &mut Block, lessons: &Lessons, batch: Range<usize>, scores: &mut Vec<f32>)
}
widest! {
    /// Moves the vectors of a batch; see [`kernel::pull`].
    pull(block: &mut Block, lessons: &Lessons, batch: Range<usize>, pulls: &[f32])
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::{
        arch::x86_64::{
            __m512, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_movehl_ps, _mm_shuffle_ps, _mm256_add_ps,
            _mm256_castpd_ps, _mm256_castps256_ps128, _mm256_extractf128_ps, _mm512_add_ps, _mm512_castps_pd,
            _mm512_castps512_ps256, _mm512_extractf64x4_pd, _mm512_loadu_ps, _mm512_mul_ps, _mm512_set1_ps,
            _mm512_setzero_ps, _mm512_storeu_ps,
        },
        ops::Range,
    };

    use crate::kernel::{Block, Lessons, Row, WIDTH};

    /// Numbers in a register.
    const LANES: usize = 16;
    /// Registers for a row.
    const PARTS: usize = WIDTH / LANES;

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(row: &Row, part: usize) -> __m512 {
        let numbers = &row.as_chunks::<LANES>().0[part];
        // SAFETY: Sixteen numbers lie there.
        unsafe { _mm512_loadu_ps(numbers.as_ptr()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn store(row: &mut Row, part: usize, values: __m512) {
        let numbers = &mut row.as_chunks_mut::<LANES>().0[part];
        // SAFETY: Sixteen numbers lie there.
        unsafe { _mm512_storeu_ps(numbers.as_mut_ptr(), values) }
    }

    /// Returns the sum of a register, halved again and again.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn sum(values: __m512) -> f32 {
        let high = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(values)));
        let eight = _mm256_add_ps(_mm512_castps512_ps256(values), high);
        let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn score(block: &mut Block, lessons: &Lessons, batch: Range<usize>, scores: &mut Vec<f32>) {
        block.means.clear();
        scores.clear();
        for lesson in batch {
            let (context, targets) = lessons.of(lesson);
            let mut mean = [_mm512_setzero_ps(); PARTS];
            for row in context {
                let vector = &block.input[*row as usize];
                for (part, mean) in mean.iter_mut().enumerate() {
                    *mean = _mm512_add_ps(*mean, load(vector, part));
                }
            }
            let share = _mm512_set1_ps(1.0 / context.len() as f32);
            for mean in &mut mean {
                *mean = _mm512_mul_ps(*mean, share);
            }
            for row in targets {
                let vector = &block.output[*row as usize];
                let mut sums = _mm512_setzero_ps();
                for (part, mean) in mean.iter().enumerate() {
                    sums = _mm512_add_ps(sums, _mm512_mul_ps(*mean, load(vector, part)));
                }
                scores.push(sum(sums));
            }
            let mut kept = [0.0; WIDTH];
            for (part, mean) in mean.iter().enumerate() {
                store(&mut kept, part, *mean);
            }
            block.means.push(kept);
        }
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn pull(block: &mut Block, lessons: &Lessons, batch: Range<usize>, pulls: &[f32]) {
        let mut pulls = pulls.iter();
        for (lesson, kept) in batch.zip(&block.means) {
            let (context, targets) = lessons.of(lesson);
            let mut mean = [_mm512_setzero_ps(); PARTS];
            for (part, mean) in mean.iter_mut().enumerate() {
                *mean = load(kept, part);
            }
            let mut gradient = [_mm512_setzero_ps(); PARTS];
            for (row, pull) in targets.iter().zip(&mut pulls) {
                let vector = &mut block.output[*row as usize];
                let pull = _mm512_set1_ps(*pull);
                for (part, (gradient, mean)) in gradient.iter_mut().zip(&mean).enumerate() {
                    let value = load(vector, part);
                    *gradient = _mm512_add_ps(*gradient, _mm512_mul_ps(pull, value));
                    store(vector, part, _mm512_add_ps(value, _mm512_mul_ps(pull, *mean)));
                }
            }
            for row in context {
                let vector = &mut block.input[*row as usize];
                for (part, gradient) in gradient.iter().enumerate() {
                    store(vector, part, _mm512_add_ps(load(vector, part), *gradient));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dlm_sdk::random::Stream;

    use super::*;

    #[test]
    fn the_twins_are_equal_bit_for_bit() {
        let mut stream = Stream::new(1, "twins");
        let mut noise = |rows: usize| -> Vec<kernel::Row> {
            (0..rows).map(|_| std::array::from_fn(|_| stream.normal() as f32 * 0.1)).collect()
        };
        let mut start = Block::new(noise(6));
        start.output = noise(6);
        let mut lessons = Lessons::default();
        for (context, targets) in [(&[0, 2, 2, 5][..], &[3, 1, 4, 1][..]), (&[1], &[2, 0]), (&[4, 3], &[5])] {
            for row in context {
                lessons.neighbour(*row);
            }
            for row in targets {
                lessons.target(*row);
            }
            lessons.end();
        }
        let pulls = [0.2, -0.1, 0.3, -0.05, 0.1, -0.2, 0.07];
        let (mut wide, mut plain) = (start.clone(), start.clone());
        let (mut scores, mut others) = (Vec::new(), Vec::new());
        score(&mut wide, &lessons, 0..3, &mut scores);
        kernel::score(&mut plain, &lessons, 0..3, &mut others);
        assert_eq!(scores, others);
        assert_eq!(scores.len(), pulls.len());
        pull(&mut wide, &lessons, 0..3, &pulls);
        kernel::pull(&mut plain, &lessons, 0..3, &pulls);
        assert!(wide == plain && wide.input != start.input && wide.output != start.output);
    }
}
