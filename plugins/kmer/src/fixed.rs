//! Words of k bases side by side, and single characters.

use dlm_sdk::{dna, prelude::*};

use crate::{
    simd,
    vocabulary::{IDS, SPECIAL, UNKNOWN, Words, check_k, check_length, fingerprint},
};

/// The id of a single A; C, G and T follow.
const SINGLE: TokenId = 5;
/// The id of the first word, where there are words besides the single bases.
const WORD: TokenId = 9;

/// Non-overlapping k-mers: each base belongs to one token.
///
/// From the start of the sequence, and anew behind every N, k bases at a time are one word. Bases that are left over
/// before an N or at the end are single bases, and each N (anything but A, C, G and T, in either case) is one unknown
/// token of one base.
///
/// Ids: 0-4 special, 5-8 the single bases A, C, G, T, from 9 on all 4^k words in ACGT order. With k = 1 the single
/// bases are the words and are not listed twice, so that there are 9 ids; [`characters`](Self::characters) is the same
/// under the name `char`.
///
/// # Examples
///
/// ```
/// use dlm_plugin_kmer::FixedKmers;
/// use dlm_sdk::prelude::*;
///
/// let threes = FixedKmers::new(3)?;
/// let batch = threes.batch(&[Sequence::new(b"AAACAN")])?;
/// assert_eq!(batch.row(0).ids, [9, 6, 5, 1]);
/// assert_eq!(batch.row(0).spans[1], Span { start: 3, end: 4 });
/// assert_eq!(threes.spec().vocab_size, 9 + 64);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct FixedKmers {
    k: usize,
    first: TokenId,
    spec: TokenizerSpec,
    words: Words,
}

impl FixedKmers {
    /// Creates the tokenizer of a word length, 1 to 8.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) for any other length.
    pub fn new(k: u32) -> Result<Self> {
        check_k(k)?;
        Ok(Self::build(k, format!("kmer:{k}")))
    }

    /// Creates the tokenizer of single characters.
    pub fn characters() -> Self {
        Self::build(1, "char".to_owned())
    }

    fn build(k: u32, name: String) -> Self {
        let (first, words) =
            if k == 1 { (SINGLE, Words::new(1, String::new())) } else { (WORD, Words::all(k, dna::BASES)) };
        let mut spec = TokenizerSpec::new(name, WORD + words.len() as u32);
        spec.special = IDS;
        spec.fingerprint = fingerprint(&format!("side by side {k}"), words.iter());
        Self { k: k as usize, first, spec, words }
    }

    /// Returns the length of a word.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Appends the ids of a sequence, without their spans.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut ids = Vec::new();
    /// dlm_plugin_kmer::FixedKmers::new(2)?.ids(b"ACGTA", &mut ids);
    /// assert_eq!(ids, [10, 20, 5]);
    /// # Ok::<(), dlm_sdk::Error>(())
    /// ```
    pub fn ids(&self, bases: &[u8], ids: &mut Vec<TokenId>) {
        ids.reserve(bases.len() / self.k + 1);
        self.walk(bases, |piece| match piece {
            Piece::Words(run) => simd::words(run, self.k, self.first, ids),
            Piece::Single(id) => {
                ids.push(id);
                0
            }
        });
    }

    fn ids_and_spans(&self, bases: &[u8], ids: &mut Vec<TokenId>, spans: &mut Vec<Span>) {
        let k = self.k as u32;
        let mut start = 0;
        self.walk(bases, |piece| match piece {
            Piece::Words(run) => {
                let words = simd::words(run, self.k, self.first, ids);
                let end = start + words as u32 * k;
                spans.extend(
                    (0..words as u32).map(|word| Span { start: start + word * k, end: start + word * k + k }),
                );
                start = end;
                words
            }
            Piece::Single(id) => {
                ids.push(id);
                spans.push(Span { start, end: start + 1 });
                start += 1;
                0
            }
        });
    }

    /// Offers the bases from where whole words may begin, is told how many it were, and goes on with the single bases
    /// up to where the frame starts anew.
    fn walk(&self, bases: &[u8], mut take: impl FnMut(Piece<'_>) -> usize) {
        let mut rest = bases;
        while !rest.is_empty() {
            let words = take(Piece::Words(rest));
            rest = &rest[words * self.k..];
            while let Some((&base, behind)) = rest.split_first() {
                rest = behind;
                let Some(code) = dna::code(base) else {
                    take(Piece::Single(UNKNOWN));
                    break;
                };
                take(Piece::Single(SINGLE + TokenId::from(code)));
            }
        }
    }
}

/// What a walk over a sequence comes across.
enum Piece<'a> {
    /// Bases that begin with any number of whole words.
    Words(&'a [u8]),
    /// A token of one base.
    Single(TokenId),
}

impl Tokenizer for FixedKmers {
    fn spec(&self) -> &TokenizerSpec {
        &self.spec
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        let (mut ids, mut spans) = (Vec::new(), Vec::new());
        for sequence in sequences {
            check_length(sequence.bases())?;
            ids.clear();
            spans.clear();
            self.ids_and_spans(sequence.bases(), &mut ids, &mut spans);
            if sink.emit(&ids, &spans).is_break() {
                return Err(Error::cancelled());
            }
        }
        Ok(())
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        match id {
            0..SINGLE => Some(SPECIAL[id as usize]),
            SINGLE..WORD => ["A", "C", "G", "T"].get((id - SINGLE) as usize).copied(),
            _ => self.words.get((id - WORD) as usize),
        }
    }
}

impl std::fmt::Debug for FixedKmers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FixedKmers").field("k", &self.k).finish_non_exhaustive()
    }
}
