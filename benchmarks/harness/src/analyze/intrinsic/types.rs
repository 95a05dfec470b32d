//! Token by token: AUC of one against the rest, and accuracy, with bootstrap intervals over windows.

use dlm_sdk::{TokenId, Tokenizer, random::Stream};
use dlm_train::data::{Control as _, Corpus, Hidden, Unigram};
use rayon::prelude::*;
use serde::Serialize;

use super::guesses::Guesses;
use crate::statistics::quantile;

/// Resamples of windows for each token: fewer than for the scores, because there are so many tokens.
const RESAMPLES: usize = 300;

/// A token of the dictionary.
#[derive(Clone, Debug, Serialize)]
pub(super) struct TypeRow {
    pub(super) id: TokenId,
    pub(super) token: String,
    pub(super) length: usize,
    /// Its share of the tokens that are not held out.
    pub(super) frequency: f64,
    /// How often it was hidden.
    pub(super) hidden: usize,
    /// `None`: it was never hidden, or alone was.
    pub(super) auc: Option<f64>,
    pub(super) auc_low: Option<f64>,
    pub(super) auc_high: Option<f64>,
    /// `None`: it was never hidden.
    pub(super) accuracy: Option<f64>,
    pub(super) accuracy_low: Option<f64>,
    pub(super) accuracy_high: Option<f64>,
}

/// Returns a row for every token that stands for bases.
pub(super) fn rows(
    tokenizer: &dyn Tokenizer,
    corpus: &Corpus,
    unigram: &Unigram,
    guesses: &Guesses,
    probabilities: &[f32],
) -> Vec<TypeRow> {
    let mut shares = vec![0.0; corpus.vocab_size()];
    unigram.probabilities(&Hidden { token: 0, left: [None; 2], right: [None; 2] }, &mut shares);
    let vocabulary = probabilities.len() / guesses.all.len().max(1);
    let weights = weights(&guesses.windows);
    corpus
        .standard()
        .par_iter()
        .map(|&id| {
            let scores: Vec<f32> =
                probabilities.iter().skip(id as usize).step_by(vocabulary).copied().collect();
            let own: Vec<bool> = guesses.all.iter().map(|guess| guess.token == id).collect();
            let area = Area::new(&scores, &own, &guesses.windows);
            let right = |weight: &dyn Fn(usize) -> u32| {
                let (mut all, mut right) = (0_u64, 0_u64);
                for (item, guess) in guesses.all.iter().enumerate().filter(|(item, _)| own[*item]) {
                    let weight = u64::from(weight(item));
                    all += weight;
                    right += if guess.rank == 0 { weight } else { 0 };
                }
                (all > 0).then(|| right as f64 / all as f64)
            };
            let (auc_low, auc_high) =
                interval(weights.iter().map(|weights| area.of(|window| weights[window])));
            let (accuracy_low, accuracy_high) = interval(
                weights.iter().map(|weights| right(&|item| weights[guesses.windows[item] as usize])),
            );
            TypeRow {
                id,
                token: tokenizer.token(id).unwrap_or_default().to_owned(),
                length: corpus.length(id) as usize,
                frequency: shares[id as usize],
                hidden: own.iter().filter(|own| **own).count(),
                auc: area.of(|_| 1),
                auc_low,
                auc_high,
                accuracy: right(&|_| 1),
                accuracy_low,
                accuracy_high,
            }
        })
        .collect()
}

/// Draws windows with replacement: how often each is drawn, in each resample. Nothing for fewer than two windows.
fn weights(windows: &[u64]) -> Vec<Vec<u32>> {
    let count = windows.iter().max().map_or(0, |last| *last as usize + 1);
    if count < 2 {
        return Vec::new();
    }
    (0..RESAMPLES)
        .map(|resample| {
            let mut stream = Stream::nth(0, "bootstrap over windows", resample as u64);
            let mut weights = vec![0; count];
            (0..count).for_each(|_| weights[stream.below(count)] += 1);
            weights
        })
        .collect()
}

/// Returns the percentile interval of the values that are defined; none below half of all.
fn interval(values: impl ExactSizeIterator<Item = Option<f64>>) -> (Option<f64>, Option<f64>) {
    let all = values.len();
    let mut defined: Vec<f64> = values.flatten().collect();
    if defined.is_empty() || 2 * defined.len() < all {
        return (None, None);
    }
    defined.sort_by(f64::total_cmp);
    (Some(quantile(&defined, 0.025)), Some(quantile(&defined, 0.975)))
}

/// Places in the order of a token's probability: sorted once, weighed for every resample.
struct Area {
    /// Of each place, its window, whether it is the token, and whether its score is that of the place before.
    places: Vec<(u32, bool, bool)>,
}

impl Area {
    fn new(scores: &[f32], own: &[bool], windows: &[u64]) -> Self {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(a.cmp(&b)));
        let place = |(at, &item): (usize, &usize)| {
            let tied = at > 0 && scores[order[at - 1]] == scores[item];
            (windows[item] as u32, own[item], tied)
        };
        Self { places: order.iter().enumerate().map(place).collect() }
    }

    /// Returns the area with each window counting as often as a function says; `None` unless both kinds occur.
    fn of(&self, weight: impl Fn(usize) -> u32) -> Option<f64> {
        // Below: the others with a lower score. Of equal scores each pair counts one half.
        let (mut below, mut here, mut own, mut own_here, mut area) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
        for &(window, is_own, tied) in &self.places {
            if !tied {
                area += own_here * (2 * below + here);
                below += here;
                own += own_here;
                (here, own_here) = (0, 0);
            }
            let weight = u64::from(weight(window as usize));
            if is_own { own_here += weight } else { here += weight }
        }
        area += own_here * (2 * below + here);
        below += here;
        own += own_here;
        (own > 0 && below > 0).then(|| area as f64 / 2.0 / own as f64 / below as f64)
    }
}

#[cfg(test)]
mod tests {
    use dlm_sdk::metrics::auroc;

    use super::*;

    #[test]
    fn the_area_is_that_of_the_metric_ties_and_weights_included() {
        let mut stream = Stream::new(3, "area");
        for round in 0..50 {
            let n = 30;
            let scores: Vec<f32> = (0..n).map(|_| stream.below(8) as f32 / 8.0).collect();
            let own: Vec<bool> = (0..n).map(|_| stream.below(4) == 0).collect();
            let windows: Vec<u64> = (0..n as u64).map(|item| item / 3).collect();
            let area = Area::new(&scores, &own, &windows);
            assert_eq!(area.of(|_| 1), auroc(&scores, &own), "{round}");
            // A window that is drawn twice is there twice.
            let weights: Vec<u32> = (0..10).map(|_| stream.below(3) as u32).collect();
            let drawn: Vec<usize> = (0..n)
                .flat_map(|item| std::iter::repeat_n(item, weights[windows[item] as usize] as usize))
                .collect();
            let of = |item: &usize| (scores[*item], own[*item]);
            let (scores, own): (Vec<f32>, Vec<bool>) = drawn.iter().map(of).unzip();
            let (weighed, expected) = (area.of(|window| weights[window]), auroc(&scores, &own));
            match (weighed, expected) {
                (Some(a), Some(b)) => assert!((a - b).abs() < 1e-12, "{a} {b}"),
                (a, b) => assert_eq!(a, b),
            }
        }
    }

    #[test]
    fn a_token_that_was_never_hidden_has_no_area() {
        assert_eq!(Area::new(&[0.1, 0.2], &[false, false], &[0, 1]).of(|_| 1), None);
        assert_eq!(interval([None, Some(1.0), None].into_iter()), (None, None));
    }
}
