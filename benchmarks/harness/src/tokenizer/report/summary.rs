//! From counts to the numbers of a report.

use dlm_sdk::{Result, dna};
use serde::Serialize;

use super::survey::{Survey, Word};
use crate::tokenizer::names::ratio;

/// How many tokens the lists of the longest and the most frequent hold.
const LISTED: usize = 30;

/// What a tokenizer does to a genome.
///
/// Tokens are those made of known bases; each N is one unknown token and counts nowhere else.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The tokenizer's name.
    pub tokenizer: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// The genome.
    pub genome: GenomeSize,
    /// The three sizes of the dictionary, and one more.
    pub dictionary: Dictionary,
    /// How many tokens the genome has.
    pub tokens: u64,
    /// Known bases a token: the mean token length.
    pub bases_per_token: f64,
    /// Tokens a thousand known bases.
    pub tokens_per_kilobase: f64,
    /// The entropy of token frequencies, in bits a token.
    pub entropy_bits_per_token: f64,
    /// The same in bits a base: what token frequencies alone know.
    pub entropy_bits_per_base: f64,
    /// The median number of occurrences of the tokens that occur.
    pub median_occurrences: f64,
    /// The mean length of the dictionary's tokens, each counted once.
    pub mean_dictionary_length: f64,
    /// What becomes of the tokens on the other strand.
    pub reverse_complement: Survival,
    /// Length by length.
    pub lengths: Vec<LengthRow>,
    /// Which bases there are, and which come first.
    pub composition: Vec<CompositionRow>,
    /// How many tokens are how frequent, beside the same k-mers counted at every place of the genome.
    pub frequencies: Vec<FrequencyRow>,
    /// The longest tokens.
    pub longest: Vec<TokenRow>,
    /// The most frequent tokens.
    pub most_frequent: Vec<TokenRow>,
    /// Every token, by id.
    #[serde(skip)]
    pub all: Vec<TokenRow>,
}

/// How large a genome is.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct GenomeSize {
    /// How many sequences.
    pub records: u64,
    /// How many A, C, G and T.
    pub known_bases: u64,
    /// How many other bases.
    pub unknown_bases: u64,
}

/// How many tokens a dictionary has, which depends on what is counted.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Dictionary {
    /// All ids, special tokens included; GROVER: 609.
    pub ids: usize,
    /// Tokens made of bases; GROVER: 604.
    pub nucleotide_tokens: usize,
    /// Those that occur with a token on either side, not only beside an N or an end; GROVER on hg19: 601.
    pub occurring: usize,
    /// Those that occur at all.
    pub occurring_anywhere: usize,
}

/// What becomes of tokens when the other strand is tokenized.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Survival {
    /// The share of tokens whose bases are one token there too.
    pub tokens: f64,
    /// The share of bases in such tokens.
    pub bases: f64,
    /// The share of the dictionary whose reverse complement is in the dictionary.
    pub dictionary: f64,
}

/// The tokens of one length.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LengthRow {
    /// The length in bases.
    pub length: usize,
    /// How many words of that length there could be.
    pub possible: f64,
    /// How many the dictionary has.
    pub dictionary: usize,
    /// How many of them occur, see [`Dictionary::occurring`].
    pub occurring: usize,
    /// The share of the possible words that occur.
    pub coverage: f64,
    /// How many tokens of the genome have that length.
    pub tokens: u64,
    /// Their share.
    pub share: f64,
    /// The share of them that the other strand has too.
    pub surviving: f64,
}

/// The share of one base.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CompositionRow {
    /// The base.
    pub base: char,
    /// Its share in the genome, which is that in its tokens.
    pub genome: f64,
    /// Its share in the dictionary's tokens, each counted once.
    pub dictionary: f64,
    /// The share of the dictionary's tokens that start with it.
    pub first_in_dictionary: f64,
    /// The share of the genome's tokens that start with it.
    pub first_in_tokens: f64,
}

/// How many tokens are about as frequent.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FrequencyRow {
    /// The least number of occurrences.
    pub from: f64,
    /// The number of occurrences below which they lie.
    pub below: f64,
    /// How many tokens occur so often as tokens.
    pub tokens: usize,
    /// How many tokens' bases stand so often in the genome.
    pub kmers: usize,
}

/// A token.
#[derive(Clone, Debug, Serialize)]
pub struct TokenRow {
    /// Its id.
    pub id: usize,
    /// Its bases.
    pub token: String,
    /// Its length.
    pub length: usize,
    /// How often it occurs.
    pub occurrences: u64,
    /// How often with a token on either side.
    pub inside: u64,
    /// Its share of all tokens.
    pub share: f64,
    /// How often its bases stand in the genome, at every place of the forward strand.
    pub kmers: u64,
    /// The share of its occurrences that the other strand has too.
    pub surviving: f64,
}

/// Bins a power of ten of the distribution of frequencies.
const BINS: i32 = 4;

impl Survey<'_> {
    /// Ends counting.
    ///
    /// # Errors
    ///
    /// Tokenizing what is left fails.
    pub fn report(self) -> Result<Report> {
        let survey = self.finish()?;
        let words: Vec<&Word> = survey.words.iter().flatten().collect();
        let tokens = words.iter().map(|word| word.occurrences).sum();
        let known_bases = survey.bases.iter().sum();
        let entropy: f64 = words
            .iter()
            .map(|word| ratio(word.occurrences, tokens))
            .filter(|&share| share > 0.0)
            .map(|share| -share * share.log2())
            .sum();
        let all = token_rows(&survey, tokens);
        let spec = survey.tokenizer().spec();
        let covered: u64 = words.iter().map(|word| word.occurrences * word.text.len() as u64).sum();
        Ok(Report {
            tokenizer: spec.name.clone(),
            fingerprint: spec.fingerprint.clone(),
            genome: GenomeSize { records: survey.records, known_bases, unknown_bases: survey.unknown_bases },
            dictionary: Dictionary {
                ids: spec.vocab_size as usize,
                nucleotide_tokens: words.len(),
                occurring: words.iter().filter(|word| word.inside > 0).count(),
                occurring_anywhere: words.iter().filter(|word| word.occurrences > 0).count(),
            },
            tokens,
            bases_per_token: ratio(known_bases, tokens),
            tokens_per_kilobase: 1000.0 * ratio(tokens, known_bases),
            entropy_bits_per_token: entropy,
            entropy_bits_per_base: if covered == 0 { 0.0 } else { entropy * ratio(tokens, covered) },
            median_occurrences: median(words.iter().map(|word| word.occurrences).filter(|&count| count > 0)),
            mean_dictionary_length: ratio(
                words.iter().map(|word| word.text.len() as u64).sum(),
                words.len() as u64,
            ),
            reverse_complement: survival(&words, tokens, covered),
            lengths: lengths(&words, tokens),
            composition: composition(&survey.bases, &words, tokens),
            frequencies: frequencies(&words),
            longest: top(&all, |row| (row.length as u64, row.occurrences)),
            most_frequent: top(&all, |row| (row.occurrences, row.length as u64)),
            all,
        })
    }
}

fn token_rows(survey: &Survey<'_>, tokens: u64) -> Vec<TokenRow> {
    let row = |(id, word): (usize, &Option<Word>)| {
        let word = word.as_ref()?;
        Some(TokenRow {
            id,
            token: word.text.clone(),
            length: word.text.len(),
            occurrences: word.occurrences,
            inside: word.inside,
            share: ratio(word.occurrences, tokens),
            kmers: word.kmers,
            surviving: ratio(word.surviving, word.occurrences),
        })
    };
    survey.words.iter().enumerate().filter_map(row).collect()
}

fn top(all: &[TokenRow], key: impl Fn(&TokenRow) -> (u64, u64)) -> Vec<TokenRow> {
    let mut rows: Vec<&TokenRow> = all.iter().filter(|row| row.occurrences > 0).collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(key(row)), row.id));
    rows.into_iter().take(LISTED).cloned().collect()
}

fn median(values: impl Iterator<Item = u64>) -> f64 {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2] as f64,
        n => f64::midpoint(values[n / 2 - 1] as f64, values[n / 2] as f64),
    }
}

fn survival(words: &[&Word], tokens: u64, covered: u64) -> Survival {
    let mut texts: Vec<&[u8]> = words.iter().map(|word| word.text.as_bytes()).collect();
    texts.sort_unstable();
    let partner = |word: &&&Word| {
        let reverse = dna::reverse_complement(word.text.as_bytes());
        texts.binary_search(&reverse.as_slice()).is_ok()
    };
    Survival {
        tokens: ratio(words.iter().map(|word| word.surviving).sum(), tokens),
        bases: ratio(words.iter().map(|word| word.surviving * word.text.len() as u64).sum(), covered),
        dictionary: ratio(words.iter().filter(partner).count() as u64, words.len() as u64),
    }
}

fn lengths(words: &[&Word], tokens: u64) -> Vec<LengthRow> {
    let longest = words.iter().map(|word| word.text.len()).max().unwrap_or_default();
    let rows = (1..=longest).map(|length| {
        let of: Vec<&&Word> = words.iter().filter(|word| word.text.len() == length).collect();
        let here = of.iter().map(|word| word.occurrences).sum();
        let occurring = of.iter().filter(|word| word.inside > 0).count();
        let possible = 4_f64.powi(length as i32);
        LengthRow {
            length,
            possible,
            dictionary: of.len(),
            occurring,
            coverage: occurring as f64 / possible,
            tokens: here,
            share: ratio(here, tokens),
            surviving: ratio(of.iter().map(|word| word.surviving).sum(), here),
        }
    });
    rows.collect()
}

fn composition(bases: &[u64; 4], words: &[&Word], tokens: u64) -> Vec<CompositionRow> {
    let letters: u64 = words.iter().map(|word| word.text.len() as u64).sum();
    let row = |(base, &count): (u8, &u64)| {
        let in_words = words.iter().flat_map(|word| word.text.bytes()).filter(|&other| other == base).count();
        let first = || words.iter().filter(|word| word.text.as_bytes()[0] == base);
        CompositionRow {
            base: char::from(base),
            genome: ratio(count, bases.iter().sum()),
            dictionary: ratio(in_words as u64, letters),
            first_in_dictionary: ratio(first().count() as u64, words.len() as u64),
            first_in_tokens: ratio(first().map(|word| word.occurrences).sum(), tokens),
        }
    };
    dna::BASES.into_iter().zip(bases).map(row).collect()
}

fn frequencies(words: &[&Word]) -> Vec<FrequencyRow> {
    let bin = |count: u64| (f64::from(BINS) * (count as f64).log10()).floor() as i32;
    let counts = words.iter().flat_map(|word| [word.occurrences, word.kmers]).filter(|&count| count > 0);
    let Some((low, high)) = counts.map(bin).fold(None, |range: Option<(i32, i32)>, bin| {
        let (low, high) = range.unwrap_or((bin, bin));
        Some((low.min(bin), high.max(bin)))
    }) else {
        return Vec::new();
    };
    let edge = |bin: i32| 10_f64.powf(f64::from(bin) / f64::from(BINS));
    let row = |place: i32| FrequencyRow {
        from: edge(place),
        below: edge(place + 1),
        tokens: words.iter().filter(|word| word.occurrences > 0 && bin(word.occurrences) == place).count(),
        kmers: words.iter().filter(|word| word.kmers > 0 && bin(word.kmers) == place).count(),
    };
    (low..=high).map(row).collect()
}
