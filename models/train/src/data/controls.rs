//! What guesses hidden tokens without a language model.
//!
//! Both controls are counted on the tokens that a model learns from, and asked at the places where the model is.
//!
//! * [`Unigram`] knows how frequent each token is: `(n(t) + 1) / (N + V)`.
//! * [`Neighbours`] also knows up to two tokens on each side, as far as they are visible. It backs off from both pairs to
//!   the nearest on both sides, to the nearest on either side, and to frequency, each step by Witten and Bell's rule
//!   (IEEE Trans Inf Theory 37, 1991):
//!
//! ```text
//! p(t | context) = (n(context, t) + d * p(t | shorter context)) / (n(context) + d),   d: distinct tokens seen there
//! ```
//!
//! The estimate below the nearest on both sides joins those of either side as if the sides were independent given the
//! token: `p(t | l, r) ~ p(t | l) * p(t | r) / p(t)`.

use dlm_sdk::{Result, TokenId};
use rustc_hash::FxHashMap;

use super::{Corpus, Hidden, Score, Scorer};

/// Something that guesses hidden tokens.
pub trait Control {
    /// Writes the probability of every token of the vocabulary; special tokens have none.
    fn probabilities(&self, hidden: &Hidden, probabilities: &mut [f64]);

    /// Scores it at hidden tokens; `None` of none.
    fn score(&self, corpus: &Corpus, hidden: &[Hidden]) -> Option<Score>
    where
        Self: Sized,
    {
        let mut scorer = Scorer::new(corpus);
        let mut probabilities = vec![0.0; corpus.vocab_size()];
        for hidden in hidden {
            self.probabilities(hidden, &mut probabilities);
            scorer.add_probabilities(&probabilities, hidden.token);
        }
        scorer.score()
    }
}

/// Guesses by frequency.
#[derive(Clone, Debug)]
pub struct Unigram {
    shares: Vec<f64>,
}

impl Unigram {
    /// Counts the tokens of a corpus that are learned from.
    ///
    /// # Errors
    ///
    /// The tokenized genome is damaged.
    pub fn count(corpus: &Corpus) -> Result<Self> {
        let mut counts = vec![0_u64; corpus.vocab_size()];
        for stretch in corpus.train() {
            corpus.each_token(stretch, |id| counts[id as usize] += 1)?;
        }
        Ok(Self::from_counts(&counts, corpus.standard()))
    }

    fn from_counts(counts: &[u64], standard: &[TokenId]) -> Self {
        let total = standard.iter().map(|&id| counts[id as usize] + 1).sum::<u64>() as f64;
        let mut shares = vec![0.0; counts.len()];
        for &id in standard {
            shares[id as usize] = (counts[id as usize] + 1) as f64 / total;
        }
        Self { shares }
    }
}

impl Control for Unigram {
    fn probabilities(&self, _: &Hidden, probabilities: &mut [f64]) {
        probabilities.copy_from_slice(&self.shares);
    }
}

/// Neighbours that a token is seen between.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Context {
    Left(TokenId),
    Right(TokenId),
    Both(TokenId, TokenId),
    Pairs([TokenId; 4]),
}

impl Context {
    /// Returns the contexts of a place that can be seen.
    fn of(left: [Option<TokenId>; 2], right: [Option<TokenId>; 2]) -> impl Iterator<Item = Self> {
        let both = left[0].zip(right[0]);
        let pairs = both.zip(left[1].zip(right[1]));
        [
            left[0].map(Self::Left),
            right[0].map(Self::Right),
            both.map(|(l, r)| Self::Both(l, r)),
            pairs.map(|((l, r), (ll, rr))| Self::Pairs([ll, l, r, rr])),
        ]
        .into_iter()
        .flatten()
    }
}

/// What was seen in a context.
#[derive(Clone, Debug, Default)]
struct Seen {
    total: u64,
    tokens: FxHashMap<TokenId, u64>,
}

/// Guesses by the visible neighbours on both sides.
#[derive(Clone, Debug)]
pub struct Neighbours {
    unigram: Unigram,
    contexts: FxHashMap<Context, Seen>,
}

impl Neighbours {
    /// Counts, in one pass over the tokens of a corpus that are learned from, what stands in the contexts of hidden
    /// tokens. Contexts that will not be asked for are not counted, so that memory follows the hidden tokens.
    ///
    /// # Errors
    ///
    /// The tokenized genome is damaged.
    pub fn count(corpus: &Corpus, hidden: &[Hidden]) -> Result<Self> {
        let mut contexts: FxHashMap<Context, Seen> = FxHashMap::default();
        for hidden in hidden {
            for context in Context::of(hidden.left, hidden.right) {
                contexts.entry(context).or_default();
            }
        }
        let mut counts = vec![0_u64; corpus.vocab_size()];
        for stretch in corpus.train() {
            // Two before, the token, two behind.
            let mut five: [Option<TokenId>; 5] = [None; 5];
            let mut next = |id: Option<TokenId>| {
                five.rotate_left(1);
                five[4] = id;
                let Some(token) = five[2] else { return };
                counts[token as usize] += 1;
                for context in Context::of([five[1], five[0]], [five[3], five[4]]) {
                    if let Some(seen) = contexts.get_mut(&context) {
                        seen.total += 1;
                        *seen.tokens.entry(token).or_default() += 1;
                    }
                }
            };
            corpus.each_token(stretch, |id| next(Some(id)))?;
            next(None);
            next(None);
        }
        Ok(Self { unigram: Unigram::from_counts(&counts, corpus.standard()), contexts })
    }

    /// Turns the estimate of a shorter context into that of a longer one.
    fn extend(&self, context: Context, probabilities: &mut [f64]) {
        let Some(seen) = self.contexts.get(&context).filter(|seen| seen.total > 0) else { return };
        let distinct = seen.tokens.len() as f64;
        let total = seen.total as f64 + distinct;
        for share in probabilities.iter_mut() {
            *share *= distinct / total;
        }
        // Each token is added to once, so the order of the map does not matter.
        #[expect(clippy::iter_over_hash_type, reason = "each place is written once")]
        for (token, count) in &seen.tokens {
            probabilities[*token as usize] += *count as f64 / total;
        }
    }
}

impl Control for Neighbours {
    fn probabilities(&self, hidden: &Hidden, probabilities: &mut [f64]) {
        let shares = &self.unigram.shares;
        probabilities.copy_from_slice(shares);
        if let Some(left) = hidden.left[0] {
            self.extend(Context::Left(left), probabilities);
        }
        if let Some(right) = hidden.right[0] {
            let mut behind = shares.clone();
            self.extend(Context::Right(right), &mut behind);
            for ((share, behind), alone) in probabilities.iter_mut().zip(&behind).zip(shares) {
                *share = if *alone > 0.0 { *share * behind / alone } else { 0.0 };
            }
            let sum: f64 = probabilities.iter().sum();
            for share in probabilities.iter_mut() {
                *share /= sum;
            }
        }
        for context in Context::of(hidden.left, hidden.right) {
            if matches!(context, Context::Both(..) | Context::Pairs(_)) {
                self.extend(context, probabilities);
            }
        }
    }
}
