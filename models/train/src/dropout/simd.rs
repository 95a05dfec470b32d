//! Drawing masks on the widest registers of the processor at hand: the safe twin compiled once more.
#![expect(
    unsafe_code,
    reason = "a function for instructions that not every processor has must be checked for"
)]

use super::kernel;
use crate::random::counter::Key;

/// Fills a piece of a mask; see [`kernel::fill`].
pub(super) fn fill(mask: &mut [u8], key: Key, dropped: u16, first: u32, words: [u32; 3]) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2(mask: &mut [u8], key: Key, dropped: u16, first: u32, words: [u32; 3]) {
            kernel::fill(mask, key, dropped, first, words);
        }
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
        fn avx512(mask: &mut [u8], key: Key, dropped: u16, first: u32, words: [u32; 3]) {
            kernel::fill(mask, key, dropped, first, words);
        }
        let wide = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        if wide && is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: The processor has the instructions the function is compiled for.
            return unsafe { avx512(mask, key, dropped, first, words) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: The processor has the instructions the function is compiled for.
            return unsafe { avx2(mask, key, dropped, first, words) };
        }
    }
    kernel::fill(mask, key, dropped, first, words);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twins_are_equal() {
        let key = Key::new(5, "dropout");
        for n in [0, 1, 63, 64, 65, 1000] {
            let (mut ours, mut twin) = (vec![0; n], vec![1; n]);
            fill(&mut ours, key, 20_000, 3, [1, 2, 3]);
            kernel::fill(&mut twin, key, 20_000, 3, [1, 2, 3]);
            assert_eq!(ours, twin);
        }
    }
}
