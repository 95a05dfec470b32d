//! The optimiser's arithmetic on the widest registers of the processor at hand.
//!
//! Each function compiles its safe twin in [`kernel`](super::kernel) once more for a set of instructions. Rust never
//! contracts a product and a sum into one rounding, so the results are equal bit for bit; a test compares them.
#![expect(
    unsafe_code,
    reason = "a function for instructions that not every processor has must be checked for"
)]

use super::kernel::{self, Coefficients};

/// Defines a function that calls the twin compiled for the best instructions there are.
macro_rules! widest {
    ($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),+) $(-> $result:ty)?) => {
        $(#[$doc])*
        pub(super) fn $name($($argument: $kind),+) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($argument: $kind),+) $(-> $result)? {
                    kernel::$name($($argument),+)
                }
                #[target_feature(enable = "avx512f")]
                fn avx512($($argument: $kind),+) $(-> $result)? {
                    kernel::$name($($argument),+)
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
            kernel::$name($($argument),+)
        }
    };
}

widest! {
    /// Applies one update; see [`kernel::update`].
    update(weights: &mut [f32], gradients: &[f32], first: &mut [f32], second: &mut [f32], c: &Coefficients)
}
widest! {
    /// Returns a sum of squares; see [`kernel::sum_of_squares`].
    sum_of_squares(values: &[f32]) -> f64
}
widest! {
    /// Adds elements to others; see [`kernel::add`].
    add(sums: &mut [f32], values: &[f32])
}

#[cfg(test)]
mod tests {
    use dlm_sdk::random::Stream;

    use super::*;

    fn noise(n: usize, name: &str) -> Vec<f32> {
        let mut stream = Stream::new(3, name);
        (0..n).map(|_| stream.normal() as f32).collect()
    }

    #[test]
    fn the_twins_are_equal_bit_for_bit() {
        let c = Coefficients {
            gradient: 0.37,
            penalty: 0.001,
            keep: 0.9999,
            first: 0.1,
            second: 0.999,
            fresh: 0.001,
            step: 0.0123,
            root: 0.0447,
            epsilon: 1e-8,
        };
        for n in [0, 1, 7, 8, 9, 31, 64, 1003] {
            let gradients = noise(n, "gradients");
            let start =
                [noise(n, "weights"), noise(n, "first"), noise(n, "second").iter().map(|x| x * x).collect()];
            let (mut ours, mut twin) = (start.clone(), start);
            let [weights, first, second] = &mut ours;
            update(weights, &gradients, first, second, &c);
            let [weights, first, second] = &mut twin;
            kernel::update(weights, &gradients, first, second, &c);
            assert_eq!(ours, twin);
            assert_eq!(sum_of_squares(&gradients), kernel::sum_of_squares(&gradients));
            let (mut ours, mut twin) = (noise(n, "sums"), noise(n, "sums"));
            add(&mut ours, &gradients);
            kernel::add(&mut twin, &gradients);
            assert_eq!(ours, twin);
        }
    }
}
