//! How a probe reads an encoder.

use std::{
    str::FromStr,
    sync::{Arc, atomic::AtomicU64},
};

use dlm_sdk::{Error, spec::nearest};

use super::EmbeddingCache;
use crate::{context::Cancellation, results::Protocol};

/// How one vector is made of a row of hidden states. Mean and max are taken over real tokens, not over special ones.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pool {
    /// The state of the token before the row.
    Cls,
    /// The mean over tokens.
    Mean,
    /// The highest value over tokens.
    Max,
    /// The state of the last real token.
    Last,
}

impl Pool {
    const ALL: [Self; 4] = [Self::Cls, Self::Mean, Self::Max, Self::Last];

    /// Returns the name used in flags and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cls => "cls",
            Self::Mean => "mean",
            Self::Max => "max",
            Self::Last => "last",
        }
    }
}

impl FromStr for Pool {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        named("pool", text, Self::ALL, Self::name)
    }
}

/// What happens to an item of more tokens than an encoder takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Long {
    /// The cell fails.
    Error,
    /// Its last tokens are cut off, and their bases counted.
    Truncate,
    /// It is cut into windows of nearly equal numbers of tokens. Their means are weighed by their tokens, their maxima
    /// folded, the first window's first state and the last window's last state taken.
    Windows,
}

impl Long {
    const ALL: [Self; 3] = [Self::Error, Self::Truncate, Self::Windows];

    /// Returns the name used in flags and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Truncate => "truncate",
            Self::Windows => "windows",
        }
    }
}

impl FromStr for Long {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        named("long", text, Self::ALL, Self::name)
    }
}

/// What is fitted on frozen vectors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HeadKind {
    /// Logistic regression; ridge regression for values.
    Logistic,
    /// A random forest.
    Forest,
}

impl HeadKind {
    const ALL: [Self; 2] = [Self::Logistic, Self::Forest];

    /// Returns the name used in flags and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Logistic => "logistic",
            Self::Forest => "forest",
        }
    }

    /// Returns whether another seed may give another head.
    pub fn seeded(self) -> bool {
        self == Self::Forest
    }
}

impl FromStr for HeadKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        named("head", text, Self::ALL, Self::name)
    }
}

pub(crate) fn named<T: Copy, const N: usize>(
    what: &str,
    text: &str,
    all: [T; N],
    name: fn(T) -> &'static str,
) -> Result<T, Error> {
    all.into_iter().find(|value| name(*value) == text).ok_or_else(|| {
        let error = Error::invalid(format!("{what} {text:?} is not known"));
        match nearest(text, all.map(name)) {
            Some(near) => error.with_hint(format!("did you mean {near:?}?")),
            None => error.with_hint(format!("known are {}", all.map(name).join(", "))),
        }
    })
}

/// How a probe reads an encoder, and whom it tells.
#[derive(Clone, Debug)]
pub struct Options {
    /// How rows are pooled.
    pub pool: Pool,
    /// The layer: 0 the embeddings, 1..n, -1 the last.
    pub layer: i64,
    /// What happens to items that are too long.
    pub long: Long,
    /// What is fitted on the vectors.
    pub head: HeadKind,
    /// Whether the head's setting is fixed or chosen.
    pub protocol: Protocol,
    /// The seed of a head that draws.
    pub seed: u64,
    /// Where vectors are kept; `None`: nowhere.
    pub cache: Option<EmbeddingCache>,
    /// The device that runs the encoder: another one may give other last bits.
    pub device: String,
    /// Counts the bases that were cut off.
    pub cut: Arc<AtomicU64>,
    /// Whether to stop.
    pub cancellation: Cancellation,
}
