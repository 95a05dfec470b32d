//! Cutting sequences into tokens.

mod items;

use std::{fmt, ops::ControlFlow, sync::Arc};

pub use items::ItemTokenizer;

use rayon::prelude::*;

use crate::Result;

/// The id of a token: its row in a model's embedding table.
pub type TokenId = u32;

/// The bases a token covers, half-open, counted from the start of its sequence.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(C)]
pub struct Span {
    /// The first base.
    pub start: u32,
    /// One past the last base.
    pub end: u32,
}

impl Span {
    /// Returns the number of bases.
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// Returns whether there are none.
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// A borrowed sequence of bases in ASCII, in any case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sequence<'a>(&'a [u8]);

impl<'a> Sequence<'a> {
    /// Borrows bases.
    pub fn new(bases: &'a [u8]) -> Self {
        Self(bases)
    }

    /// Returns the bases.
    pub fn bases(self) -> &'a [u8] {
        self.0
    }
}

/// How the spans of a sequence's tokens lie.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Coverage {
    /// They tile the sequence (byte-pair encoding, non-overlapping k-mers, single bases).
    #[default]
    Partition,
    /// They may overlap (DNABERT's k-mers).
    Overlap,
    /// Some bases belong to no token.
    Sparse,
}

/// The ids of the tokens that stand for no bases.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SpecialTokens {
    /// Fills rows of a batch up to one length.
    pub pad: Option<TokenId>,
    /// Stands for what has no token of its own, such as N.
    pub unk: Option<TokenId>,
    /// Opens a row.
    pub cls: Option<TokenId>,
    /// Closes a row.
    pub sep: Option<TokenId>,
    /// Hides a token that a model has to guess.
    pub mask: Option<TokenId>,
}

impl SpecialTokens {
    /// The ids of BERT-like vocabularies: padding 0, unknown 1, `[CLS]` 2, `[SEP]` 3, `[MASK]` 4.
    pub const BERT: Self = Self { pad: Some(0), unk: Some(1), cls: Some(2), sep: Some(3), mask: Some(4) };

    /// Returns the ids that are set.
    pub fn ids(&self) -> impl Iterator<Item = TokenId> {
        [self.pad, self.unk, self.cls, self.sep, self.mask].into_iter().flatten()
    }
}

/// What a tokenizer is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenizerSpec {
    /// A name for tables: `kmer:6`, `bpe-600`.
    pub name: String,
    /// How many ids there are, special ones included.
    pub vocab_size: u32,
    /// How spans lie.
    pub coverage: Coverage,
    /// The special tokens' ids.
    pub special: SpecialTokens,
    /// Changes whenever the tokens of some sequence would; a digest of vocabulary and rules.
    pub fingerprint: String,
}

impl TokenizerSpec {
    /// Creates a spec of a tokenizer whose spans tile the sequence and that has no special tokens.
    pub fn new(name: impl Into<String>, vocab_size: u32) -> Self {
        let name = name.into();
        Self {
            fingerprint: name.clone(),
            name,
            vocab_size,
            coverage: Coverage::Partition,
            special: SpecialTokens::default(),
        }
    }
}

/// Receives the tokens of one sequence after the other.
pub trait TokenSink {
    /// Takes the tokens of the next sequence; `Break` asks the tokenizer to stop.
    fn emit(&mut self, ids: &[TokenId], spans: &[Span]) -> ControlFlow<()>;
}

/// Cuts sequences into tokens.
pub trait Tokenizer: Send + Sync {
    /// Returns what this tokenizer is.
    fn spec(&self) -> &TokenizerSpec;

    /// Tokenizes each sequence and emits it, in order, once a sequence, without special tokens around it.
    ///
    /// # Errors
    ///
    /// [`Cancelled`](crate::ErrorKind::Cancelled) if the sink asked to stop;
    /// [`Invalid`](crate::ErrorKind::Invalid) for bases the tokenizer refuses.
    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()>;

    /// Returns the text of a token, upper case for bases; `None` for an id that is not there.
    fn token(&self, id: TokenId) -> Option<&str>;
}

impl fmt::Debug for dyn Tokenizer + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tokenizer").field(self.spec()).finish()
    }
}

impl<T: Tokenizer + ?Sized> Tokenizer for Box<T> {
    fn spec(&self) -> &TokenizerSpec {
        (**self).spec()
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        (**self).tokenize(sequences, sink)
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        (**self).token(id)
    }
}

impl<T: Tokenizer + ?Sized> Tokenizer for Arc<T> {
    fn spec(&self) -> &TokenizerSpec {
        (**self).spec()
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        (**self).tokenize(sequences, sink)
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        (**self).token(id)
    }
}

/// The tokens of one sequence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TokenRow<'a> {
    /// The ids.
    pub ids: &'a [TokenId],
    /// The bases each covers.
    pub spans: &'a [Span],
}

/// The tokens of a batch, row after row: the owned twin of [`TokenRow`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TokenBatch {
    ids: Vec<TokenId>,
    spans: Vec<Span>,
    ends: Vec<usize>,
}

impl TokenBatch {
    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the number of tokens in all rows.
    pub fn n_tokens(&self) -> usize {
        self.ids.len()
    }

    /// Returns a row.
    ///
    /// # Panics
    ///
    /// If there are not that many rows.
    pub fn row(&self, index: usize) -> TokenRow<'_> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        let range = start..self.ends[index];
        TokenRow { ids: &self.ids[range.clone()], spans: &self.spans[range] }
    }

    /// Returns all rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = TokenRow<'_>> {
        (0..self.len()).map(|index| self.row(index))
    }

    /// Appends the rows of another batch.
    pub fn append(&mut self, other: &Self) {
        let offset = self.ids.len();
        self.ids.extend_from_slice(&other.ids);
        self.spans.extend_from_slice(&other.spans);
        self.ends.extend(other.ends.iter().map(|end| end + offset));
    }
}

impl TokenSink for TokenBatch {
    fn emit(&mut self, ids: &[TokenId], spans: &[Span]) -> ControlFlow<()> {
        self.ids.extend_from_slice(ids);
        self.spans.extend_from_slice(spans);
        self.ends.push(self.ids.len());
        ControlFlow::Continue(())
    }
}

/// What callers use. Implementers write [`Tokenizer`] and get this.
pub trait TokenizerExt: Tokenizer {
    /// Tokenizes a batch on all threads and collects it, in order.
    fn batch(&self, sequences: &[Sequence<'_>]) -> Result<TokenBatch> {
        let parts: Vec<TokenBatch> = sequences
            .par_chunks(256)
            .map(|chunk| {
                let mut part = TokenBatch::default();
                self.tokenize(chunk, &mut part).map(|()| part)
            })
            .collect::<Result<_>>()?;
        let mut parts = parts.into_iter();
        let mut batch = parts.next().unwrap_or_default();
        parts.for_each(|part| batch.append(&part));
        Ok(batch)
    }
}

impl<T: Tokenizer + ?Sized> TokenizerExt for T {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appended_rows_keep_their_places() {
        let mut first = TokenBatch::default();
        let mut second = TokenBatch::default();
        let _ = first.emit(&[7], &[Span { start: 0, end: 2 }]);
        let _ = second.emit(&[], &[]);
        let _ = second.emit(&[8, 9], &[Span { start: 0, end: 1 }, Span { start: 1, end: 4 }]);
        first.append(&second);
        let ids: Vec<_> = first.rows().map(|row| row.ids.to_vec()).collect();
        assert_eq!(ids, [vec![7], vec![], vec![8, 9]]);
        assert_eq!(first.row(2).spans[1].len(), 3);
    }
}
