//! Windows of tokens through the model, and what each token's state is.

use dlm_sdk::{Encoder, Error, Result, TokenId, TokenTensor, Tokenizer, random::Stream};
use dlm_train::data::{Corpus, Recipe, Stretch, Window};
use ndarray::{Array2, Array3, ArrayView2, ArrayViewMut2, s};

use super::Subject;

/// Tokens of a batch, padding included, at most.
const BATCH_TOKENS: usize = 8_192;
/// Batches of a piece that is kept.
const PIECE_BATCHES: usize = 16;
/// Tokens of a window in the paper.
const WINDOW: usize = 510;

/// What the encoder wants around the tokens of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    prefix: Option<TokenId>,
    suffix: Option<TokenId>,
    pad: TokenId,
    /// How many tokens a window has: 510, or as many as the encoder takes.
    pub(super) window: usize,
}

impl Frame {
    pub(super) fn new(encoder: &dyn Encoder, tokenizer: &dyn Tokenizer) -> Result<Self> {
        let spec = encoder.spec();
        let around = usize::from(spec.prefix.is_some()) + usize::from(spec.suffix.is_some());
        let window = spec.max_tokens.map_or(WINDOW, |most| most.saturating_sub(around).min(WINDOW));
        if window == 0 {
            return Err(Error::unsupported(format!("{} takes no tokens but those around a row", spec.name)));
        }
        Ok(Self {
            prefix: spec.prefix,
            suffix: spec.suffix,
            pad: tokenizer.spec().special.pad.unwrap_or(0),
            window,
        })
    }

    /// Returns whether the encoder puts a token before each row that sees the whole row.
    pub(super) fn has_first(&self, encoder: &dyn Encoder) -> bool {
        self.prefix.is_some() && !encoder.spec().causal
    }

    /// Returns how many rows of a length share a batch.
    pub(super) fn rows(length: usize) -> usize {
        (BATCH_TOKENS / (length + 2)).max(1)
    }

    /// Encodes rows and returns the states after a layer, `[rows, tokens, hidden]`, and where a row's own tokens begin.
    pub(super) fn encode(
        &self,
        encoder: &mut dyn Encoder,
        rows: &[&[TokenId]],
        layer: usize,
    ) -> Result<(Array3<f32>, usize)> {
        let before = usize::from(self.prefix.is_some());
        let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let width = before + longest + usize::from(self.suffix.is_some());
        let mut ids = Array2::from_elem((rows.len(), width), i64::from(self.pad));
        let mut mask = Array2::zeros((rows.len(), width));
        for (row, tokens) in rows.iter().enumerate() {
            let all = self.prefix.iter().chain(tokens.iter()).chain(self.suffix.iter());
            for (column, &id) in all.enumerate() {
                ids[[row, column]] = i64::from(id);
                mask[[row, column]] = 1;
            }
        }
        let mut states = Array3::zeros((rows.len(), width, encoder.spec().hidden));
        let tensor = TokenTensor { ids: ids.view(), mask: mask.view() };
        encoder.encode_layer(tensor, layer, states.view_mut())?;
        Ok((states, before))
    }

    /// Returns how many windows are a piece of what is kept of a long computation: a few whole batches.
    pub(super) fn piece(&self) -> usize {
        PIECE_BATCHES * Self::rows(self.window)
    }

    /// Encodes windows, and shows each batch with its states, `[rows, tokens, hidden]`, and where a row's own tokens begin.
    pub(super) fn each(
        &self,
        subject: &Subject<'_>,
        encoder: &mut dyn Encoder,
        windows: &[&[TokenId]],
        layer: usize,
        mut show: impl FnMut(&[&[TokenId]], &Array3<f32>, usize),
    ) -> Result<()> {
        for rows in windows.chunks(Self::rows(self.window)) {
            subject.context().check()?;
            let (states, before) = self.encode(encoder, rows, layer)?;
            show(rows, &states, before);
        }
        Ok(())
    }

    /// Encodes windows, and shows each with the states of its own tokens, `[tokens, hidden]`.
    pub(super) fn each_window(
        &self,
        subject: &Subject<'_>,
        encoder: &mut dyn Encoder,
        windows: &[&[TokenId]],
        layer: usize,
        mut show: impl FnMut(&[TokenId], ArrayView2<'_, f32>),
    ) -> Result<()> {
        self.each(subject, encoder, windows, layer, |rows, states, before| {
            for (row, tokens) in rows.iter().enumerate() {
                show(tokens, states.slice(s![row, before..before + tokens.len(), ..]));
            }
        })
    }
}

/// Draws full windows of held-out tokens, at most so many, in random order.
///
/// # Errors
///
/// The tokenized genome is damaged, or no window is held out.
pub(super) fn windows(
    corpus: &Corpus,
    stretches: &[Stretch],
    length: usize,
    count: usize,
    seed: u64,
) -> Result<Vec<Vec<TokenId>>> {
    let recipe = Recipe { longest: length, shortest: length, full_share: 1.0 };
    let mut all: Vec<Window> = recipe.cut(corpus, stretches, seed, 0)?.iter().collect();
    Stream::new(seed, "analysis windows").shuffle(&mut all);
    all.truncate(count);
    let windows = all
        .iter()
        .map(|window| {
            let mut ids = Vec::with_capacity(length);
            corpus.tokens(window, &mut ids)?;
            Ok(ids)
        })
        .collect::<Result<Vec<_>>>()?;
    if windows.iter().all(Vec::is_empty) {
        return Err(Error::unsupported(format!("the genome has no held-out window of {length} tokens"))
            .with_hint("name longer stretches by --held-out"));
    }
    Ok(windows)
}

/// Returns the embedding of each token as it stands in the model's table, a row a token; of a model that hands over no
/// weights, the state of the token alone before the first layer.
///
/// # Errors
///
/// The model gives neither.
pub(super) fn static_embeddings(
    encoder: &mut dyn Encoder,
    frame: &Frame,
    ids: &[TokenId],
) -> Result<(Array2<f64>, String)> {
    let (hidden, vocabulary) = (encoder.spec().hidden, encoder.spec().vocab_size as usize);
    if let Some(weights) = encoder.trainable() {
        let is_table = |name: &str| name.ends_with("word_embeddings.weight");
        let found = weights
            .parameters()
            .iter()
            .position(|parameter| is_table(&parameter.name) && parameter.shape == [vocabulary, hidden]);
        if let Some(index) = found {
            let name = weights.parameters()[index].name.clone();
            let mut table: Array2<f32> = Array2::zeros((vocabulary, hidden));
            let view: ArrayViewMut2<'_, f32> = table.view_mut();
            weights.read(index, view.into_dyn())?;
            let rows = Array2::from_shape_fn((ids.len(), hidden), |(row, column)| {
                f64::from(table[[ids[row] as usize, column]])
            });
            return Ok((rows, format!("rows of the weight {name}")));
        }
    }
    let mut rows = Array2::zeros((ids.len(), hidden));
    for (row, id) in ids.iter().enumerate() {
        let (states, before) = frame.encode(encoder, &[std::slice::from_ref(id)], 0)?;
        rows.row_mut(row).assign(&states.slice(s![0, before, ..]).mapv(f64::from));
    }
    Ok((rows, "states of single tokens before the first layer".to_owned()))
}
