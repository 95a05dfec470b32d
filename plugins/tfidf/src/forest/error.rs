//! What goes wrong when a forest is fitted or asked.

use std::error::Error;

/// A reason for which a forest could not be fitted or asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForestError {
    /// A parameter has a value it cannot have.
    #[error("parameter {name} {reason}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// A row of a matrix is malformed.
    #[error("row {row}: {reason}")]
    Record {
        /// The row, counted from zero.
        row: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A target is out of range.
    #[error("target {row}: {reason}")]
    Target {
        /// The row, counted from zero.
        row: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// Two things that belong together have different sizes.
    #[error("{what}: expected {expected}, found {found}")]
    Shape {
        /// What has the wrong size.
        what: &'static str,
        /// The size it should have.
        expected: usize,
        /// The size it has.
        found: usize,
    },
    /// An error of the machine-learning framework.
    #[error("the framework refused the data set")]
    Framework(#[source] Box<dyn Error + Send + Sync>),
}

impl From<ForestError> for dlm_sdk::Error {
    fn from(error: ForestError) -> Self {
        Self::invalid(error.to_string()).with_source(error)
    }
}
