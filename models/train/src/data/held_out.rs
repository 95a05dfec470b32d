//! What is measured on: windows of the held-out stretches with the same tokens hidden every time.

use dlm_sdk::{Error, Result, SpecialTokens, TokenId, random::Stream};
use ndarray::Array2;

use super::{Batch, Corpus, Masking, Recipe, Window, Windows};

/// The seed of what is measured on: the same for every training run, so that runs can be compared.
const SEED: u64 = 0;

/// A hidden token with what is visible around it; `None` where that is hidden too, or the window ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hidden {
    /// What it is.
    pub token: TokenId,
    /// The tokens before it, the nearest first.
    pub left: [Option<TokenId>; 2],
    /// The tokens behind it, the nearest first.
    pub right: [Option<TokenId>; 2],
}

/// Held-out windows in batches, every selected token hidden.
#[derive(Clone, Debug)]
pub struct HeldOut {
    batches: Vec<Batch>,
    hidden: Vec<Hidden>,
}

impl HeldOut {
    /// Draws two sets of windows from the held-out stretches, each of up to a number of them, and hides tokens in them:
    /// the first to choose by, the second to report. No window is in both.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); or there is only one window.
    pub fn pair(
        corpus: &Corpus,
        recipe: Recipe,
        masking: Masking,
        rows: usize,
        most: usize,
        windows: usize,
    ) -> Result<(Self, Self)> {
        let cut = Self::cut(corpus, recipe)?;
        let half = windows.min(cut.len() / 2);
        let (first, second) = (cut.iter().take(half).collect(), cut.iter().skip(half).take(half).collect());
        let hide = |windows, name| Self::hide(corpus, masking, rows, most, windows, name);
        Ok((hide(first, "held-out masking")?, hide(second, "held-out masking, to report")?))
    }

    /// Draws windows from the held-out stretches, up to a number, and hides tokens in them.
    ///
    /// Which windows and tokens these are depends on the corpus and on how windows are cut and tokens selected, never on
    /// the seed of a run. Every selected token is hidden, so that nothing can be read off.
    ///
    /// # Errors
    ///
    /// The tokenized genome is damaged, or no window can be cut from what is held out.
    pub fn new(
        corpus: &Corpus,
        recipe: Recipe,
        masking: Masking,
        rows: usize,
        most: usize,
        windows: usize,
    ) -> Result<Self> {
        let cut = Self::cut(corpus, recipe)?.iter().take(windows).collect();
        Self::hide(corpus, masking, rows, most, cut, "held-out masking")
    }

    /// Draws windows from the held-out stretches, up to a number, leaving out the first ones: those by which a model was
    /// chosen, as [`pair`](Self::pair) draws them. At most half of all windows are left out, as there.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn beyond(
        corpus: &Corpus,
        recipe: Recipe,
        masking: Masking,
        rows: usize,
        most: usize,
        chosen_by: usize,
        windows: usize,
    ) -> Result<Self> {
        let cut = Self::cut(corpus, recipe)?;
        let half = chosen_by.min(cut.len() / 2);
        let later = cut.iter().skip(half).take(windows).collect();
        Self::hide(corpus, masking, rows, most, later, "held-out masking, to report")
    }

    fn cut(corpus: &Corpus, recipe: Recipe) -> Result<Windows> {
        let mut cut = recipe.cut(corpus, corpus.held_out(), SEED, 0)?;
        Stream::new(SEED, "held-out").shuffle(cut.records_mut());
        Ok(cut)
    }

    fn hide(
        corpus: &Corpus,
        masking: Masking,
        rows: usize,
        most: usize,
        mut windows: Vec<Window>,
        name: &str,
    ) -> Result<Self> {
        if windows.is_empty() {
            return Err(Error::invalid(
                "what is held out is too short for a window to choose by and one to report",
            )
            .with_hint("hold out more of the genome"));
        }
        windows.sort_by_key(Window::len);
        let masking = masking.all_hidden();
        let mut stream = Stream::new(SEED, name);
        let batches = windows
            .chunks(rows.max(1))
            .map(|windows| Batch::new(corpus, windows, most, &masking, &mut stream))
            .collect::<Result<Vec<_>>>()?;
        let hidden = batches.iter().flat_map(|batch| around(batch, corpus.special())).collect();
        Ok(Self { batches, hidden })
    }

    /// Returns the batches.
    pub fn batches(&self) -> &[Batch] {
        &self.batches
    }

    /// Returns the hidden tokens in the order of the batches.
    pub fn hidden(&self) -> &[Hidden] {
        &self.hidden
    }
}

/// Returns the hidden tokens of a batch with their neighbours.
fn around(batch: &Batch, special: SpecialTokens) -> Vec<Hidden> {
    let columns = batch.ids.ncols();
    let places = batch.places.iter().zip(&batch.labels).take(batch.guessed);
    places
        .map(|(&place, &label)| {
            let (row, column) = (place as usize / columns, place as usize % columns);
            let at = |offset: isize| visible(&batch.ids, row, column.checked_add_signed(offset), special);
            Hidden { token: label as TokenId, left: [at(-1), at(-2)], right: [at(1), at(2)] }
        })
        .collect()
}

fn visible(ids: &Array2<i64>, row: usize, column: Option<usize>, special: SpecialTokens) -> Option<TokenId> {
    let id = *ids.get([row, column?])? as TokenId;
    special.ids().all(|other| other != id).then_some(id)
}
