//! Tokenizing a task's items, with the boundaries that the task may have fixed.

use std::{collections::BTreeMap, sync::OnceLock};

use rayon::prelude::*;

use super::{Span, TokenBatch, TokenId, TokenSink as _, Tokenizer, TokenizerExt as _};
use crate::{Error, Items, Result, Sequence};

/// Tokenizes items for models and baselines alike.
///
/// Where a task fixes token boundaries (Prom300's negatives are shuffled tokens), each piece is looked up as one token
/// by its text, and spans follow the pieces. A piece that is no token of the tokenizer makes the task unsupported for
/// it: cutting the piece again would answer another question.
pub struct ItemTokenizer<'t> {
    tokenizer: &'t dyn Tokenizer,
    pieces: OnceLock<BTreeMap<&'t [u8], TokenId>>,
}

impl<'t> ItemTokenizer<'t> {
    /// Borrows a tokenizer.
    pub fn new(tokenizer: &'t dyn Tokenizer) -> Self {
        Self { tokenizer, pieces: OnceLock::new() }
    }

    /// Tokenizes items on all threads, a row each, in order, without special tokens around them.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if a fixed piece is no token of the tokenizer, and whatever
    /// tokenizing fails with.
    pub fn tokenize(&self, items: Items<'_>) -> Result<TokenBatch> {
        let Some(cuts) = items.cuts else { return self.tokenizer.batch(items.sequences) };
        let pieces = self.pieces.get_or_init(|| self.table());
        let rows: Vec<_> = (items.sequences, cuts, items.ids)
            .into_par_iter()
            .map(|(sequence, cuts, id)| self.look_up(pieces, *sequence, cuts, *id))
            .collect::<Result<_>>()?;
        let mut batch = TokenBatch::default();
        for (ids, spans) in rows {
            let _ = batch.emit(&ids, &spans);
        }
        Ok(batch)
    }

    fn table(&self) -> BTreeMap<&'t [u8], TokenId> {
        let spec = self.tokenizer.spec();
        let special: Vec<TokenId> = spec.special.ids().collect();
        (0..spec.vocab_size)
            .rev()
            .filter(|id| !special.contains(id))
            .filter_map(|id| self.tokenizer.token(id).map(|text| (text.as_bytes(), id)))
            .collect()
    }

    fn look_up(
        &self,
        pieces: &BTreeMap<&[u8], TokenId>,
        sequence: Sequence<'_>,
        cuts: &[u32],
        item: u64,
    ) -> Result<(Vec<TokenId>, Vec<Span>)> {
        let bases = sequence.bases().to_ascii_uppercase();
        let mut start = 0;
        let mut ids = Vec::with_capacity(cuts.len());
        let mut spans = Vec::with_capacity(cuts.len());
        for &end in cuts {
            let piece = &bases[start as usize..end as usize];
            let unknown = if piece == b"N" { self.tokenizer.spec().special.unk } else { None };
            let id = pieces.get(piece).copied().or(unknown).ok_or_else(|| {
                Error::unsupported(format!(
                    "item {item}: its token boundaries were made by another tokenizer, {} has no token {:?}",
                    self.tokenizer.spec().name,
                    String::from_utf8_lossy(piece)
                ))
            })?;
            ids.push(id);
            spans.push(Span { start, end });
            start = end;
        }
        Ok((ids, spans))
    }
}

impl std::fmt::Debug for ItemTokenizer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ItemTokenizer").field(self.tokenizer.spec()).finish()
    }
}
