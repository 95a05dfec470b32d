//! Vectors and token states of items, by a frozen encoder.

use std::{collections::BTreeSet, sync::atomic::Ordering};

use dlm_sdk::{Encoder, Error, ItemTokenizer, Items, Result, Span, TokenBatch, TokenTensor, Tokenizer};
use ndarray::{Array2, Array3, ArrayView2, ArrayViewMut1, Axis, s};

use super::{
    Long, Options, Pool,
    batches::{Frame, Piece, Pieces},
    cache::Key,
};

/// How many items are embedded, and kept, together. Which items share a batch depends on this and on the items alone.
const CHUNK: usize = 1_024;

/// Turns items into vectors by a frozen encoder.
#[derive(Debug)]
pub struct Embedder {
    encoder: Box<dyn Encoder>,
    tokenizer: Box<dyn Tokenizer>,
    options: Options,
    layer: usize,
    frame: Frame,
    windowed: usize,
    /// The stretches whose cut bases and windows have been counted.
    counted: BTreeSet<String>,
}

/// The hidden states of an item's tokens, special ones left out.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenStates {
    /// The bases each token covers.
    pub spans: Vec<Span>,
    /// `[tokens, hidden]`.
    pub states: Array2<f32>,
}

/// Items ready for the encoder.
struct Prepared {
    tokens: TokenBatch,
    pieces: Pieces,
    key: String,
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
        let frame = Frame::new(spec, &*tokenizer);
        Ok(Self { encoder, tokenizer, options, layer, frame, windowed: 0, counted: BTreeSet::new() })
    }

    /// Returns the width of a vector.
    pub fn width(&self) -> usize {
        self.encoder.spec().hidden
    }

    /// Embeds items, a row each, `[items, hidden]`.
    ///
    /// # Errors
    ///
    /// An item has no tokens or too many, the encoder fails, or vectors cannot be kept.
    pub fn embed(&mut self, items: Items<'_>) -> Result<Array2<f32>> {
        let mut vectors = Array2::zeros((items.len(), self.width()));
        for start in (0..items.len()).step_by(CHUNK) {
            let end = (start + CHUNK).min(items.len());
            let part = self.stretch(items.slice(start..end))?;
            vectors.slice_mut(s![start..end, ..]).assign(&part);
        }
        Ok(vectors)
    }

    /// Embeds items that are kept together.
    fn stretch(&mut self, items: Items<'_>) -> Result<Array2<f32>> {
        let prepared = self.prepare(items)?;
        let shape = (items.len(), self.width());
        let cache = self.options.cache.clone();
        if let Some(kept) = cache.as_ref().and_then(|cache| cache.get(&prepared.key, shape)) {
            return Ok(kept);
        }
        let mut vectors = Array2::zeros(shape);
        if self.options.pool == Pool::Max {
            vectors.fill(f32::NEG_INFINITY);
        }
        let (how, long) = (self.options.pool, self.options.long);
        let tokens = &prepared.tokens;
        self.run(&prepared, |piece, states, real| {
            let part = match long {
                Long::Windows => piece.len() as f32 / tokens.row(piece.item).ids.len() as f32,
                _ => 1.0,
            };
            pool(how, states, real, part, piece, vectors.row_mut(piece.item));
        })?;
        if let Some(cache) = cache {
            cache.put(&prepared.key, &vectors)?;
        }
        Ok(vectors)
    }

    /// Returns the states of all tokens of items; of items in windows, those of all windows.
    ///
    /// # Errors
    ///
    /// An item has no tokens or too many, or the encoder fails.
    pub fn tokens(&mut self, items: Items<'_>) -> Result<Vec<TokenStates>> {
        let prepared = self.prepare(items)?;
        let mut kept = vec![0; items.len()];
        for piece in &prepared.pieces.all {
            kept[piece.item] = kept[piece.item].max(piece.end);
        }
        let mut all: Vec<TokenStates> = (kept.iter().zip(prepared.tokens.rows()))
            .map(|(&kept, row)| TokenStates {
                spans: row.spans[..kept].to_vec(),
                states: Array2::zeros((kept, self.width())),
            })
            .collect();
        self.run(&prepared, |piece, states, real| {
            all[piece.item]
                .states
                .slice_mut(s![piece.start..piece.end, ..])
                .assign(&states.slice(s![real, ..]));
        })?;
        Ok(all)
    }

    /// Checks that items can be embedded, without encoding them.
    ///
    /// # Errors
    ///
    /// An item has no tokens or too many.
    pub fn check(&self, items: Items<'_>) -> Result<()> {
        let tokens = ItemTokenizer::new(&*self.tokenizer).tokenize(items)?;
        self.frame.pieces(items, &tokens, self.options.long, &self.encoder.spec().name).map(|_| ())
    }

    /// Tokenizes items, cuts them into pieces, and counts once what is cut off.
    fn prepare(&mut self, items: Items<'_>) -> Result<Prepared> {
        let spec = self.encoder.spec();
        let tokens = ItemTokenizer::new(&*self.tokenizer).tokenize(items)?;
        let pieces = self.frame.pieces(items, &tokens, self.options.long, &spec.name)?;
        let mut key = Key::new(&[
            &spec.fingerprint,
            &self.tokenizer.spec().fingerprint,
            self.options.pool.name(),
            self.options.long.name(),
            &self.layer.to_string(),
            &format!("{:?}", self.frame),
            &self.options.device,
        ]);
        for piece in &pieces.all {
            key.add(&[piece.item, piece.start, piece.end]);
            key.add_ids(&tokens.row(piece.item).ids[piece.start..piece.end]);
        }
        let key = key.finish();
        if self.counted.insert(key.clone()) {
            self.options.cut.fetch_add(pieces.cut, Ordering::Relaxed);
            self.windowed += pieces.windowed;
        }
        Ok(Prepared { tokens, pieces, key })
    }

    /// Encodes pieces and shows each with the states of its row and where its own tokens lie in it.
    fn run(
        &mut self,
        prepared: &Prepared,
        mut show: impl FnMut(Piece, ArrayView2<'_, f32>, std::ops::Range<usize>),
    ) -> Result<()> {
        let pieces = &prepared.pieces.all;
        for batch in self.frame.batches(pieces) {
            self.options.cancellation.check()?;
            let batch = &pieces[batch];
            let (ids, mask) = self.frame.tensors(batch, &prepared.tokens);
            let mut states = Array3::zeros((ids.nrows(), ids.ncols(), self.width()));
            let tensor = TokenTensor { ids: ids.view(), mask: mask.view() };
            self.encoder.encode_layer(tensor, self.layer, states.view_mut())?;
            let before = self.frame.before();
            for (row, piece) in batch.iter().enumerate() {
                show(*piece, states.slice(s![row, .., ..]), before..before + piece.len());
            }
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
