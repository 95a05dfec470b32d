//! The wide twin of [`replace`](super::replace): 64 bytes at a time, with the bit instructions BMI2.
//!
//! Which bytes open a pair and which close one is worked out in the bits of two words; the bytes that stay are then
//! gathered, eight at a time.

#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "calling a function of a processor feature that was found at run time")
)]

use super::replace::{self, Pair};

/// As [`replace::replace`], with the widest instructions this processor has.
pub(super) fn replace(tokens: &mut [u8], from: usize, pair: Pair) -> usize {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("bmi2") && std::arch::is_x86_feature_detected!("popcnt") {
        // SAFETY: the processor has BMI2 and POPCNT.
        return unsafe { wide::replace(tokens, from, pair) };
    }
    replace::replace(tokens, from, pair)
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8, _pdep_u64, _pext_u64,
    };

    use super::super::replace::{Pair, go_on};

    const STEP: usize = 64;
    const EVEN: u64 = 0x5555_5555_5555_5555;
    /// The lowest bit of each byte.
    const LOWEST: u64 = 0x0101_0101_0101_0101;

    #[target_feature(enable = "sse2,bmi2,popcnt")]
    pub(super) fn replace(tokens: &mut [u8], mut from: usize, pair: Pair) -> usize {
        let results = LOWEST * u64::from(pair.result);
        let (mut length, mut opens) = (0, false);
        while let Some(step) = tokens[from..].first_chunk::<STEP>() {
            let words: [u64; 8] = std::array::from_fn(|word| {
                u64::from_le_bytes(std::array::from_fn(|byte| step[8 * word + byte]))
            });
            let lefts = equal(&words, pair.left);
            let (first, second) = if pair.left == pair.right {
                alternate(lefts, opens)
            } else {
                let rights = equal(&words, pair.right);
                (lefts, lefts << 1 & rights | u64::from(opens) & rights)
            };
            if second & 1 == 1 {
                // Its first has been moved already.
                tokens[length - 1] = pair.result;
            }
            opens = first >> 63 == 1;
            let joined = first & second >> 1;
            for (index, word) in words.into_iter().enumerate() {
                let joined = spread(joined >> (8 * index));
                let kept = spread(!second >> (8 * index));
                let word = word & !joined | results & joined;
                // Never beyond the bytes of this step that are read already.
                tokens[length..length + 8].copy_from_slice(&_pext_u64(word, kept).to_le_bytes());
                length += (kept.count_ones() / 8) as usize;
            }
            from += STEP;
        }
        go_on(tokens, from, length, opens, pair)
    }

    /// Tells which bytes have a value, the first in the lowest bit.
    #[target_feature(enable = "sse2,bmi2,popcnt")]
    fn equal(words: &[u64; 8], value: u8) -> u64 {
        let value = _mm_set1_epi8(value as i8);
        words.chunks_exact(2).enumerate().fold(0, |bits, (index, words)| {
            let bytes = _mm_set_epi64x(words[1] as i64, words[0] as i64);
            bits | (_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, value)) as u64) << (16 * index)
        })
    }

    /// Takes the bits of each run in turn as firsts and seconds; if the bit before the lowest was a first, the lowest is
    /// a second.
    fn alternate(bits: u64, opens: bool) -> (u64, u64) {
        let starts = bits & !(bits << 1) & EVEN & !u64::from(opens);
        // The carry of the sum runs through those runs that start at an even place.
        let even = bits & !bits.wrapping_add(starts);
        let odd = bits & !even;
        (even & EVEN | odd & !EVEN, even & !EVEN | odd & EVEN)
    }

    /// Makes a byte, all ones or all zeros, of each of the lowest eight bits.
    #[target_feature(enable = "sse2,bmi2,popcnt")]
    fn spread(bits: u64) -> u64 {
        _pdep_u64(bits, LOWEST) * 0xff
    }
}

#[cfg(test)]
mod tests {
    use dlm_sdk::random::Stream;

    use super::super::replace::{self, Pair};

    #[test]
    fn both_twins_replace_the_same() {
        let mut stream = Stream::new(3, "replace");
        for round in 0..4000 {
            let letters = 1 + stream.below(4);
            let length = stream.below(400);
            let mut token = 0;
            let tokens: Vec<u8> = (0..length)
                .map(|_| {
                    // Runs of all lengths.
                    if stream.below(3) == 0 {
                        token = stream.below(letters + 1) as u8;
                    }
                    token
                })
                .collect();
            let pair =
                Pair { left: stream.below(letters) as u8, right: stream.below(letters) as u8, result: 9 };
            let from = stream.below(length.min(70) + 1);
            let (mut plain, mut wide) = (tokens.clone(), tokens.clone());
            let kept = replace::replace(&mut plain, from, pair);
            assert_eq!(super::replace(&mut wide, from, pair), kept, "round {round}");
            assert_eq!(wide[..kept], plain[..kept], "round {round}: {pair:?} in {:?}", &tokens[from..]);
        }
    }
}
