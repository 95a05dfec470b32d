//! From rows of tokens to batches that an encoder takes.

use std::ops::Range;

use dlm_sdk::{EncoderSpec, Error, Items, Result, TokenBatch, TokenId, Tokenizer};
use ndarray::Array2;

use super::Long;

/// The most rows and the most tokens, padding included, of a batch. Batches depend on the items alone.
const BATCH_ROWS: usize = 64;
const BATCH_TOKENS: usize = 8_192;

/// What an encoder wants around and beside the tokens of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) prefix: Option<TokenId>,
    pub(super) suffix: Option<TokenId>,
    pub(super) pad: TokenId,
    /// The most tokens of a row, without prefix and suffix.
    most: usize,
}

/// A stretch of an item's tokens that goes through the encoder at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) item: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) first: bool,
    pub(super) last: bool,
}

impl Piece {
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }
}

/// Items as pieces, and what became of those that are too long.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    pub(super) all: Vec<Piece>,
    /// Bases that were cut off.
    pub(super) cut: u64,
    /// Items that were cut into windows.
    pub(super) windowed: usize,
}

impl Frame {
    pub(super) fn new(encoder: &EncoderSpec, tokenizer: &dyn Tokenizer) -> Self {
        let mut frame = Self {
            prefix: encoder.prefix,
            suffix: encoder.suffix,
            pad: tokenizer.spec().special.pad.unwrap_or(0),
            most: 0,
        };
        frame.most = encoder.max_tokens.map_or(usize::MAX, |most| most.saturating_sub(frame.around()));
        frame
    }

    /// Returns how many tokens stand around a row.
    pub(super) fn around(&self) -> usize {
        self.before() + usize::from(self.suffix.is_some())
    }

    /// Returns how many tokens stand before a row.
    pub(super) fn before(&self) -> usize {
        usize::from(self.prefix.is_some())
    }

    /// Cuts items into pieces that the encoder takes, sorted by length: rows of like length share a batch. The sort is
    /// stable, so that batches are a function of the items.
    pub(super) fn pieces(
        &self,
        items: Items<'_>,
        tokens: &TokenBatch,
        long: Long,
        name: &str,
    ) -> Result<Pieces> {
        let mut pieces = Pieces { all: Vec::with_capacity(items.len()), ..Pieces::default() };
        for (item, row) in tokens.rows().enumerate() {
            let n = row.ids.len();
            let whole = Piece { item, start: 0, end: n, first: true, last: true };
            if n == 0 {
                return Err(Error::invalid(format!("item {}: it has no tokens", items.ids[item])));
            }
            if n <= self.most {
                pieces.all.push(whole);
                continue;
            }
            if self.most == 0 {
                return Err(Error::unsupported("the encoder takes no tokens but those around a row"));
            }
            match long {
                Long::Error => {
                    return Err(Error::invalid(format!(
                        "item {}: {n} tokens, encoder {name} takes {}",
                        items.ids[item], self.most
                    ))
                    .with_hint("say what to do by --long truncate or --long windows"));
                }
                Long::Truncate => {
                    let (kept, all) = (row.spans[self.most - 1].end, row.spans[n - 1].end);
                    pieces.cut += u64::from(all.saturating_sub(kept));
                    pieces.all.push(Piece { end: self.most, ..whole });
                }
                Long::Windows => {
                    pieces.windowed += 1;
                    let windows = n.div_ceil(self.most);
                    pieces.all.extend((0..windows).map(|window| Piece {
                        item,
                        start: window * n / windows,
                        end: (window + 1) * n / windows,
                        first: window == 0,
                        last: window + 1 == windows,
                    }));
                }
            }
        }
        pieces.all.sort_by_key(Piece::len);
        Ok(pieces)
    }

    /// Divides sorted pieces into batches.
    pub(super) fn batches(&self, pieces: &[Piece]) -> Vec<Range<usize>> {
        let (mut batches, mut start) = (Vec::new(), 0);
        while start < pieces.len() {
            let mut end = start + 1;
            while end < pieces.len()
                && end - start < BATCH_ROWS
                && (pieces[end].len() + self.around()) * (end + 1 - start) <= BATCH_TOKENS
            {
                end += 1;
            }
            batches.push(start..end);
            start = end;
        }
        batches
    }

    /// Makes the ids and the mask of a batch, `[rows, tokens]`.
    pub(super) fn tensors(&self, batch: &[Piece], tokens: &TokenBatch) -> (Array2<i64>, Array2<i64>) {
        let width = batch.iter().map(Piece::len).max().unwrap_or(0) + self.around();
        let mut ids = Array2::from_elem((batch.len(), width), i64::from(self.pad));
        let mut mask = Array2::zeros((batch.len(), width));
        for (row, piece) in batch.iter().enumerate() {
            let inner = &tokens.row(piece.item).ids[piece.start..piece.end];
            let all = self.prefix.iter().chain(inner).chain(self.suffix.iter());
            for (column, &id) in all.enumerate() {
                ids[[row, column]] = i64::from(id);
                mask[[row, column]] = 1;
            }
        }
        (ids, mask)
    }
}
