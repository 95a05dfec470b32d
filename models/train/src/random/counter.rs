//! Random numbers by counting: the n-th number without those before it.
//!
//! Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.3) turns
//! a counter of 128 bits and a key of 64 bits into 128 random bits by ten rounds of multiplication. Since there is no
//! state, any part of a mask can be made by any thread, and a training that is resumed at step t draws what it would
//! have drawn. Here the key comes from a named stream of the seed, and the counter holds what the numbers are for.

use dlm_sdk::random::Stream;

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// A key: which seed and purpose the numbers belong to.
///
/// # Examples
///
/// ```
/// use dlm_train::random::counter::Key;
///
/// let dropout = Key::new(7, "dropout");
/// assert_eq!(dropout.block([5, 0, 0, 0]), dropout.block([5, 0, 0, 0]));
/// assert_ne!(dropout.block([5, 0, 0, 0]), dropout.block([6, 0, 0, 0]));
/// assert_ne!(dropout, Key::new(8, "dropout"));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Key([u32; 2]);

impl Key {
    /// Takes the key from a named stream of a seed.
    pub fn new(seed: u64, name: &str) -> Self {
        let key = Stream::new(seed, name).next_u64();
        Self([key as u32, (key >> 32) as u32])
    }

    /// Returns the random bits of a counter.
    pub fn block(self, counter: [u32; 4]) -> [u32; 4] {
        let lanes = counter.map(|word| [word]);
        self.blocks(lanes).map(|[word]| word)
    }

    /// Returns the random bits of several counters at once. Word by word they lie side by side, as registers take them.
    #[expect(clippy::inline_always, reason = "it is compiled into functions for wider registers")]
    #[inline(always)]
    pub(crate) fn blocks<const N: usize>(self, mut x: [[u32; N]; 4]) -> [[u32; N]; 4] {
        let mut key = self.0;
        for _ in 0..ROUNDS {
            let mut next = [[0_u32; N]; 4];
            for lane in 0..N {
                let first = u64::from(MULTIPLIERS[0]) * u64::from(x[0][lane]);
                let second = u64::from(MULTIPLIERS[1]) * u64::from(x[2][lane]);
                next[0][lane] = (second >> 32) as u32 ^ x[1][lane] ^ key[0];
                next[1][lane] = second as u32;
                next[2][lane] = (first >> 32) as u32 ^ x[3][lane] ^ key[1];
                next[3][lane] = first as u32;
            }
            x = next;
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that come with the authors' own code (`kat_vectors` of Random123).
    #[test]
    fn the_known_answers_are_given() {
        let zeros = Key([0; 2]).block([0; 4]);
        assert_eq!(zeros, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        let ones = Key([u32::MAX; 2]).block([u32::MAX; 4]);
        assert_eq!(ones, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let pi = Key([0xa409_3822, 0x299f_31d0]).block([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]);
        assert_eq!(pi, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn many_at_once_are_the_same_as_one_by_one() {
        let key = Key::new(1, "test");
        let counters = [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]];
        let blocks = key.blocks(counters);
        for lane in 0..3 {
            let one = key.block(counters.map(|word| word[lane]));
            assert_eq!(one, blocks.map(|word| word[lane]));
        }
    }
}
