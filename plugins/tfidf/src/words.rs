//! Which tokens count as words.
//!
//! A vectorizer sees a sequence as a text, its tokens joined by spaces, and counts words. How words are found in that
//! text decides what the features are, and scikit-learn's `TfidfVectorizer` does it in a way that is easily overlooked:
//! the text is lower-cased and a word is a match of `\b\w\w+\b`, two or more word characters. **Tokens of one letter are
//! silently dropped**: the byte-pair token "G", the leftovers of a k-mer tokenizer, every N.

use dlm_sdk::{TokenId, Tokenizer};

/// How words are made from tokens.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum WordRule {
    /// As scikit-learn: lower case, words of at least two word characters; special tokens are no words.
    ///
    /// An N is a one-letter token in the text that scikit-learn would be given, whatever token the tokenizer has for it,
    /// so it is dropped.
    #[default]
    Sklearn,
    /// Each token of the vocabulary is a word, those of one letter too, and so is the token for N: how much of a
    /// sequence is unknown is a frequency like any other.
    Every,
}

/// The words that each token of a vocabulary adds to a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// The words, sorted.
    names: Vec<String>,
    /// For each token, where its words end in `of_tokens`.
    ends: Vec<u32>,
    of_tokens: Vec<u32>,
}

impl Words {
    /// Makes the words of a tokenizer's vocabulary.
    pub fn new(tokenizer: &dyn Tokenizer, rule: WordRule) -> Self {
        let spec = tokenizer.spec();
        let special: Vec<TokenId> = spec.special.ids().collect();
        let unknown = spec.special.unk;
        Self::of_texts(
            (0..spec.vocab_size).map(|id| {
                let kept = match rule {
                    WordRule::Sklearn => !special.contains(&id),
                    WordRule::Every => !special.contains(&id) || Some(id) == unknown,
                };
                if kept { tokenizer.token(id) } else { None }
            }),
            rule,
        )
    }

    /// Makes the words of tokens' texts in the order of their ids; `None` adds no word.
    pub fn of_texts<'t>(texts: impl IntoIterator<Item = Option<&'t str>>, rule: WordRule) -> Self {
        let of_tokens: Vec<Vec<String>> =
            texts.into_iter().map(|text| text.map_or_else(Vec::new, |text| split(text, rule))).collect();
        let mut names: Vec<String> = of_tokens.iter().flatten().cloned().collect();
        names.sort_unstable();
        names.dedup();
        let mut words = Self { names, ends: Vec::with_capacity(of_tokens.len()), of_tokens: Vec::new() };
        for token in &of_tokens {
            words.of_tokens.extend(
                token.iter().filter_map(|word| words.names.binary_search(word).ok()).map(|word| word as u32),
            );
            words.ends.push(words.of_tokens.len() as u32);
        }
        words
    }

    /// Returns the words in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the number of token ids.
    pub fn vocab_size(&self) -> usize {
        self.ends.len()
    }

    /// Returns the words that a token adds, as places in [`names`](Self::names); `None` for an id that is not there.
    #[inline]
    pub fn of_token(&self, id: TokenId) -> Option<&[u32]> {
        let id = id as usize;
        let end = *self.ends.get(id)? as usize;
        let start = if id == 0 { 0 } else { self.ends[id - 1] as usize };
        Some(&self.of_tokens[start..end])
    }

    /// Keeps some words and renumbers them in their order.
    pub(crate) fn retain(&mut self, keep: &[bool]) {
        let mut places = vec![None; self.names.len()];
        for (next, (place, _)) in (0..).zip(places.iter_mut().zip(keep).filter(|(_, keep)| **keep)) {
            *place = Some(next);
        }
        let mut kept = keep.iter();
        self.names.retain(|_| kept.next().is_some_and(|keep| *keep));
        let mut of_tokens = Vec::with_capacity(self.of_tokens.len());
        let mut start = 0;
        for end in &mut self.ends {
            let words = &self.of_tokens[start..*end as usize];
            start = *end as usize;
            of_tokens.extend(words.iter().filter_map(|&word| places[word as usize]));
            *end = of_tokens.len() as u32;
        }
        self.of_tokens = of_tokens;
    }
}

/// Returns the words in a token's text.
fn split(text: &str, rule: WordRule) -> Vec<String> {
    match rule {
        WordRule::Every => vec![text.to_owned()],
        WordRule::Sklearn => text
            .to_lowercase()
            .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
            .filter(|word| word.chars().nth(1).is_some())
            .map(str::to_owned)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(texts: &[&str], rule: WordRule) -> Vec<Vec<String>> {
        let words = Words::of_texts(texts.iter().copied().map(Some), rule);
        (0..texts.len() as u32)
            .map(|id| {
                words.of_token(id).unwrap().iter().map(|&word| words.names()[word as usize].clone()).collect()
            })
            .collect()
    }

    #[test]
    fn scikit_learn_drops_single_letters_and_folds_case() {
        let texts = ["TTT", "G", "ttt", "##AC", "A-CG_T", "[UNK]", "N"];
        let expected: [&[&str]; 7] = [&["ttt"], &[], &["ttt"], &["ac"], &["cg_t"], &["unk"], &[]];
        assert_eq!(words(&texts, WordRule::Sklearn), expected);
        assert_eq!(words(&texts, WordRule::Every), texts.map(|text| [text]));
    }

    #[test]
    fn forgotten_words_leave_the_others_in_order() {
        let mut words = Words::of_texts(["CC", "AA", "GG"].map(Some), WordRule::Sklearn);
        words.retain(&[true, false, true]);
        assert_eq!(words.names(), ["aa", "gg"]);
        let of = |id| words.of_token(id);
        assert_eq!((of(0), of(1), of(2), of(3)), (Some(&[][..]), Some(&[0][..]), Some(&[1][..]), None));
    }
}
