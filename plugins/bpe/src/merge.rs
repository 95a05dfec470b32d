//! One rule of a vocabulary.

use std::{fmt, sync::Arc};

/// Two neighbouring tokens that become one.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Merge {
    /// The text of the left token.
    pub left: Arc<str>,
    /// The text of the right token.
    pub right: Arc<str>,
}

/// Writes the two texts with a space between, as merge files do.
impl fmt::Display for Merge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.left, self.right)
    }
}
