//! Examples as what graphs take.

use dlm_sdk::{Error, Result, TokenId};
use ndarray::{Array2, Axis};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::head::POOL_WEIGHTS;
use crate::step::Feed;

/// Examples that can be put together to batches.
pub(super) trait Rows {
    /// Returns how many there are.
    fn len(&self) -> usize;

    /// Returns the length of an example.
    fn length(&self, at: usize) -> usize;

    /// Returns the columns of the graph for examples of some length: few, so that few graphs are compiled.
    fn columns(&self, length: usize) -> usize;

    /// Returns how many columns of a row come before its first token.
    fn first(&self) -> usize {
        0
    }

    /// Makes what the graph takes. Rows past the examples hold something that nothing looks at.
    fn feeds(&self, chosen: &[usize], rows: usize, columns: usize) -> Vec<(String, Feed)>;

    /// Adds all examples to a digest.
    fn digest(&self, hasher: &mut Sha256);
}

/// The name of features among the inputs of a graph.
pub(super) const FEATURES: &str = "features";

/// Vectors of numbers, one an example, `[examples, width]`.
#[derive(Clone, Debug)]
pub(super) struct Features(pub(super) Array2<f32>);

impl Rows for Features {
    fn len(&self) -> usize {
        self.0.nrows()
    }

    fn length(&self, _: usize) -> usize {
        self.0.ncols()
    }

    fn columns(&self, length: usize) -> usize {
        length
    }

    fn feeds(&self, chosen: &[usize], rows: usize, columns: usize) -> Vec<(String, Feed)> {
        let mut batch = Array2::<f32>::zeros((rows, columns));
        for (&at, mut row) in chosen.iter().zip(batch.axis_iter_mut(Axis(0))) {
            row.assign(&self.0.row(at));
        }
        vec![(FEATURES.into(), Feed::F32(batch.into_dyn()))]
    }

    fn digest(&self, hasher: &mut Sha256) {
        hasher.update((self.0.ncols() as u64).to_le_bytes());
        self.0.iter().for_each(|value| hasher.update(value.to_le_bytes()));
    }
}

/// The tokens of examples, without special ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tokens {
    /// The ids of each example.
    pub rows: Vec<Vec<TokenId>>,
}

/// What surrounds the tokens of a row.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Frame {
    /// The id put before each row, if any.
    pub prefix: Option<TokenId>,
    /// The id put after each row, if any.
    pub suffix: Option<TokenId>,
    /// The id that fills rows.
    pub pad: TokenId,
    /// The longest row, special tokens included; `None`: any.
    pub most: Option<usize>,
}

impl Frame {
    fn special(&self) -> usize {
        usize::from(self.prefix.is_some()) + usize::from(self.suffix.is_some())
    }
}

/// Examples of one kind, framed.
#[derive(Clone, Debug)]
pub(super) struct Framed {
    tokens: Tokens,
    frame: Frame,
    pooled: bool,
}

impl Framed {
    /// Frames examples. `pooled` says that the head takes a weighted mean of tokens.
    pub(super) fn new(tokens: Tokens, frame: Frame, pooled: bool) -> Result<Self> {
        for (at, row) in tokens.rows.iter().enumerate() {
            let length = row.len() + frame.special();
            if frame.most.is_some_and(|most| length > most) {
                return Err(Error::invalid(format!(
                    "example {at} has {length} tokens with special ones, and the model takes {}",
                    frame.most.unwrap_or(0)
                ))
                .with_hint("cut long records beforehand"));
            }
        }
        Ok(Self { tokens, frame, pooled })
    }
}

impl Rows for Framed {
    fn len(&self) -> usize {
        self.tokens.rows.len()
    }

    fn length(&self, at: usize) -> usize {
        self.tokens.rows[at].len() + self.frame.special()
    }

    fn columns(&self, length: usize) -> usize {
        let step = match length {
            0..=128 => 32,
            129..=256 => 64,
            _ => 128,
        };
        let columns = length.max(1).next_multiple_of(step);
        self.frame.most.map_or(columns, |most| columns.min(most)).max(length)
    }

    fn first(&self) -> usize {
        usize::from(self.frame.prefix.is_some())
    }

    fn feeds(&self, chosen: &[usize], rows: usize, columns: usize) -> Vec<(String, Feed)> {
        let mut ids = Array2::from_elem((rows, columns), i64::from(self.frame.pad));
        let mut mask = Array2::<i64>::zeros((rows, columns));
        let mut weights = Array2::<f32>::zeros((rows, columns));
        mask.column_mut(0).fill(1);
        for (row, &at) in chosen.iter().enumerate() {
            let tokens = &self.tokens.rows[at];
            let framed = self.frame.prefix.iter().chain(tokens).chain(&self.frame.suffix);
            for (column, &id) in framed.enumerate() {
                ids[(row, column)] = i64::from(id);
                mask[(row, column)] = 1;
            }
            let first = self.first();
            for column in first..first + tokens.len() {
                weights[(row, column)] = 1.0 / tokens.len() as f32;
            }
        }
        let mut feeds = vec![
            (super::IDS.into(), Feed::I64(ids.into_dyn())),
            (super::MASK.into(), Feed::I64(mask.into_dyn())),
        ];
        if self.pooled {
            feeds.push((POOL_WEIGHTS.into(), Feed::F32(weights.into_dyn())));
        }
        feeds
    }

    fn digest(&self, hasher: &mut Sha256) {
        hasher.update(format!("{:?}", self.frame));
        for row in &self.tokens.rows {
            hasher.update((row.len() as u64).to_le_bytes());
            for id in row {
                hasher.update(id.to_le_bytes());
            }
        }
    }
}
