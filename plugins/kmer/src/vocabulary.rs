//! The texts of tokens by id.

use dlm_sdk::{Error, Result, SpecialTokens, TokenId, dna};
use sha2::{Digest as _, Sha256};

/// The largest k: 65,536 words.
pub(crate) const MAX_K: u32 = 8;

/// The special tokens, in the order of their ids.
pub(crate) const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// The special tokens' ids.
pub(crate) const IDS: SpecialTokens = SpecialTokens::BERT;

/// The id of the unknown token.
pub(crate) const UNKNOWN: TokenId = 1;

/// Special tokens and then words of one length, in one string.
#[derive(Clone)]
pub(crate) struct Words {
    k: usize,
    text: String,
}

impl Words {
    /// Lists all k-mers with the bases in the given order.
    pub(crate) fn all(k: u32, order: [u8; 4]) -> Self {
        let mut text = String::with_capacity(k as usize * 4_usize.pow(k));
        for index in 0..4_u64.pow(k) {
            text.extend((0..k).rev().map(|digit| char::from(order[(index >> (2 * digit) & 3) as usize])));
        }
        Self { k: k as usize, text }
    }

    /// Takes words of one length, written one behind the other.
    pub(crate) fn new(k: usize, text: String) -> Self {
        Self { k, text }
    }

    /// Returns a word by its place.
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let start = index.checked_mul(self.k)?;
        self.text.get(start..start.checked_add(self.k)?)
    }

    /// Returns how many words there are.
    pub(crate) fn len(&self) -> usize {
        self.text.len() / self.k
    }

    /// Returns all words in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

/// Digests a rule and the vocabulary it works on.
pub(crate) fn fingerprint<'a>(rule: &str, words: impl Iterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    hasher.update(rule);
    for word in words {
        hasher.update("\n");
        hasher.update(word);
    }
    dlm_sdk::hexadecimal(&hasher.finalize())
}

/// Checks that k is one that has a vocabulary.
pub(crate) fn check_k(k: u32) -> Result<()> {
    if (1..=MAX_K).contains(&k) {
        return Ok(());
    }
    Err(Error::invalid(format!("k is {k}, and must be 1 to {MAX_K}"))
        .with_hint("the vocabulary holds all 4^k words; learn a longer one with byte-pair encoding"))
}

/// Refuses sequences whose positions do not fit a span.
pub(crate) fn check_length(bases: &[u8]) -> Result<()> {
    if u32::try_from(bases.len()).is_ok() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "a sequence of {} bases is longer than positions can count, {}",
        bases.len(),
        u32::MAX
    )))
}

/// Returns the index of a k-mer in ACGT order; `None` if any base is no A, C, G or T.
pub(crate) fn index(word: &[u8]) -> Option<usize> {
    dna::kmer_index(word).map(|index| index as usize)
}
