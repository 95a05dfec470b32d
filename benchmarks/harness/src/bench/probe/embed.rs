//! One vector an item.

use std::sync::atomic::Ordering;

use dlm_sdk::{Encoder, Error, ItemTokenizer, Items, Result, TokenBatch, TokenTensor, Tokenizer};
use ndarray::{Array2, Array3, ArrayView2, ArrayViewMut1, Axis, s};

use super::{Long, Options, Pool};

/// The most rows and the most tokens, padding included, of a batch. Batches depend on the items alone.
const BATCH_ROWS: usize = 64;
const BATCH_TOKENS: usize = 8_192;

/// Turns items into vectors by a frozen encoder.
#[derive(Debug)]
pub struct Embedder {
    encoder: Box<dyn Encoder>,
    tokenizer: Box<dyn Tokenizer>,
    options: Options,
    layer: usize,
    windowed: usize,
}

/// A stretch of an item's tokens that goes through the encoder at once.
#[derive(Clone, Copy, Debug)]
struct Piece {
    item: usize,
    start: usize,
    end: usize,
    first: bool,
    last: bool,
}

impl Embedder {
    /// Checks that the encoder has what the options ask for.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) for a pool, [`Invalid`](dlm_sdk::ErrorKind::Invalid) for a layer
    /// that is not there.
    pub fn new(encoder: Box<dyn Encoder>, tokenizer: Box<dyn Tokenizer>, options: Options) -> Result<Self> {
        let spec = encoder.spec();
        if options.pool == Pool::Cls {
            let why = match spec.prefix {
                None => Some("puts no token before a row"),
                Some(_) if spec.causal => Some("is causal, its first token sees nothing"),
                Some(_) => None,
            };
            if let Some(why) = why {
                return Err(Error::unsupported(format!("pool cls: encoder {} {why}", spec.name))
                    .with_hint("use --pool mean"));
            }
        }
        let layer = match options.layer {
            -1 => Some(spec.layers),
            layer => usize::try_from(layer).ok().filter(|&layer| layer <= spec.layers),
        };
        let layer = layer.ok_or_else(|| {
            Error::invalid(format!("layer {}: encoder {} has {}", options.layer, spec.name, spec.layers))
                .with_hint("0 is the embeddings, -1 the last layer")
        })?;
        Ok(Self { encoder, tokenizer, options, layer, windowed: 0 })
    }

    /// Embeds items, a row each, `[items, hidden]`.
    ///
    /// # Errors
    ///
    /// An item has no tokens or too many, or the encoder fails.
    pub fn embed(&mut self, items: Items<'_>) -> Result<Array2<f32>> {
        let tokens = ItemTokenizer::new(&*self.tokenizer).tokenize(items)?;
        let mut pieces = self.pieces(items, &tokens)?;
        // Rows of like length share a batch; the sort is stable, so that batches are a function of the items.
        pieces.sort_by_key(|piece| piece.end - piece.start);
        let mut vectors = Array2::zeros((items.len(), self.encoder.spec().hidden));
        if self.options.pool == Pool::Max {
            vectors.fill(f32::NEG_INFINITY);
        }
        let around = self.around();
        let mut rest = pieces.as_slice();
        while let Some(first) = rest.first() {
            self.options.cancellation.check()?;
            let mut rows = 1;
            let mut width = first.end - first.start + around;
            for piece in rest.iter().take(BATCH_ROWS).skip(1) {
                let wider = width.max(piece.end - piece.start + around);
                if wider * (rows + 1) > BATCH_TOKENS {
                    break;
                }
                (rows, width) = (rows + 1, wider);
            }
            let (batch, after) = rest.split_at(rows);
            self.encode(batch, width, &tokens, &mut vectors)?;
            rest = after;
        }
        Ok(vectors)
    }

    /// Returns how many tokens the encoder wants around a row.
    fn around(&self) -> usize {
        let spec = self.encoder.spec();
        usize::from(spec.prefix.is_some()) + usize::from(spec.suffix.is_some())
    }

    fn pieces(&mut self, items: Items<'_>, tokens: &TokenBatch) -> Result<Vec<Piece>> {
        let most =
            self.encoder.spec().max_tokens.map_or(usize::MAX, |most| most.saturating_sub(self.around()));
        let mut pieces = Vec::with_capacity(items.len());
        for (item, row) in tokens.rows().enumerate() {
            let n = row.ids.len();
            if n == 0 {
                return Err(Error::invalid(format!("item {}: it has no tokens", items.ids[item])));
            }
            if n <= most {
                pieces.push(Piece { item, start: 0, end: n, first: true, last: true });
                continue;
            }
            if most == 0 {
                return Err(Error::unsupported("the encoder takes no tokens but those around a row"));
            }
            match self.options.long {
                Long::Error => {
                    return Err(Error::invalid(format!(
                        "item {}: {n} tokens, encoder {} takes {most}",
                        items.ids[item],
                        self.encoder.spec().name
                    ))
                    .with_hint("say what to do by --long truncate or --long windows"));
                }
                Long::Truncate => {
                    let (kept, all) = (row.spans[most - 1].end, row.spans[n - 1].end);
                    self.options.cut.fetch_add(u64::from(all.saturating_sub(kept)), Ordering::Relaxed);
                    pieces.push(Piece { item, start: 0, end: most, first: true, last: true });
                }
                Long::Windows => {
                    self.windowed += 1;
                    let windows = n.div_ceil(most);
                    for window in 0..windows {
                        pieces.push(Piece {
                            item,
                            start: window * n / windows,
                            end: (window + 1) * n / windows,
                            first: window == 0,
                            last: window + 1 == windows,
                        });
                    }
                }
            }
        }
        Ok(pieces)
    }

    fn encode(
        &mut self,
        batch: &[Piece],
        width: usize,
        tokens: &TokenBatch,
        vectors: &mut Array2<f32>,
    ) -> Result<()> {
        let spec = self.encoder.spec();
        let (prefix, suffix, hidden) = (spec.prefix, spec.suffix, spec.hidden);
        let pad = self.tokenizer.spec().special.pad.unwrap_or(0);
        let mut ids = Array2::from_elem((batch.len(), width), i64::from(pad));
        let mut mask = Array2::zeros((batch.len(), width));
        for (row, piece) in batch.iter().enumerate() {
            let inner = &tokens.row(piece.item).ids[piece.start..piece.end];
            let all = prefix.iter().chain(inner).chain(suffix.iter());
            for (column, &id) in all.enumerate() {
                ids[[row, column]] = i64::from(id);
                mask[[row, column]] = 1;
            }
        }
        let mut states = Array3::zeros((batch.len(), width, hidden));
        let tensor = TokenTensor { ids: ids.view(), mask: mask.view() };
        self.encoder.encode_layer(tensor, self.layer, states.view_mut())?;
        let start = usize::from(prefix.is_some());
        for (row, piece) in batch.iter().enumerate() {
            let n = piece.end - piece.start;
            let of_item = tokens.row(piece.item).ids.len();
            let share = match self.options.long {
                Long::Windows => n as f32 / of_item as f32,
                _ => 1.0,
            };
            let states = states.slice(s![row, .., ..]);
            pool(self.options.pool, states, start..start + n, share, *piece, vectors.row_mut(piece.item));
        }
        Ok(())
    }

    /// Returns pool, layer, and how many items were cut into windows so far.
    pub(super) fn facts(&self) -> (Pool, usize, usize) {
        (self.options.pool, self.layer, self.windowed)
    }

    /// Returns how many weights the encoder has.
    pub(super) fn parameters(&self) -> Option<u64> {
        self.encoder.spec().parameters
    }
}

fn pool(
    pool: Pool,
    states: ArrayView2<'_, f32>,
    real: std::ops::Range<usize>,
    share: f32,
    piece: Piece,
    mut vector: ArrayViewMut1<'_, f32>,
) {
    let last = real.end - 1;
    let n = real.len() as f32;
    let tokens = states.slice(s![real, ..]);
    match pool {
        Pool::Mean => vector.scaled_add(share / n, &tokens.sum_axis(Axis(0))),
        Pool::Max => {
            for state in tokens.rows() {
                vector.zip_mut_with(&state, |highest, &value| *highest = highest.max(value));
            }
        }
        Pool::Cls if piece.first => vector.assign(&states.row(0)),
        Pool::Last if piece.last => vector.assign(&states.row(last)),
        Pool::Cls | Pool::Last => {}
    }
}
