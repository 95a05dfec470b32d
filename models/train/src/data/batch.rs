//! Windows as the integers that a graph takes.

use dlm_sdk::{Result, TokenId, random::Stream};
use ndarray::Array2;

use super::{Corpus, Masking, Window};

/// Padded lengths are multiples of this, so that few graphs serve all batches.
const STEP: usize = 64;
/// Room for guessed tokens comes in multiples of this.
const ROOM: usize = 8;

/// Windows with some tokens hidden.
///
/// A row is `[CLS]`, the window's tokens, `[SEP]`, and padding.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The ids, `[rows, tokens]`.
    pub ids: Array2<i64>,
    /// One for a token, zero for padding, `[rows, tokens]`.
    pub mask: Array2<i64>,
    /// Where the guessed tokens stand, `row * tokens + column`; then zeros, up to the room there is.
    pub places: Vec<i64>,
    /// What the guessed tokens are; then zeros.
    pub labels: Vec<i64>,
    /// What each guessed token counts in the loss: one over their number; then zeros.
    pub weights: Vec<f32>,
    /// How many tokens are guessed.
    pub guessed: usize,
    /// How many tokens stand for bases.
    pub tokens: u64,
    /// How many bases they cover.
    pub bases: u64,
    /// How many bases were cut off because a row has no room for their tokens.
    pub cut: u64,
}

/// The shape of a batch: every batch of a shape is run by the same graph.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Form {
    /// Rows.
    pub(crate) rows: usize,
    /// Columns, special tokens and padding included.
    pub(crate) columns: usize,
    /// Room for guessed tokens.
    pub(crate) room: usize,
}

impl Form {
    /// Returns the smallest form that holds rows of a number of tokens.
    fn holding(rows: usize, tokens: usize, most: usize, share: f64) -> Self {
        let columns = (tokens + 2).next_multiple_of(STEP).min(most);
        // Four standard deviations above the mean, and one a row; what does not fit is drawn again.
        let slots = (rows * columns) as f64;
        let mean = slots * share;
        let room = (mean + 4.0 * (mean * (1.0 - share)).sqrt()).ceil() as usize + rows;
        Self { rows, columns, room: room.min(rows * columns).next_multiple_of(ROOM) }
    }
}

impl Batch {
    /// Puts windows together, hides tokens from a stream, and pads.
    ///
    /// # Errors
    ///
    /// The tokenized genome is damaged.
    pub(super) fn new(
        corpus: &Corpus,
        windows: &[Window],
        most: usize,
        masking: &Masking,
        stream: &mut Stream,
    ) -> Result<Self> {
        let (mut rows, mut bases, mut cut) = (Vec::with_capacity(windows.len()), 0, 0);
        for window in windows {
            let mut ids: Vec<TokenId> = Vec::new();
            corpus.tokens(window, &mut ids)?;
            let covered = |ids: &[TokenId]| ids.iter().map(|&id| u64::from(corpus.length(id))).sum::<u64>();
            let fits = ids.len().min(most - 2);
            cut += covered(&ids[fits..]);
            ids.truncate(fits);
            bases += covered(&ids);
            rows.push(ids);
        }
        let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
        let form = Form::holding(rows.len(), longest, most, masking.share);
        let special = corpus.special();
        let tokens = rows.iter().map(|row| row.len() as u64).sum();
        loop {
            let mut batch = Self::empty(form, special.pad.unwrap_or(0));
            for (index, row) in rows.iter().enumerate() {
                let mut ids = row.clone();
                let hidden = masking.hide(&mut ids, special, corpus.standard(), stream);
                batch.fill(index, &ids, special);
                for (place, was) in hidden {
                    batch.places.push((index * form.columns + place + 1) as i64);
                    batch.labels.push(i64::from(was));
                }
            }
            batch.guessed = batch.places.len();
            if batch.guessed > form.room {
                continue;
            }
            batch.weights = vec![1.0 / batch.guessed.max(1) as f32; batch.guessed];
            batch.places.resize(form.room, 0);
            batch.labels.resize(form.room, 0);
            batch.weights.resize(form.room, 0.0);
            (batch.tokens, batch.bases, batch.cut) = (tokens, bases, cut);
            return Ok(batch);
        }
    }

    /// Returns how many columns a batch of windows has, padding included.
    pub(super) fn columns(corpus: &Corpus, windows: &[Window], most: usize) -> Result<usize> {
        let mut longest = 0;
        let mut ids = Vec::new();
        for window in windows {
            ids.clear();
            corpus.tokens(window, &mut ids)?;
            longest = longest.max(ids.len().min(most - 2));
        }
        Ok(Form::holding(windows.len(), longest, most, 0.0).columns)
    }

    fn empty(form: Form, pad: TokenId) -> Self {
        let shape = (form.rows, form.columns);
        Self {
            ids: Array2::from_elem(shape, i64::from(pad)),
            mask: Array2::zeros(shape),
            places: Vec::new(),
            labels: Vec::new(),
            weights: Vec::new(),
            guessed: 0,
            tokens: 0,
            bases: 0,
            cut: 0,
        }
    }

    fn fill(&mut self, row: usize, ids: &[TokenId], special: dlm_sdk::SpecialTokens) {
        let whole = special.cls.iter().chain(ids).chain(&special.sep);
        for (column, &id) in whole.enumerate() {
            self.ids[[row, column]] = i64::from(id);
            self.mask[[row, column]] = 1;
        }
    }
}
