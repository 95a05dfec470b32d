//! How much of a stretch each class covers.

use dlm_sdk::Strand;

/// The bases of a stretch that each class of a track covers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Overlap {
    pub(super) bases: u64,
    /// Covered by the class at all, on the forward and on the reverse strand: three numbers a class.
    pub(super) covered: Vec<[u64; 3]>,
}

impl Overlap {
    /// Returns the length of the stretch in bases.
    pub fn bases(&self) -> u64 {
        self.bases
    }

    /// Returns how many bases a class covers, whatever the strand.
    pub fn covered(&self, class: usize) -> u64 {
        self.covered.get(class).map_or(0, |covered| covered[0])
    }

    /// Returns the share of the stretch that a class covers, from 0 to 1.
    pub fn share(&self, class: usize) -> f64 {
        if self.bases == 0 { 0.0 } else { self.covered(class) as f64 / self.bases as f64 }
    }

    /// Returns the class that covers most, of equal ones the first; `None` if none covers a base.
    pub fn majority(&self) -> Option<usize> {
        let most = self.covered.iter().map(|covered| covered[0]).max().filter(|&most| most > 0)?;
        self.covered.iter().position(|covered| covered[0] == most)
    }

    /// Returns the strand of a class here, if it lies on one strand alone.
    pub fn strand(&self, class: usize) -> Option<Strand> {
        match self.covered.get(class)? {
            [_, 0, 0] => None,
            [_, _, 0] => Some(Strand::Forward),
            [_, 0, _] => Some(Strand::Reverse),
            _ => None,
        }
    }

    /// Returns the share of a class's bases with a strand that lie on the forward one; `None` without such bases.
    pub fn forward(&self, class: usize) -> Option<f64> {
        let [_, forward, reverse] = *self.covered.get(class)?;
        let both = forward + reverse;
        (both > 0).then(|| forward as f64 / both as f64)
    }

    /// Adds the bases of another stretch of the same track, for instance of another occurrence of a token.
    pub fn add(&mut self, other: &Self) {
        self.bases += other.bases;
        self.covered.resize(self.covered.len().max(other.covered.len()), [0; 3]);
        for (sum, more) in self.covered.iter_mut().zip(&other.covered) {
            sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
    }
}
