//! A word of k bases at every base, as in DNABERT.
//!
//! DNABERT (Ji et al., Bioinformatics 2021) slides a window of k bases over a sequence one base at a time; the words go
//! through a plain word list, so that a window that touches anything but A, C, G and T is the unknown token. Its word
//! lists hold the five special tokens and then all k-mers with the bases in the order A, T, C, G.

use dlm_sdk::{dna, prelude::*};

use crate::vocabulary::{IDS, SPECIAL, UNKNOWN, Words, check_k, check_length, fingerprint, index};

/// The order of the bases in DNABERT's word lists.
const ORDER: [u8; 4] = *b"ATCG";

/// Overlapping k-mers: token i covers the bases i to i + k.
///
/// A sequence of L bases has L - k + 1 tokens, and none if it is shorter than k.
///
/// # Examples
///
/// ```
/// use dlm_plugin_kmer::OverlappingKmers;
/// use dlm_sdk::prelude::*;
///
/// let threes = OverlappingKmers::new(3)?;
/// let batch = threes.batch(&[Sequence::new(b"AAATNAAA")])?;
/// assert_eq!(batch.row(0).ids, [5, 6, 1, 1, 1, 5]);
/// assert_eq!(batch.row(0).spans[1], Span { start: 1, end: 4 });
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct OverlappingKmers {
    k: usize,
    spec: TokenizerSpec,
    words: Words,
    ids: Vec<TokenId>,
}

impl OverlappingKmers {
    /// Creates the tokenizer of a word length, 1 to 8, with ids in DNABERT's order.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) for any other length.
    pub fn new(k: u32) -> Result<Self> {
        check_k(k)?;
        Ok(Self::build(k as usize, Words::all(k, ORDER)))
    }

    /// Reads a word list: the five special tokens, then k-mers of one length, a line each; the line is the id.
    ///
    /// k-mers that are not listed become the unknown token.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid), naming the line that is not what the list should hold.
    pub fn from_vocabulary(text: &str) -> Result<Self> {
        let mut lines = (1..).zip(text.lines());
        for special in SPECIAL {
            match lines.next() {
                Some((_, line)) if line == special => (),
                Some((number, line)) => {
                    return Err(Error::invalid(format!(
                        "line {number}: {line:?} stands where {special} should"
                    ))
                    .with_hint("a k-mer vocabulary starts with [PAD], [UNK], [CLS], [SEP] and [MASK]"));
                }
                None => return Err(Error::invalid(format!("the vocabulary ends before {special}"))),
            }
        }
        let mut k = 0;
        let mut words = String::new();
        let mut seen: Vec<u32> = Vec::new();
        for (number, word) in lines {
            if seen.is_empty() {
                k = word.len();
                check_k(k as u32).map_err(|error| error.within(format!("line {number}: {word:?}")))?;
                seen = vec![0; 4_usize.pow(k as u32)];
            }
            if word.len() != k {
                return Err(Error::invalid(format!(
                    "line {number}: {word:?} has not {k} bases, as the words before it"
                ))
                .with_hint("words of many lengths are a byte-pair vocabulary: give its tokenizer.json"));
            }
            let Some(index) =
                index(word.as_bytes()).filter(|_| !word.bytes().any(|b| b.is_ascii_lowercase()))
            else {
                return Err(Error::invalid(format!("line {number}: {word:?} is not made of A, C, G and T")));
            };
            if seen[index] != 0 {
                return Err(Error::invalid(format!(
                    "line {number}: {word} stands in line {} too",
                    seen[index]
                )));
            }
            seen[index] = number;
            words.push_str(word);
        }
        if words.is_empty() {
            return Err(Error::invalid("the vocabulary holds no k-mer"));
        }
        Ok(Self::build(k, Words::new(k, words)))
    }

    fn build(k: usize, words: Words) -> Self {
        let special = SPECIAL.len() as u32;
        let mut ids = vec![UNKNOWN; 4_usize.pow(k as u32)];
        for (id, word) in (special..).zip(words.iter()) {
            if let Some(index) = index(word.as_bytes()) {
                ids[index] = id;
            }
        }
        let mut spec = TokenizerSpec::new(format!("kmer:{k}:overlap"), special + words.len() as u32);
        spec.special = IDS;
        spec.coverage = Coverage::Overlap;
        spec.fingerprint = fingerprint(&format!("overlapping {k}"), words.iter());
        Self { k, spec, words, ids }
    }

    /// Returns the length of a word.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Writes the word list, as [`from_vocabulary`](Self::from_vocabulary) reads it.
    pub fn vocabulary(&self) -> String {
        SPECIAL.into_iter().chain(self.words.iter()).flat_map(|token| [token, "\n"]).collect()
    }

    fn row(&self, bases: &[u8], ids: &mut Vec<TokenId>) {
        let mask = self.ids.len() - 1;
        let mut index = 0;
        // How many of the bases up to here are known: a window is a word once there are k.
        let mut known = 0;
        for (position, &base) in bases.iter().enumerate() {
            if let Some(code) = dna::code(base) {
                index = index << 2 & mask | usize::from(code);
                known += 1;
            } else {
                known = 0;
            }
            if position + 1 >= self.k {
                ids.push(if known >= self.k { self.ids[index] } else { UNKNOWN });
            }
        }
    }
}

impl Tokenizer for OverlappingKmers {
    fn spec(&self) -> &TokenizerSpec {
        &self.spec
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        let (mut ids, mut spans) = (Vec::new(), Vec::new());
        let k = self.k as u32;
        for sequence in sequences {
            check_length(sequence.bases())?;
            ids.clear();
            spans.clear();
            self.row(sequence.bases(), &mut ids);
            spans.extend((0..ids.len() as u32).map(|start| Span { start, end: start + k }));
            if sink.emit(&ids, &spans).is_break() {
                return Err(Error::cancelled());
            }
        }
        Ok(())
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        SPECIAL.get(id as usize).copied().or_else(|| self.words.get(id as usize - SPECIAL.len()))
    }
}

impl std::fmt::Debug for OverlappingKmers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OverlappingKmers").field("k", &self.k).finish_non_exhaustive()
    }
}
