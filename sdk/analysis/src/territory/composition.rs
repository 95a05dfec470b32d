//! What needs no model: GC and the frequencies of short words.

/// The longest word.
const LONGEST: usize = 8;

/// How a stretch of DNA is composed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Composition {
    /// The length of the words, 1 to 8.
    pub k: usize,
}

impl Composition {
    /// Returns how many features there are: GC and a frequency a word.
    ///
    /// # Panics
    ///
    /// If words are not 1 to 8 bases long.
    pub fn features(self) -> usize {
        assert!((1..=LONGEST).contains(&self.k), "words of 1 to {LONGEST} bases");
        1 + (1 << (2 * self.k))
    }
}

/// Returns the share of G and C among known bases, then the frequency of each word of `k` bases among all places whose
/// bases are known, in the order of A, C, G, T. Zeros, if there is no such place.
///
/// # Examples
///
/// ```
/// use dlm_analysis::territory::{Composition, composition};
///
/// assert_eq!(composition(b"GGGA", Composition { k: 1 }), [0.75, 0.25, 0.0, 0.75, 0.0]);
/// ```
///
/// # Panics
///
/// If words are not 1 to 8 bases long.
pub fn composition(bases: &[u8], of: Composition) -> Vec<f32> {
    let mut counts = vec![0_u32; of.features()];
    let (mut word, mut length, mut places, mut known) = (0_usize, 0, 0_u32, 0_u32);
    let mask = (1 << (2 * of.k)) - 1;
    for base in bases {
        let code = match base.to_ascii_uppercase() {
            b'A' => 0,
            b'C' => 1,
            b'G' => 2,
            b'T' => 3,
            _ => {
                length = 0;
                continue;
            }
        };
        known += 1;
        counts[0] += u32::from(code == 1 || code == 2);
        word = (word << 2 | code) & mask;
        length += 1;
        if length >= of.k {
            counts[1 + word] += 1;
            places += 1;
        }
    }
    let share = |(index, count): (usize, &u32)| {
        let of = if index == 0 { known } else { places };
        *count as f32 / of.max(1) as f32
    };
    counts.iter().enumerate().map(share).collect()
}
