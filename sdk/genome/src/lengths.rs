//! How long each sequence of a genome is.

use std::collections::BTreeMap;

use crate::{Error, ErrorKind, Interval, Result, names};

/// The lengths of a genome's sequences, by name.
///
/// # Examples
///
/// ```
/// use dlm_genome::{Interval, Lengths};
///
/// let lengths: Lengths = [("chr21", 46_709_983)].into_iter().collect();
/// assert!(lengths.check(&Interval::new("chr21", 46_709_982, 46_709_983)?).is_ok());
/// assert!(lengths.check(&Interval::new("chr21", 46_709_982, 46_709_984)?).is_err());
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Lengths(BTreeMap<String, u64>);

impl<N: Into<String>> FromIterator<(N, u64)> for Lengths {
    fn from_iter<I: IntoIterator<Item = (N, u64)>>(lengths: I) -> Self {
        Self(lengths.into_iter().map(|(name, length)| (name.into(), length)).collect())
    }
}

impl Lengths {
    /// Returns the length of a sequence, if there is one of that name.
    pub fn get(&self, name: &str) -> Option<u64> {
        self.0.get(name).copied()
    }

    /// Returns names and lengths in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, &length)| (name.as_str(), length))
    }

    /// Checks that an interval lies within its sequence.
    ///
    /// # Errors
    ///
    /// There is no such sequence, or the interval ends past its end.
    pub fn check(&self, interval: &Interval) -> Result<()> {
        match self.get(interval.chromosome()) {
            None => Err(self.unknown(interval.chromosome())),
            Some(length) if interval.end() > length => Err(past_end(interval, length)),
            Some(_) => Ok(()),
        }
    }

    /// Returns whether a name exists only in its other spelling, `chr1` for `1`.
    pub(crate) fn misspells(&self, name: &str) -> bool {
        !self.0.contains_key(name) && self.0.contains_key(&names::other_spelling(name))
    }

    pub(crate) fn unknown(&self, name: &str) -> Error {
        names::unknown(name, self.0.keys().map(String::as_str))
    }
}

/// Says that an interval leaves its sequence.
pub(crate) fn past_end(interval: &Interval, length: u64) -> Error {
    let message = format!("interval {interval} ends past the end of its sequence, which has {length} bases");
    Error::new(ErrorKind::Bounds, message)
        .with_hint("intervals and genome may be of different builds, such as hg19 and hg38")
}
