//! Guesses at hidden tokens, one by one, and their scores with intervals.

use dlm_sdk::{Error, LanguageModel, Result, TokenTensor};
use dlm_train::data::{Batch, Control, Corpus, HeldOut};
use ndarray::Array3;
use serde::Serialize;

use crate::statistics::{Resampling, over_items};

/// A guess at a hidden token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Guess {
    /// What is hidden.
    pub(super) token: u32,
    /// The cross-entropy in nats.
    pub(super) loss: f64,
    /// Its rank among the tokens that stand for bases; of equals, the lower id comes first.
    pub(super) rank: usize,
    /// How many bases it covers.
    pub(super) bases: u32,
}

/// Guesses at all hidden tokens, in the order of [`HeldOut::hidden`].
#[derive(Clone, Debug, Default)]
pub(super) struct Guesses {
    pub(super) all: Vec<Guess>,
    /// The window of each.
    pub(super) windows: Vec<u64>,
    /// How many of the most probable tokens are a tenth of the dictionary.
    pub(super) tenth: usize,
}

/// Who guessed.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) sees: &'static str,
    pub(super) guesses: Guesses,
}

/// A score of a method.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ScoreRow {
    pub(super) method: &'static str,
    pub(super) score: &'static str,
    pub(super) value: f64,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    pub(super) hidden: usize,
}

/// The scores, by name: how each is computed from some guesses.
pub(super) const SCORES: [&str; 5] =
    ["accuracy", "top tenth", "perplexity", "bits per nucleotide", "cross-entropy (nats)"];

impl Guesses {
    fn guess(corpus: &Corpus, token: u32, loss: f64, before: impl Fn(u32) -> bool) -> Guess {
        let rank = corpus.standard().iter().filter(|&&id| before(id)).count();
        Guess { token, loss, rank, bases: corpus.length(token) }
    }

    /// Adds what a model guesses in a batch, and the probabilities of its whole vocabulary.
    pub(super) fn add_batch(
        &mut self,
        corpus: &Corpus,
        batch: &Batch,
        vocabulary: usize,
        model: &mut dyn LanguageModel,
        probabilities: &mut Vec<f32>,
    ) -> Result<()> {
        self.tenth = (corpus.standard().len() / 10).max(1);
        let (rows, columns) = batch.ids.dim();
        let mut logits = Array3::zeros((rows, columns, vocabulary));
        let tokens = TokenTensor { ids: batch.ids.view(), mask: batch.mask.view() };
        model.logits(tokens, logits.view_mut())?;
        let first = self.windows.last().map_or(0, |window| window + 1);
        for (&place, &label) in batch.places.iter().zip(&batch.labels).take(batch.guessed) {
            let (row, column) = (place as usize / columns, place as usize % columns);
            let at = logits.slice(ndarray::s![row, column, ..]);
            let most = at.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = at.iter().map(|&logit| f64::from(logit - most).exp()).sum();
            if !sum.is_finite() {
                return Err(Error::invalid("the model's logits are no finite numbers"));
            }
            let own = at[label as usize];
            let before = |id: u32| {
                let other = at[id as usize];
                other > own || other == own && id < label as u32
            };
            let loss = sum.ln() - f64::from(own - most);
            self.all.push(Self::guess(corpus, label as u32, loss, before));
            self.windows.push(first + row as u64);
            probabilities.extend(at.iter().map(|&logit| (f64::from(logit - most).exp() / sum) as f32));
        }
        Ok(())
    }

    /// Returns what a control guesses at all hidden tokens.
    pub(super) fn of_control(corpus: &Corpus, held_out: &HeldOut, control: &impl Control) -> Self {
        let mut probabilities = vec![0.0_f64; corpus.vocab_size()];
        let all = held_out
            .hidden()
            .iter()
            .map(|hidden| {
                control.probabilities(hidden, &mut probabilities);
                let own = probabilities[hidden.token as usize];
                let before = |id: u32| {
                    let other = probabilities[id as usize];
                    other > own || other == own && id < hidden.token
                };
                Self::guess(corpus, hidden.token, -own.ln(), before)
            })
            .collect();
        let mut windows: Vec<u64> = Vec::with_capacity(held_out.hidden().len());
        for batch in held_out.batches() {
            let first = windows.last().map_or(0, |window| window + 1);
            let columns = batch.ids.ncols() as u64;
            windows
                .extend(batch.places.iter().take(batch.guessed).map(|&place| first + place as u64 / columns));
        }
        Self { all, windows, tenth: (corpus.standard().len() / 10).max(1) }
    }

    /// Returns a score of some of the guesses, by its place in [`SCORES`]; `None` of none.
    pub(super) fn score(&self, score: usize, items: impl Iterator<Item = usize> + Clone) -> Option<f64> {
        let count = items.clone().count() as f64;
        if count == 0.0 {
            return None;
        }
        let of =
            |value: &dyn Fn(&Guess) -> f64| items.clone().map(|item| value(&self.all[item])).sum::<f64>();
        let loss = || of(&|guess| guess.loss);
        Some(match score {
            0 => of(&|guess| f64::from(u8::from(guess.rank == 0))) / count,
            1 => of(&|guess| f64::from(u8::from(guess.rank < self.tenth))) / count,
            2 => (loss() / count).exp(),
            3 => loss() / std::f64::consts::LN_2 / of(&|guess| f64::from(guess.bases)).max(1.0),
            _ => loss() / count,
        })
    }
}

/// Returns every score of every method, with its interval over windows.
pub(super) fn scores(methods: &[Method]) -> Vec<ScoreRow> {
    let mut rows = Vec::new();
    for method in methods {
        let guesses = &method.guesses;
        let resampling = Resampling::new(&guesses.windows);
        for (score, name) in SCORES.iter().enumerate() {
            let Some(value) = guesses.score(score, 0..guesses.all.len()) else { continue };
            let resamples = resampling.map(|items| guesses.score(score, items.iter().copied()));
            let interval = over_items(&resamples, resampling.groups(), guesses.all.len());
            rows.push(ScoreRow {
                method: method.name,
                score: name,
                value,
                low: interval.as_ref().map(|it| it.low),
                high: interval.as_ref().map(|it| it.high),
                hidden: guesses.all.len(),
            });
        }
    }
    rows
}

/// Returns how much the first of two methods is ahead in a score, and the interval of that, over the same windows.
pub(super) fn ahead(a: &Guesses, b: &Guesses, score: usize) -> Option<(f64, Option<(f64, f64)>)> {
    let value = a.score(score, 0..a.all.len())? - b.score(score, 0..b.all.len())?;
    let resampling = Resampling::new(&a.windows);
    let resamples = resampling
        .map(|items| Some(a.score(score, items.iter().copied())? - b.score(score, items.iter().copied())?));
    let interval = over_items(&resamples, resampling.groups(), a.all.len());
    Some((value, interval.map(|it| (it.low, it.high))))
}

#[cfg(test)]
mod tests {
    use dlm_genome::IntervalSet;
    use dlm_sdk::{Registry, random::Stream};
    use dlm_train::data::{HoldOut, Masking, Neighbours, Recipe, Source, Unigram};

    use super::*;

    #[test]
    fn scores_are_those_of_pretraining_and_intervals_hold_them() {
        let folder = tempfile::tempdir().unwrap();
        let fasta = folder.path().join("genome.fa");
        let mut stream = Stream::new(1, "genome");
        // Pairs of bases repeat, so that neighbours say something.
        let bases: String = (0..6_000).map(|_| ["ACG", "TTA", "GGC", "ATA"][stream.below(4)]).collect();
        std::fs::write(&fasta, format!(">a\n{bases}\n")).unwrap();
        let tokenizer = Registry::builtin().unwrap().tokenizer("kmer:2").unwrap();
        let fasta = [fasta];
        let source = Source {
            fasta: &fasta,
            tokenizer: &*tokenizer,
            windows_of: None,
            hold_out: &HoldOut::Last(0.4),
            excluded: &IntervalSet::default(),
        };
        let corpus = Corpus::open(source, folder.path(), |_| Ok(())).unwrap();
        let recipe = Recipe { longest: 60, shortest: 10, full_share: 0.5 };
        let held_out =
            HeldOut::beyond(&corpus, recipe, Masking { share: 0.1, ..Masking::PAPER }, 4, 62, 5, 40).unwrap();
        let unigram = Unigram::count(&corpus).unwrap();
        let neighbours = Neighbours::count(&corpus, held_out.hidden()).unwrap();
        let methods = [
            Method { name: "a", sees: "", guesses: Guesses::of_control(&corpus, &held_out, &unigram) },
            Method { name: "b", sees: "", guesses: Guesses::of_control(&corpus, &held_out, &neighbours) },
        ];
        for (method, known) in methods.iter().zip([
            unigram.score(&corpus, held_out.hidden()).unwrap(),
            neighbours.score(&corpus, held_out.hidden()).unwrap(),
        ]) {
            let guesses = &method.guesses;
            let own: Vec<f64> = (0..5).map(|n| guesses.score(n, 0..guesses.all.len()).unwrap()).collect();
            let known = [known.accuracy, known.top_tenth, known.perplexity, known.bits_per_base, known.loss];
            for (own, known) in own.iter().zip(known) {
                assert!((own - known).abs() < 1e-9 * known.max(1.0), "{own} {known}");
            }
            assert_eq!(guesses.windows.len(), guesses.all.len());
            assert_eq!(guesses.windows.iter().max(), Some(&39), "every window counts by itself");
        }
        for row in scores(&methods) {
            assert!(row.low.unwrap() <= row.value && row.value <= row.high.unwrap(), "{row:?}");
        }
        let (gain, interval) = ahead(&methods[0].guesses, &methods[1].guesses, 4).unwrap();
        assert!(gain > 0.0 && interval.unwrap().0 > 0.0, "{gain} {interval:?}");
    }
}
