//! A number and where it comes from.

use serde::{Deserialize, Serialize};

/// Whether a number stands in the paper.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Origin {
    /// It does.
    #[serde(rename = "as written")]
    AsWritten,
    /// It was worked out.
    #[serde(rename = "resolved")]
    Resolved,
}

impl Origin {
    /// Returns the words that presets use.
    pub fn name(self) -> &'static str {
        match self {
            Self::AsWritten => "as written",
            Self::Resolved => "resolved",
        }
    }
}

/// A value with its origin.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stated<T> {
    /// The value.
    pub value: T,
    /// Whether it stands in the paper.
    pub origin: Origin,
    /// Where it stands, or what it was worked out from.
    pub source: String,
}
