//! Reverse-mode differentiation.

use std::fmt;

/// An operator that cannot be differentiated, on the way from a loss to a weight.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MissingRule {
    /// The operator's type, after its domain and a colon where it has one.
    pub operator: String,
    /// The node's name.
    pub node: String,
}

impl fmt::Display for MissingRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (`{}`)", self.operator, self.node)
    }
}
