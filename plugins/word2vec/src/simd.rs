//! The arithmetic of a batch on the widest registers of the processor at hand.
//!
//! Each function compiles its safe twin in [`kernel`](super::kernel) once more for a set of instructions. Rust never
//! contracts a product and a sum into one rounding, so the results are equal bit for bit; a test compares them.
#![expect(
    unsafe_code,
    reason = "a function for instructions that not every processor has must be checked for"
)]

use std::ops::Range;

use super::kernel::{self, Block, Lessons};

/// Defines a function that calls the twin compiled for the best instructions there are.
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
                #[target_feature(enable = "avx512f")]
                fn avx512($($argument: $kind),+) {
                    kernel::$name($($argument),+);
                }
                if is_x86_feature_detected!("avx512f") {
                    // SAFETY: The processor has the instructions the function is compiled for.
                    return unsafe { avx512($($argument),+) };
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
