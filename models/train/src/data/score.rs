//! Scores of guesses at hidden tokens.
//!
//! | score | formula |
//! |---|---|
//! | loss | mean of `-ln p(token)`, over the whole vocabulary |
//! | accuracy | share of tokens with the highest probability |
//! | top tenth | share of tokens among the most probable tenth of the dictionary: 60 of 604 |
//! | perplexity | `exp(loss)`; the paper calls it bits |
//! | bits per base | `sum(-log2 p(token)) / sum(bases the tokens cover)` |
//!
//! The dictionary is the tokens that stand for bases. Bits per base is the only one of these that can be compared between
//! tokenizers, and not strictly either: where tokens have different lengths, their borders say something too.

use dlm_sdk::TokenId;
use serde::{Deserialize, Serialize};

use super::Corpus;

/// Scores at hidden tokens.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Score {
    /// How many tokens were guessed.
    pub guessed: u64,
    /// The mean cross-entropy in nats.
    pub loss: f64,
    /// The share guessed right.
    pub accuracy: f64,
    /// The share among the most probable tenth of the dictionary.
    pub top_tenth: f64,
    /// `exp(loss)`.
    pub perplexity: f64,
    /// The cross-entropy in bits a base.
    pub bits_per_base: f64,
}

/// Collects guesses.
#[derive(Clone, Debug)]
pub struct Scorer<'c> {
    corpus: &'c Corpus,
    top: usize,
    guessed: u64,
    right: u64,
    among: u64,
    loss: f64,
    bases: u64,
}

impl<'c> Scorer<'c> {
    /// Begins with no guess.
    pub fn new(corpus: &'c Corpus) -> Self {
        let top = (corpus.standard().len() / 10).max(1);
        Self { corpus, top, guessed: 0, right: 0, among: 0, loss: 0.0, bases: 0 }
    }

    /// Adds a guess by logits of the vocabulary.
    pub fn add_logits(&mut self, logits: &[f32], token: TokenId) {
        let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = logits.iter().map(|&logit| f64::from(logit - most).exp()).sum();
        let own = logits[token as usize];
        self.add(sum.ln() - f64::from(own - most), |id| logits[id as usize], own, token);
    }

    /// Adds a guess by probabilities of the vocabulary.
    pub fn add_probabilities(&mut self, probabilities: &[f64], token: TokenId) {
        let own = probabilities[token as usize];
        self.add(-own.ln(), |id| probabilities[id as usize], own, token);
    }

    /// Adds a guess: its cross-entropy, and its rank in the dictionary. Of equals, the lower id comes first.
    fn add<T: PartialOrd>(&mut self, loss: f64, value: impl Fn(TokenId) -> T, own: T, token: TokenId) {
        let before = |id: &&TokenId| {
            let other = value(**id);
            other > own || other == own && **id < token
        };
        let rank = self.corpus.standard().iter().filter(before).count();
        self.guessed += 1;
        self.right += u64::from(rank == 0);
        self.among += u64::from(rank < self.top);
        self.loss += loss;
        self.bases += u64::from(self.corpus.length(token));
    }

    /// Returns the scores; `None` of no guess.
    pub fn score(&self) -> Option<Score> {
        if self.guessed == 0 {
            return None;
        }
        let n = self.guessed as f64;
        let loss = self.loss / n;
        Some(Score {
            guessed: self.guessed,
            loss,
            accuracy: self.right as f64 / n,
            top_tenth: self.among as f64 / n,
            perplexity: loss.exp(),
            bits_per_base: self.loss / std::f64::consts::LN_2 / self.bases.max(1) as f64,
        })
    }
}
