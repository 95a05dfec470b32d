//! Drawing a piece of a mask.

use crate::random::counter::Key;

/// Counters at once.
const LANES: usize = 8;
/// Values that one round of counters decides: each block of 128 bits decides eight.
pub(super) const VALUES: usize = LANES * 8;

/// Fills a piece of a mask. `first` is its place in units of [`VALUES`].
#[expect(clippy::inline_always, reason = "it is compiled into functions for wider registers")]
#[inline(always)]
pub(super) fn fill(mask: &mut [u8], key: Key, dropped: u32, first: u32, words: [u32; 3]) {
    for (at, values) in mask.chunks_mut(VALUES).enumerate() {
        let base = (first + at as u32) * LANES as u32;
        let counters = std::array::from_fn(|lane| base + lane as u32);
        let blocks = key.blocks([counters, [words[0]; LANES], [words[1]; LANES], [words[2]; LANES]]);
        let mut kept = [0; VALUES];
        for word in 0..4 {
            for lane in 0..LANES {
                let bits = blocks[word][lane];
                kept[word * 2 * LANES + lane] = u8::from(bits & 0xFFFF >= dropped);
                kept[(word * 2 + 1) * LANES + lane] = u8::from(bits >> 16 >= dropped);
            }
        }
        values.copy_from_slice(&kept[..values.len()]);
    }
}
