//! How long the pieces are that a genome is cut into.

use std::str::FromStr;

use dlm_sdk::{Error, Result};

/// How many bases a model is given.
pub(crate) const INPUT: usize = 50;

/// The pieces a genome is cut into; input and target are the first bases of each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Form {
    /// 56 bases: the input and the longest k-mer.
    #[default]
    Segments,
    /// 510 bases, of which the ones behind the k-mer are not used: the paper's text taken literally.
    Windows510,
}

impl Form {
    /// Returns the length of a piece, which is also the step of the grid.
    pub fn length(self) -> usize {
        match self {
            Self::Segments => 56,
            Self::Windows510 => 510,
        }
    }

    /// Returns the name used in specs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Segments => "segments",
            Self::Windows510 => "windows510",
        }
    }
}

impl FromStr for Form {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Segments, Self::Windows510].into_iter().find(|form| form.name() == text).ok_or_else(|| {
            Error::invalid(format!("no form is called {text:?}")).with_hint("segments or windows510")
        })
    }
}
