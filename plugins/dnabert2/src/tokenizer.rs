//! DNABERT-2's byte-pair encoding, run by the crate `tokenizers`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use dlm_sdk::{
    Config, Error, ErrorKind, Result, Sequence, Span, SpecialTokens, TokenId, TokenSink, Tokenizer,
    TokenizerSpec,
};
use sha2::{Digest as _, Sha256};
use tokenizers::pipeline::{EncodeOptions, Override, PipelineTokenizer};

/// The tokens of a `tokenizer.json`, each with the bases it covers.
///
/// Letters are read in upper case. A byte that is no letter is unknown, so that the file's rules for spaces are never met.
pub(crate) struct BytePairs {
    spec: TokenizerSpec,
    inner: PipelineTokenizer,
    texts: Vec<String>,
    unknown: TokenId,
}

const OPTIONS: EncodeOptions = EncodeOptions {
    add_special_tokens: false,
    encode_special_tokens: false,
    padding: Override::Off,
    truncation: Override::Off,
};

impl std::fmt::Debug for BytePairs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BytePairs").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl BytePairs {
    /// Makes the tokenizer of a spec, `dnabert2-bpe:FOLDER`.
    ///
    /// # Errors
    ///
    /// No folder is named; as [`open`](Self::open).
    pub(crate) fn from_config(config: &Config) -> Result<Self> {
        let folder = config.positional().ok_or_else(|| {
            Error::invalid("no folder is named")
                .with_hint("name one that holds tokenizer.json: dnabert2-bpe:FOLDER")
        })?;
        Self::open(Path::new(folder))
    }

    /// Opens the `tokenizer.json` of a folder, or a file.
    ///
    /// # Errors
    ///
    /// [`Io`](dlm_sdk::ErrorKind::Io) if it cannot be read, [`Invalid`](dlm_sdk::ErrorKind::Invalid) if it is none or has
    /// no `[UNK]`.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let path: PathBuf = if path.is_dir() { path.join("tokenizer.json") } else { path.to_owned() };
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
        Self::new(&text).map_err(|error| error.within(path.display().to_string()))
    }

    fn new(text: &str) -> Result<Self> {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| Error::invalid("is not JSON").with_source(error))?;
        let texts = texts(&value)?;
        let failed = |cause: String| Error::invalid(format!("the crate tokenizers cannot open it: {cause}"));
        // The crate may panic on files that nobody writes.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let text = tokenizers::canonicalize_str(text).map_err(|error| error.to_string())?;
            tokenizers::from_json(&text).map_err(|error| error.to_string())
        }));
        let inner = opened.map_err(|_| failed("it panicked".into()))?.map_err(failed)?;
        let find = |wanted: &str| texts.iter().position(|text| text == wanted).map(|id| id as TokenId);
        let unknown = find("[UNK]").ok_or_else(|| Error::invalid("has no token [UNK]"))?;
        let mut spec = TokenizerSpec::new("dnabert2-bpe", texts.len() as u32);
        spec.special = SpecialTokens {
            pad: find("[PAD]"),
            unk: Some(unknown),
            cls: find("[CLS]"),
            sep: find("[SEP]"),
            mask: find("[MASK]"),
        };
        spec.fingerprint = format!("dnabert2-bpe:{}", dlm_sdk::hexadecimal(&Sha256::digest(text)));
        Ok(Self { spec, inner, texts, unknown })
    }

    fn encode(&self, bases: &[u8], ids: &mut Vec<TokenId>, spans: &mut Vec<Span>) -> Result<()> {
        let mut at = 0;
        while at < bases.len() {
            let letters = bases[at..].iter().take_while(|base| base.is_ascii_alphabetic()).count();
            if letters == 0 {
                ids.push(self.unknown);
                spans.push(Span { start: at as u32, end: at as u32 + 1 });
                at += 1;
                continue;
            }
            self.word(&bases[at..at + letters], at, ids, spans)?;
            at += letters;
        }
        Ok(())
    }

    /// Encodes letters that begin at a base of the sequence; spans are found by spelling.
    fn word(
        &self,
        letters: &[u8],
        start: usize,
        ids: &mut Vec<TokenId>,
        spans: &mut Vec<Span>,
    ) -> Result<()> {
        let text: String = letters.iter().map(|base| base.to_ascii_uppercase() as char).collect();
        let mut found = Vec::new();
        match catch_unwind(AssertUnwindSafe(|| self.inner.encode_into(&text, &OPTIONS, &mut found))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                return Err(Error::internal(format!("the crate tokenizers failed: {error}")));
            }
            Err(_) => return Err(Error::new(ErrorKind::Panicked, "the crate tokenizers panicked")),
        }
        let mut at = 0;
        for id in found {
            let id: TokenId = id.into();
            let token = self.texts.get(id as usize).map_or("", String::as_str);
            let length = if id == self.unknown { 1 } else { token.len() };
            let fits = id == self.unknown || (!token.is_empty() && text[at..].starts_with(token));
            if !fits || at + length > text.len() {
                return Err(Error::unsupported(format!(
                    "base {}: token {token:?} does not spell the sequence",
                    start + at
                )));
            }
            ids.push(id);
            spans.push(Span { start: (start + at) as u32, end: (start + at + length) as u32 });
            at += length;
        }
        if at < text.len() {
            return Err(Error::unsupported(format!(
                "base {}: the tokens end before the sequence",
                start + at
            )));
        }
        Ok(())
    }
}

/// Returns the texts of all tokens by id.
fn texts(value: &serde_json::Value) -> Result<Vec<String>> {
    let vocabulary = value["model"]["vocab"].as_object();
    let vocabulary = vocabulary.ok_or_else(|| Error::invalid("has no vocabulary under model.vocab"))?;
    let added = value["added_tokens"].as_array().into_iter().flatten();
    let added = added.filter_map(|token| Some((token["content"].as_str()?, token["id"].as_u64()?)));
    let own = vocabulary.iter().filter_map(|(text, id)| Some((text.as_str(), id.as_u64()?)));
    let mut texts: Vec<String> = Vec::new();
    for (text, id) in own.chain(added) {
        let id = usize::try_from(id).ok().filter(|id| *id < 1 << 24);
        let id =
            id.ok_or_else(|| Error::invalid(format!("token {text:?} has an id that no vocabulary has")))?;
        if texts.len() <= id {
            texts.resize(id + 1, String::new());
        }
        text.clone_into(&mut texts[id]);
    }
    Ok(texts)
}

impl Tokenizer for BytePairs {
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
            self.encode(bases, &mut ids, &mut spans)?;
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

    /// The published file's form with few merges, `[PAD]` where it has it.
    const FILE: &str = r#"{"version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [
            {"id": 0, "content": "[UNK]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
            {"id": 1, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
            {"id": 2, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
            {"id": 3, "content": "[PAD]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
            {"id": 4, "content": "[MASK]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
        "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
        "model": {"type": "BPE", "dropout": null, "unk_token": "[UNK]", "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false,
            "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "[PAD]": 3, "[MASK]": 4,
                "A": 5, "C": 6, "G": 7, "T": 8, "TT": 9, "AC": 10, "TTT": 11, "ACG": 12},
            "merges": ["T T", "A C", "TT T", "AC G"]}}"#;

    #[test]
    fn it_holds_the_rules_of_tokenizers() {
        dlm_sdk::conformance::tokenizer(&BytePairs::new(FILE).unwrap()).assert();
    }

    #[test]
    fn merges_are_made_in_order_and_every_base_is_covered() {
        let tokenizer = BytePairs::new(FILE).unwrap();
        let special = tokenizer.spec().special;
        assert_eq!(
            (special.unk, special.cls, special.sep, special.pad),
            (Some(0), Some(1), Some(2), Some(3))
        );
        let batch = tokenizer.batch(&[Sequence::new(b"acgTTTTTNN-AC AC")]).unwrap();
        assert_eq!(batch.row(0).ids, [12, 9, 11, 0, 0, 0, 10, 0, 10]);
        let ends: Vec<u32> = batch.row(0).spans.iter().map(|span| span.end).collect();
        assert_eq!(ends, [3, 5, 8, 9, 10, 11, 13, 14, 16]);
    }

    #[test]
    fn what_is_no_tokenizer_is_refused() {
        for (text, complaint) in
            [("{", "JSON"), ("{}", "model.vocab"), (&FILE.replace("[UNK]", "[OTHER]"), "[UNK]")]
        {
            let error = BytePairs::new(text).unwrap_err().chain();
            assert!(error.contains(complaint), "{error}");
        }
    }
}
