//! Self-similarity of all tokens in one layer.

use dlm_analysis::{SelfSimilarity, maximum_explainable_variance};
use dlm_sdk::{Encoder, Result, TokenId, random::Stream};
use ndarray::Array2;
use rayon::prelude::*;

use super::{Frame, Occurrences, Pieces, Subject};

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
    pub(super) fn draw(occurrences: &Occurrences, subject: &Subject<'_>) -> Self {
        let Occurrences { tokens, windows, .. } = occurrences;
        let mut row = vec![None; occurrences.vocabulary()];
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
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct OfToken {
    pub(super) occurrences: usize,
    /// `None` of fewer than two occurrences.
    pub(super) similarity: Option<f64>,
    /// Ethayarajh's.
    pub(super) mev: Option<f64>,
}

/// A layer.
#[derive(Clone, Debug, PartialEq)]
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

/// Stands for what is not defined in a kept table: no cosine and no share is infinite.
const ABSENT: f64 = f64::INFINITY;

/// How a layer is kept: a row of what tokens have in common, then a row a token.
impl Layer {
    fn to_table(&self) -> Array2<f64> {
        let mut rows = vec![[0.0, self.anisotropy, self.mev_baseline]];
        let of = |token: &OfToken| {
            [token.occurrences as f64, token.similarity.unwrap_or(ABSENT), token.mev.unwrap_or(ABSENT)]
        };
        rows.extend(self.tokens.iter().map(of));
        rows.into()
    }

    fn from_table(number: usize, table: &Array2<f64>) -> Self {
        let defined = |value: f64| (value != ABSENT).then_some(value);
        let mut rows = table.rows().into_iter().map(|row| (row[0], row[1], row[2]));
        let (_, anisotropy, mev_baseline) = rows.next().unwrap_or_default();
        let of = |(occurrences, similarity, mev)| OfToken {
            occurrences: occurrences as usize,
            similarity: defined(similarity),
            mev: defined(mev),
        };
        Self { number, anisotropy, mev_baseline, tokens: rows.map(of).collect() }
    }
}

/// Measures a layer, unless a run that was stopped had done so.
pub(super) fn layer(
    subject: &Subject<'_>,
    occurrences: &mut Occurrences,
    places: &Places,
    number: usize,
) -> Result<Layer> {
    let Occurrences { encoder, frame, tokens, windows, .. } = occurrences;
    let pieces = Pieces::of(subject, &**encoder);
    let windows: Vec<&[TokenId]> = windows.iter().map(Vec::as_slice).collect();
    let settings: Vec<usize> =
        [number, places.most, KEPT].into_iter().chain(places.random.iter().copied()).collect();
    let rows = std::iter::once(tokens.ids.as_slice()).chain(windows.iter().copied());
    let table = pieces.get("context", &settings, rows, (tokens.ids.len() + 1, 3), || {
        Ok(measure(subject, &mut **encoder, *frame, &windows, places, number)?.to_table())
    })?;
    Ok(Layer::from_table(number, &table))
}

fn measure(
    subject: &Subject<'_>,
    encoder: &mut dyn Encoder,
    frame: Frame,
    windows: &[&[TokenId]],
    places: &Places,
    number: usize,
) -> Result<Layer> {
    let hidden = encoder.spec().hidden;
    let mut similarities = vec![SelfSimilarity::new(hidden); places.counts.len()];
    let mut kept: Vec<Vec<f32>> = vec![Vec::new(); places.counts.len()];
    let mut common = SelfSimilarity::new(hidden);
    let mut random: Vec<f32> = Vec::new();
    let mut window = 0;
    let what = format!("encoding windows, layer {number}");
    let progress = subject.progress(&what, Some(windows.len() as u64));
    frame.each_window(subject, encoder, windows, number, |ids, states| {
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
        progress.add(1);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_layer_comes_back_to_the_last_bit() {
        let token = |occurrences, similarity, mev| OfToken { occurrences, similarity, mev };
        let layer = Layer {
            number: 3,
            anisotropy: 0.1 + 0.2,
            mev_baseline: -0.0,
            tokens: vec![
                token(7, Some(1.0 / 3.0), Some(1.0)),
                token(1, None, None),
                token(0, None, Some(-1.0)),
            ],
        };
        assert_eq!(Layer::from_table(3, &layer.to_table()), layer);
    }
}
