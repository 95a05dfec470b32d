//! 6-mers that do not overlap, with single bases where no 6-mer fits.

use dlm_sdk::{
    Config, Error, Result, Sequence, Span, SpecialTokens, TokenId, TokenSink, Tokenizer, TokenizerSpec,
};

/// The order in which the model numbers bases.
const ORDER: [u8; 4] = *b"ATCG";
/// The bases of a word.
const WORD: usize = 6;
/// How many words there are.
const WORDS: u32 = 4u32.pow(WORD as u32);
/// The tokens before the words; the second version has all of them.
const SPECIAL: [&str; 6] = ["<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>"];
/// Opens a row.
pub(crate) const CLS: TokenId = 3;
const UNK: TokenId = 0;

/// The two vocabularies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Version {
    /// Without tokens for begin and end: 4,105 ids.
    First,
    /// With them: 4,107 ids.
    Second,
}

impl Version {
    /// Returns the id of the first word.
    fn first_word(self) -> u32 {
        match self {
            Self::First => 4,
            Self::Second => 6,
        }
    }

    /// Returns how many ids there are.
    pub(crate) fn size(self) -> u32 {
        self.first_word() + WORDS + ORDER.len() as u32 + 1
    }

    /// Returns the version that has a number of ids.
    pub(crate) fn of_size(size: usize) -> Option<Self> {
        [Self::First, Self::Second].into_iter().find(|version| version.size() as usize == size)
    }

    /// Returns the name used in specs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::First => "v1",
            Self::Second => "v2",
        }
    }
}

/// The Nucleotide Transformer's tokenizer.
///
/// From left to right, six bases are a token. Where fewer than six follow, at the end or before anything that is not A, C,
/// G or T, each base is a token; so is N, and every other letter is unknown. Words are counted anew after it.
#[derive(Debug)]
pub(crate) struct SixMers {
    spec: TokenizerSpec,
    version: Version,
    texts: Vec<String>,
}

impl SixMers {
    /// Makes the tokenizer of a spec, `nt-6mer:v1` or `nt-6mer:v2`; the second unless one is named.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) for another version.
    pub(crate) fn from_config(config: &Config) -> Result<Self> {
        match config.positional() {
            Some("v1") => Ok(Self::new(Version::First)),
            None | Some("v2") => Ok(Self::new(Version::Second)),
            Some(other) => Err(Error::invalid(format!("version {other:?} is not known"))
                .with_hint("the versions are nt-6mer:v1 and nt-6mer:v2")),
        }
    }

    /// Makes the tokenizer of a version.
    pub(crate) fn new(version: Version) -> Self {
        let mut texts: Vec<String> =
            SPECIAL[..version.first_word() as usize].iter().map(|text| (*text).to_owned()).collect();
        texts.extend((0..WORDS).map(|word| {
            (0..WORD).rev().map(|place| ORDER[(word >> (2 * place)) as usize & 3] as char).collect::<String>()
        }));
        texts.extend(ORDER.iter().map(|&base| (base as char).to_string()));
        texts.push("N".to_owned());
        let mut spec = TokenizerSpec::new(format!("nt-6mer:{}", version.name()), version.size());
        spec.special =
            SpecialTokens { pad: Some(1), unk: Some(UNK), cls: Some(CLS), sep: None, mask: Some(2) };
        Self { spec, version, texts }
    }

    fn encode(&self, bases: &[u8], ids: &mut Vec<TokenId>, spans: &mut Vec<Span>) {
        let digit = |base: &u8| ORDER.iter().position(|known| *known == base.to_ascii_uppercase());
        let (words, singles) = (self.version.first_word(), self.version.first_word() + WORDS);
        let mut at = 0;
        while at < bases.len() {
            let word = bases.get(at..at + WORD).and_then(|word| {
                word.iter().try_fold(0u32, |number, base| Some(number << 2 | digit(base)? as u32))
            });
            let (id, length) = match (word, digit(&bases[at])) {
                (Some(word), _) => (words + word, WORD),
                (None, Some(single)) => (singles + single as u32, 1),
                (None, None) if bases[at].eq_ignore_ascii_case(&b'N') => (singles + ORDER.len() as u32, 1),
                (None, None) => (UNK, 1),
            };
            ids.push(id);
            spans.push(Span { start: at as u32, end: (at + length) as u32 });
            at += length;
        }
    }
}

impl Tokenizer for SixMers {
    fn spec(&self) -> &TokenizerSpec {
        &self.spec
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        let (mut ids, mut spans) = (Vec::new(), Vec::new());
        for sequence in sequences {
            let bases = sequence.bases();
            if u32::try_from(bases.len()).is_err() {
                return Err(Error::invalid(format!(
                    "a sequence of {} bases is too long for a span",
                    bases.len()
                )));
            }
            ids.clear();
            spans.clear();
            self.encode(bases, &mut ids, &mut spans);
            if sink.emit(&ids, &spans).is_break() {
                return Err(Error::cancelled());
            }
        }
        Ok(())
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        self.texts.get(id as usize).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use dlm_sdk::TokenizerExt as _;

    use super::*;

    fn texts(tokenizer: &SixMers, bases: &str) -> String {
        let batch = tokenizer.batch(&[Sequence::new(bases.as_bytes())]).unwrap();
        let texts: Vec<&str> = batch.row(0).ids.iter().map(|&id| tokenizer.token(id).unwrap()).collect();
        texts.join(" ")
    }

    #[test]
    fn it_holds_the_rules_of_tokenizers() {
        for version in [Version::First, Version::Second] {
            dlm_sdk::conformance::tokenizer(&SixMers::new(version)).assert();
        }
    }

    /// The examples of the model's documentation.
    #[test]
    fn tokens_are_those_that_were_published() {
        let tokenizer = SixMers::new(Version::First);
        assert_eq!(texts(&tokenizer, "ACGTGTACGTGCACGGACGACTAGTCAGCA"), "ACGTGT ACGTGC ACGGAC GACTAG TCAGCA");
        assert_eq!(
            texts(&tokenizer, "ACGTGTACNTGCACGGANCGACTAGTCTGA"),
            "ACGTGT A C N TGCACG G A N CGACTA GTCTGA"
        );
        assert_eq!(texts(&tokenizer, "acgtgtaRt"), "ACGTGT A <unk> T");
    }

    #[test]
    fn ids_are_counted_in_the_order_of_the_model() {
        let first = |version, bases: &str| {
            SixMers::new(version).batch(&[Sequence::new(bases.as_bytes())]).unwrap().row(0).ids[0]
        };
        assert_eq!((Version::First.size(), Version::Second.size()), (4105, 4107));
        assert_eq!((first(Version::First, "AAAAAA"), first(Version::Second, "AAAAAA")), (4, 6));
        assert_eq!(first(Version::First, "AAAAAT"), 5);
        assert_eq!(first(Version::First, "GGGGGG"), 4 + 4095);
        assert_eq!((first(Version::Second, "A"), first(Version::Second, "N")), (4102, 4106));
        assert_eq!(SixMers::new(Version::First).token(CLS), Some("<cls>"));
    }
}
