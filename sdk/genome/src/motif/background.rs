//! How often each base occurs anyway.

use crate::{Error, ErrorKind, Result};

/// What FIMO adds to each frequency before it is scaled to a sum of one, so that none is zero.
const FLOOR: f64 = 0.000_000_5;

/// The frequencies of A, C, G and T in sequence that is no site; they add up to one and none is zero.
///
/// # Examples
///
/// ```
/// use dlm_genome::motif::Background;
///
/// let forward = Background::nrdb();
/// let both = forward.over_both_strands();
/// assert!(forward.frequencies()[0] > forward.frequencies()[3]);
/// assert_eq!(both.frequencies()[0], both.frequencies()[3]);
/// assert!(Background::new([0.5, 0.5, 0.5, -0.5]).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Background([f64; 4]);

impl Background {
    /// Creates a background from frequencies or counts of A, C, G and T.
    ///
    /// # Errors
    ///
    /// One is negative or no number, or all are zero.
    pub fn new(frequencies: [f64; 4]) -> Result<Self> {
        let sum: f64 = frequencies.iter().sum();
        if frequencies.iter().any(|frequency| !frequency.is_finite() || *frequency < 0.0)
            || sum <= 0.0
            || !sum.is_finite()
        {
            return Err(Error::new(
                ErrorKind::Setting,
                format!("background {frequencies:?} is not four frequencies of A, C, G and T"),
            )
            .with_hint("frequencies are at least zero and add up to one"));
        }
        Ok(Self(frequencies.map(|frequency| frequency / sum)).floored())
    }

    /// Returns a quarter for each base.
    pub fn uniform() -> Self {
        Self([0.25; 4])
    }

    /// Returns the frequencies of a non-redundant database of DNA, which FIMO takes when it is given none.
    pub fn nrdb() -> Self {
        Self([0.281_774, 0.222_020, 0.228_876, 0.267_330]).floored()
    }

    /// Counts the bases of sequences; what is not A, C, G or T is left out.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn of<'b>(sequences: impl IntoIterator<Item = &'b [u8]>) -> Result<Self> {
        let mut counts = [0_u64; 4];
        for bases in sequences {
            for code in bases.iter().filter_map(|&base| dlm_sdk::dna::code(base)) {
                counts[usize::from(code)] += 1;
            }
        }
        Self::new(counts.map(|count| count as f64))
    }

    /// Averages each frequency with that of its complement, as a scan of both strands wants it.
    #[must_use]
    pub fn over_both_strands(&self) -> Self {
        let [a, c, g, t] = self.0;
        let (at, cg) = (f64::midpoint(a, t), f64::midpoint(c, g));
        Self([at, cg, cg, at])
    }

    /// Returns the frequencies of A, C, G and T.
    pub fn frequencies(&self) -> [f64; 4] {
        self.0
    }

    /// Keeps every frequency off zero.
    fn floored(self) -> Self {
        let sum = 4.0 * FLOOR + self.0.iter().sum::<f64>();
        Self(self.0.map(|frequency| (frequency + FLOOR) / sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_bases_leave_out_n() {
        let background = Background::of([&b"AACGNNN"[..], b"t"]).unwrap();
        for (found, expected) in background.frequencies().iter().zip([0.4, 0.2, 0.2, 0.2]) {
            assert!((found - expected).abs() < 1e-5, "{background:?}");
        }
        assert!(Background::of([&b"NNN"[..]]).is_err());
        assert!(Background::new([f64::MAX; 4]).is_err());
    }
}
