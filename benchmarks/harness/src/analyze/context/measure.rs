//! Self-similarity of all tokens in one layer.

use dlm_analysis::{SelfSimilarity, maximum_explainable_variance};
use dlm_sdk::{Encoder, Result, TokenId, random::Stream};
use ndarray::Array2;
use rayon::prelude::*;

use super::{Frame, Subject, Tokens};

/// Occurrences of a token whose states are kept for the maximum explainable variance, at most.
pub(super) const KEPT: usize = 64;

/// Which occurrences are compared: the same in every layer.
#[derive(Debug)]
pub(super) struct Places {
    /// Which row of the tokens an id has.
    row: Vec<Option<usize>>,
    /// How many occurrences of each token are compared.
    counts: Vec<usize>,
    /// The token of each window that stands for any token.
    random: Vec<usize>,
    most: usize,
}

impl Places {
    pub(super) fn draw(
        tokens: &Tokens,
        windows: &[Vec<TokenId>],
        vocabulary: usize,
        subject: &Subject<'_>,
    ) -> Self {
        let mut row = vec![None; vocabulary];
        tokens.ids.iter().enumerate().for_each(|(place, &id)| row[id as usize] = Some(place));
        let most = subject.options().occurrences;
        let mut counts = vec![0; tokens.ids.len()];
        for &id in windows.iter().flatten() {
            if let Some(row) = row.get(id as usize).copied().flatten() {
                counts[row] = (counts[row] + 1).min(most);
            }
        }
        let mut stream = Stream::new(subject.seed(), "anisotropy");
        let random = windows.iter().map(|window| stream.below(window.len().max(1))).collect();
        Self { row, counts, random, most }
    }

    /// Returns how many tokens occur twice or more.
    pub(super) fn seen(&self) -> usize {
        self.counts.iter().filter(|&&count| count > 1).count()
    }
}

/// What a token's occurrences have in common.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OfToken {
    pub(super) occurrences: usize,
    /// `None` of fewer than two occurrences.
    pub(super) similarity: Option<f64>,
    /// Ethayarajh's.
    pub(super) mev: Option<f64>,
}

/// A layer.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) number: usize,
    /// The mean cosine between random tokens of different windows.
    pub(super) anisotropy: f64,
    /// The maximum explainable variance of random tokens.
    pub(super) mev_baseline: f64,
    pub(super) tokens: Vec<OfToken>,
}

impl Layer {
    /// Returns the mean of a measure over the tokens that have it.
    pub(super) fn mean(&self, of: impl Fn(&OfToken) -> Option<f64>) -> Option<f64> {
        let values: Vec<f64> = self.tokens.iter().filter_map(of).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}

/// Measures a layer.
pub(super) fn layer(
    subject: &Subject<'_>,
    encoder: &mut dyn Encoder,
    frame: &Frame,
    windows: &[Vec<TokenId>],
    places: &Places,
    number: usize,
) -> Result<Layer> {
    let hidden = encoder.spec().hidden;
    let mut similarities = vec![SelfSimilarity::new(hidden); places.counts.len()];
    let mut kept: Vec<Vec<f32>> = vec![Vec::new(); places.counts.len()];
    let mut common = SelfSimilarity::new(hidden);
    let mut random: Vec<f32> = Vec::new();
    let mut window = 0;
    frame.each(subject, encoder, windows, number, |ids, states| {
        for (&id, state) in ids.iter().zip(states.rows()) {
            let Some(row) = places.row.get(id as usize).copied().flatten() else { continue };
            if similarities[row].count() < places.most {
                similarities[row].push(state);
                if kept[row].len() < KEPT * hidden {
                    kept[row].extend(state);
                }
            }
        }
        if let Some(place) = places.random.get(window).filter(|&&place| place < ids.len()) {
            let state = states.row(*place);
            common.push(state);
            if random.len() < KEPT * hidden {
                random.extend(state);
            }
        }
        window += 1;
        Ok(())
    })?;
    let mev = |states: &[f32]| {
        let rows = states.len() / hidden;
        let table =
            Array2::from_shape_fn((rows, hidden), |(row, column)| f64::from(states[row * hidden + column]));
        maximum_explainable_variance(table.view())
    };
    let tokens = similarities
        .par_iter()
        .zip(&kept)
        .map(|(similarity, kept)| OfToken {
            occurrences: similarity.count(),
            similarity: similarity.mean(),
            mev: mev(kept),
        })
        .collect();
    Ok(Layer {
        number,
        anisotropy: common.mean().unwrap_or(0.0),
        mev_baseline: mev(&random).unwrap_or(0.0),
        tokens,
    })
}
