//! Drawing a piece of a mask.

use crate::random::counter::Key;

/// Counters at once.
const LANES: usize = 8;
/// Values that one round of counters decides: each block of 128 bits decides eight.
pub(super) const VALUES: usize = LANES * 8;

/// Fills a piece of a mask. `first` is its place in units of [`VALUES`].
#[expect(clippy::inline_always, reason = "it is compiled into functions for wider registers")]
#[inline(always)]
pub(super) fn fill(mask: &mut [u8], key: Key, dropped: u16, first: u32, words: [u32; 3]) {
    for (at, values) in mask.chunks_mut(VALUES).enumerate() {
        let base = (first + at as u32) * LANES as u32;
        let counters = std::array::from_fn(|lane| base + lane as u32);
        let blocks = key.blocks([counters, [words[0]; LANES], [words[1]; LANES], [words[2]; LANES]]);
        let mut draws = [0_u16; VALUES];
        for word in 0..4 {
            for lane in 0..LANES {
                let bits = blocks[word][lane];
                draws[word * 2 * LANES + lane] = bits as u16;
                draws[(word * 2 + 1) * LANES + lane] = (bits >> 16) as u16;
            }
        }
        // Compared apart, sixteen bits each: registers hold four times as many as together with the drawing.
        for (value, draw) in values.iter_mut().zip(&draws) {
            *value = u8::from(*draw >= dropped);
        }
    }
}
