//! The wide twin of [`pack`](crate::pack): eight words at a time with AVX2.
//!
//! Each base is looked up by its low four bits, which tell A, C, G and T apart; words are spread to eight bytes each and
//! folded by three multiply-adds (4 a + b, 16 a + b, 256 a + b).

#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "calling a function of a processor feature that was found at run time")
)]

use dlm_sdk::TokenId;

/// As [`pack::words`](crate::pack::words), with the widest instructions this processor has.
pub(crate) fn words(bases: &[u8], k: usize, first: TokenId, ids: &mut Vec<TokenId>) -> usize {
    #[cfg(target_arch = "x86_64")]
    if k > 1 && std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        let done = unsafe { wide::words(bases, k, first, ids) };
        return done + crate::pack::words(&bases[done * k..], k, first, ids);
    }
    crate::pack::words(bases, k, first, ids)
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{
        __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_extract_epi64,
        _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_movemask_epi8, _mm256_packs_epi32, _mm256_set_epi64x,
        _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_shuffle_epi8,
    };

    use dlm_sdk::TokenId;

    /// Words a step.
    const STEP: usize = 8;
    /// Words that are kept close by before they are appended.
    const BLOCK: usize = 64 * STEP;
    /// Bytes a load; a step's last load starts six words in.
    const LOAD: usize = 16;

    /// Appends ids step by step and returns how many words they are; stops before the first step that holds, or is
    /// directly followed by, anything but A, C, G and T, and where too few bytes are left to load.
    #[target_feature(enable = "avx2")]
    pub(super) fn words(bases: &[u8], k: usize, first: TokenId, ids: &mut Vec<TokenId>) -> usize {
        let reach = 6 * k + LOAD;
        let tables = Tables::new(k, first);
        let mut block = [0; BLOCK];
        let mut done = 0;
        loop {
            let mut filled = 0;
            for out in block.chunks_exact_mut(STEP) {
                let Some(window) = bases[(done + filled) * k..].get(..reach) else { break };
                let Some(words) = tables.fold(window, k) else { break };
                for (half, lane) in out.chunks_exact_mut(2).zip(lanes(words)) {
                    half[0] = lane as TokenId;
                    half[1] = (lane >> 32) as TokenId;
                }
                filled += STEP;
            }
            ids.extend_from_slice(&block[..filled]);
            done += filled;
            if filled < BLOCK {
                return done;
            }
        }
    }

    struct Tables {
        letters: __m256i,
        codes: __m256i,
        spread: __m256i,
        first: __m256i,
    }

    impl Tables {
        #[target_feature(enable = "avx2")]
        fn new(k: usize, first: TokenId) -> Self {
            let mut letters = [0xff; LOAD];
            let mut codes = [0; LOAD];
            for (code, base) in (0..).zip(dlm_sdk::dna::BASES) {
                letters[usize::from(base & 15)] = base;
                codes[usize::from(base & 15)] = code;
            }
            // A word is spread to the end of eight bytes; an index with its top bit set gives a zero.
            let mut spread = [0x80; LOAD];
            for place in 0..k {
                spread[8 - k + place] = place as u8;
                spread[16 - k + place] = (k + place) as u8;
            }
            Self {
                letters: twice(&letters),
                codes: twice(&codes),
                spread: twice(&spread),
                first: _mm256_set1_epi32(first as i32),
            }
        }

        /// Folds eight words to their ids.
        #[target_feature(enable = "avx2")]
        fn fold(&self, window: &[u8], k: usize) -> Option<__m256i> {
            // Packing works within halves of 128 bits: the even pairs of words go to one register, the odd to the other.
            let even = pair(window, 0, 4 * k)?;
            let odd = pair(window, 2 * k, 6 * k)?;
            let upper = _mm256_set1_epi8(0xdf_u8.cast_signed());
            let known = _mm256_and_si256(
                _mm256_cmpeq_epi8(_mm256_shuffle_epi8(self.letters, even), _mm256_and_si256(even, upper)),
                _mm256_cmpeq_epi8(_mm256_shuffle_epi8(self.letters, odd), _mm256_and_si256(odd, upper)),
            );
            if _mm256_movemask_epi8(known) != -1 {
                return None;
            }
            let fours = _mm256_packs_epi32(self.fours(even), self.fours(odd));
            let words = _mm256_madd_epi16(fours, _mm256_set1_epi32(0x0001_0100));
            Some(_mm256_add_epi32(words, self.first))
        }

        #[target_feature(enable = "avx2")]
        fn fours(&self, bases: __m256i) -> __m256i {
            let codes = _mm256_shuffle_epi8(_mm256_shuffle_epi8(self.codes, bases), self.spread);
            let pairs = _mm256_maddubs_epi16(codes, _mm256_set1_epi16(0x0104));
            _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x0001_0010))
        }
    }

    #[target_feature(enable = "avx2")]
    fn pair(window: &[u8], low: usize, high: usize) -> Option<__m256i> {
        let [a, b] = halves(window.get(low..)?.first_chunk()?);
        let [c, d] = halves(window.get(high..)?.first_chunk()?);
        Some(_mm256_set_epi64x(d, c, b, a))
    }

    #[target_feature(enable = "avx2")]
    fn twice(bytes: &[u8; LOAD]) -> __m256i {
        let [low, high] = halves(bytes);
        _mm256_set_epi64x(high, low, high, low)
    }

    fn halves(bytes: &[u8; LOAD]) -> [i64; 2] {
        let both = u128::from_le_bytes(*bytes);
        [both as i64, (both >> 64) as i64]
    }

    #[target_feature(enable = "avx2")]
    fn lanes(words: __m256i) -> [u64; 4] {
        [
            _mm256_extract_epi64::<0>(words).cast_unsigned(),
            _mm256_extract_epi64::<1>(words).cast_unsigned(),
            _mm256_extract_epi64::<2>(words).cast_unsigned(),
            _mm256_extract_epi64::<3>(words).cast_unsigned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_twins_agree(bases in "[ACGTacgt]{0,400}[ACGTNacgt\u{c3}]{0,400}", k in 1_usize..=8) {
            let (mut wide, mut safe) = (vec![7], vec![7]);
            let words = super::words(bases.as_bytes(), k, 9, &mut wide);
            prop_assert_eq!(words, crate::pack::words(bases.as_bytes(), k, 9, &mut safe));
            prop_assert_eq!(wide, safe);
        }
    }
}
