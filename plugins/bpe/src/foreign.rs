//! Tokenizers that only the crate `tokenizers` can run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dlm_sdk::{
    Error, ErrorKind, Result, Sequence, Span, SpecialTokens, TokenId, TokenSink, Tokenizer, TokenizerSpec,
    dna,
};
use sha2::{Digest as _, Sha256};
use tokenizers::pipeline::{EncodeOptions, Override, PipelineTokenizer};

/// What vocabularies put on a token to say where in a word it stands.
const MARKS: [&str; 5] = ["##", "\u{2581}", "\u{120}", "</w>", "@@"];
/// Encoded when a file is opened, to see whether its tokens can be traced.
const PROBE: &[u8] = b"ACGTTGCATGGCCAATTAACGCGTNACGATTTTTACANNNGATTACA";

/// A `tokenizer.json` of any kind: `WordPiece`, `Unigram`, `WordLevel`, or byte-pair encoding with rules beside its merges.
///
/// The crate that runs it says which tokens a sequence has, not which bases they cover. Spans are found by spelling: the
/// tokens, without the marks that tell where in a word they stand, must give the sequence back. A tokenizer whose tokens
/// do not, because it drops or rewrites bases, is refused.
#[derive(Debug)]
pub struct ForeignTokenizer {
    spec: TokenizerSpec,
    inner: Inner,
    texts: Vec<Option<String>>,
    options: EncodeOptions,
}

struct Inner(PipelineTokenizer);

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PipelineTokenizer")
    }
}

impl ForeignTokenizer {
    /// Opens the text of a `tokenizer.json`; `reason` says why it is not a [`Bpe`](crate::Bpe).
    pub(crate) fn new(text: &str, name: Option<String>, reason: String) -> Result<Self> {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| Error::invalid("not JSON").with_source(error))?;
        let texts = texts(&value);
        let failed = |cause: String| {
            Error::unsupported(format!("{reason}, and the crate tokenizers cannot open it: {cause}"))
                .with_hint("write the file again with a current version of tokenizers")
        };
        // The crate may panic on files that nobody writes.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let text = tokenizers::canonicalize_str(text).map_err(|error| error.to_string())?;
            tokenizers::from_json(&text).map_err(|error| error.to_string())
        }));
        let inner = opened.map_err(|_| failed("it panicked".into()))?.map_err(failed)?;
        let mut spec = TokenizerSpec::new(name.unwrap_or_else(|| "foreign".into()), texts.len() as u32);
        spec.special = roles(&value, &texts);
        spec.fingerprint = format!("foreign:{}", dlm_sdk::hexadecimal(&Sha256::digest(text)));
        let options = EncodeOptions {
            add_special_tokens: false,
            encode_special_tokens: false,
            padding: Override::Off,
            truncation: Override::Off,
        };
        let tokenizer = Self { spec, inner: Inner(inner), texts, options };
        for probe in [PROBE, &PROBE[..24]] {
            tokenizer
                .encode(probe)
                .map_err(|error| error.within(format!("{reason}, and its tokens cannot be traced")))?;
        }
        Ok(tokenizer)
    }

    fn encode(&self, bases: &[u8]) -> Result<(Vec<TokenId>, Vec<Span>)> {
        if u32::try_from(bases.len()).is_err() {
            return Err(Error::invalid(format!(
                "a sequence of {} bases is too long for a span",
                bases.len()
            )));
        }
        // Anything but a letter would be taken for a space or for part of a letter; N says the same.
        let text: String = bases
            .iter()
            .map(|base| if base.is_ascii_alphabetic() { base.to_ascii_uppercase() as char } else { 'N' })
            .collect();
        let mut ids = Vec::new();
        let run = catch_unwind(AssertUnwindSafe(|| self.inner.0.encode_into(&text, &self.options, &mut ids)));
        match run {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                return Err(Error::internal(format!("the crate tokenizers failed: {error}")));
            }
            Err(_) => return Err(Error::new(ErrorKind::Panicked, "the crate tokenizers panicked")),
        }
        let ids: Vec<TokenId> = ids.into_iter().map(Into::into).collect();
        let spans = self.trace(text.as_bytes(), &ids)?;
        Ok((ids, spans))
    }

    /// Finds the bases of each token by spelling.
    fn trace(&self, bases: &[u8], ids: &[TokenId]) -> Result<Vec<Span>> {
        let mut spans = Vec::with_capacity(ids.len());
        let (mut at, mut token) = (0, 0);
        while token < ids.len() {
            let unknown = ids[token..].iter().take_while(|&&id| Some(id) == self.spec.special.unk).count();
            if unknown > 0 {
                let rest = &bases[at..];
                let stretch = if token + unknown == ids.len() && unknown == 1 {
                    rest.len()
                } else {
                    rest.iter().position(|&base| dna::code(base).is_some()).unwrap_or(rest.len())
                };
                if unknown != stretch && (unknown != 1 || stretch == 0) {
                    return Err(Error::unsupported(format!(
                        "base {at}: {unknown} unknown tokens stand for {stretch} bases that are not A, C, G or T"
                    )));
                }
                let each = if unknown == 1 { stretch } else { 1 };
                for _ in 0..unknown {
                    spans.push(Span { start: at as u32, end: (at + each) as u32 });
                    at += each;
                }
                token += unknown;
                continue;
            }
            let text = self.token(ids[token]).unwrap_or_default();
            if text.is_empty() || !bases[at..].starts_with(text.as_bytes()) {
                return Err(Error::unsupported(format!(
                    "base {at}: token {text:?} does not spell the sequence"
                ))
                .with_hint("its normalizer or pre-tokenizer must neither drop nor rewrite bases"));
            }
            spans.push(Span { start: at as u32, end: (at + text.len()) as u32 });
            at += text.len();
            token += 1;
        }
        if at < bases.len() {
            return Err(Error::unsupported(format!("base {at}: the tokens end before the sequence"))
                .with_hint("its normalizer or pre-tokenizer must neither drop nor rewrite bases"));
        }
        Ok(spans)
    }
}

impl Tokenizer for ForeignTokenizer {
    fn spec(&self) -> &TokenizerSpec {
        &self.spec
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        for sequence in sequences {
            let (ids, spans) = self.encode(sequence.bases())?;
            if sink.emit(&ids, &spans).is_break() {
                return Err(Error::cancelled());
            }
        }
        Ok(())
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        self.texts.get(id as usize)?.as_deref()
    }
}

/// Collects the tokens' texts by id, without marks.
fn texts(value: &serde_json::Value) -> Vec<Option<String>> {
    const MOST: u64 = 1 << 22;
    let mut texts: Vec<Option<String>> = Vec::new();
    let mut add = |id: u64, text: &str| {
        if id < MOST {
            let index = id as usize;
            if texts.len() <= index {
                texts.resize(index + 1, None);
            }
            texts[index] = Some(MARKS.iter().fold(text.to_owned(), |text, mark| text.replace(mark, "")));
        }
    };
    match &value["model"]["vocab"] {
        serde_json::Value::Object(vocabulary) => {
            vocabulary
                .iter()
                .filter_map(|(text, id)| Some((id.as_u64()?, text)))
                .for_each(|(id, text)| add(id, text));
        }
        // Unigram lists texts with their scores.
        serde_json::Value::Array(vocabulary) => {
            (0..)
                .zip(vocabulary)
                .filter_map(|(id, entry)| Some((id, entry[0].as_str()?)))
                .for_each(|(id, text)| add(id, text));
        }
        _ => {}
    }
    for token in value["added_tokens"].as_array().into_iter().flatten() {
        if let (Some(id), Some(text)) = (token["id"].as_u64(), token["content"].as_str()) {
            add(id, text);
        }
    }
    texts
}

fn roles(value: &serde_json::Value, texts: &[Option<String>]) -> SpecialTokens {
    let find = |names: &[&str]| {
        names.iter().find_map(|name| {
            (0..).zip(texts).find(|(_, text)| text.as_deref() == Some(name)).map(|(id, _)| id)
        })
    };
    let named = value["model"]["unk_token"].as_str().and_then(|name| find(&[name]));
    let numbered = value["model"]["unk_id"].as_u64().map(|id| id as TokenId);
    SpecialTokens {
        pad: find(&["[PAD]", "<pad>"]),
        unk: named.or(numbered).or_else(|| find(&["[UNK]", "<unk>"])),
        cls: find(&["[CLS]", "<cls>", "<s>"]),
        sep: find(&["[SEP]", "<sep>", "</s>", "<eos>"]),
        mask: find(&["[MASK]", "<mask>"]),
    }
}
