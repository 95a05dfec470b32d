//! One sequence with its name.

use std::ops::Range;

/// A sequence of upper-case A, C, G, T and N with its name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Record {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) bases: Vec<u8>,
    pub(super) soft_mask: Vec<Range<u64>>,
    pub(super) ambiguous: u64,
}

impl Record {
    /// Returns the name: the header up to its first blank.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what follows the name in the header.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Returns the bases.
    pub fn bases(&self) -> &[u8] {
        &self.bases
    }

    /// Returns the bases, without copying them.
    pub fn into_bases(self) -> Vec<u8> {
        self.bases
    }

    /// Returns the stretches that were lower case, ascending and apart from each other, if the reader was asked to keep
    /// them; positions are 0-based and half-open.
    pub fn soft_mask(&self) -> &[Range<u64>] {
        &self.soft_mask
    }

    /// Returns how many ambiguous codes became N.
    pub fn ambiguous(&self) -> u64 {
        self.ambiguous
    }

    /// Makes a record of what another format holds: bases of A, C, G, T and N.
    pub(crate) fn unpacked(name: String, bases: Vec<u8>, soft_mask: Vec<Range<u64>>) -> Self {
        Self { name, description: None, bases, soft_mask, ambiguous: 0 }
    }

    pub(crate) fn shrink(&mut self) {
        self.bases.shrink_to_fit();
        self.soft_mask.shrink_to_fit();
    }

    pub(super) fn clear(&mut self) {
        self.name.clear();
        self.description = None;
        self.bases.clear();
        self.soft_mask.clear();
        self.ambiguous = 0;
    }
}
