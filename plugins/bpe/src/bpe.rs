//! A vocabulary that encodes.

use std::{path::Path, sync::Arc};

use dlm_sdk::{
    Error, Result, Sequence, Span, SpecialTokens, TokenId, TokenSink, Tokenizer, TokenizerSpec, dna, register,
};
use rustc_hash::FxHashMap;
use sha2::{Digest as _, Sha256};

use crate::{
    Encoded, Merge,
    encode::{Fast, Scratch},
    open,
    rules::Rules,
};

/// The special tokens of vocabularies made here, by id from 0.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// A byte-pair-encoding vocabulary.
///
/// # Examples
///
/// ```
/// use dlm_plugin_bpe::{Bpe, Merge};
///
/// let merge = |left: &str, right: &str| Merge { left: left.into(), right: right.into() };
/// let bpe = Bpe::from_merges(&[merge("T", "T"), merge("A", "TT")])?;
/// // [PAD] [UNK] [CLS] [SEP] [MASK] are 0 to 4, A C G T are 5 to 8, merges follow.
/// let tokens = bpe.encode(b"ATTTNG")?;
/// assert_eq!(tokens.ids, [10, 8, 1, 7]);
/// assert_eq!(tokens.spans[0].end, 3);
/// # Ok::<(), dlm_sdk::Error>(())
/// ```
#[derive(Debug)]
pub struct Bpe {
    spec: TokenizerSpec,
    /// The text of each id; `None` where a file leaves an id out.
    tokens: Vec<Option<Arc<str>>>,
    /// The ids that are special tokens.
    special: Vec<TokenId>,
    unknown: TokenId,
    /// All merges, also those that no bases lead to.
    merges: Vec<Merge>,
    rules: Rules,
    fast: Option<Fast>,
}

/// What a vocabulary consists of, before it is checked.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) name: Option<String>,
    /// Texts by id.
    pub(crate) tokens: Vec<Option<Arc<str>>>,
    /// The special tokens' ids.
    pub(crate) special: Vec<TokenId>,
    /// The merges in order.
    pub(crate) merges: Vec<Merge>,
    /// The roles of special tokens.
    pub(crate) roles: SpecialTokens,
}

impl Bpe {
    /// Makes a vocabulary of merges, with the special tokens and ids of GROVER.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if a merge joins what is neither a base nor made by an earlier merge.
    pub fn from_merges(merges: &[Merge]) -> Result<Self> {
        let mut tokens: Vec<Arc<str>> =
            SPECIAL.into_iter().chain(["A", "C", "G", "T"]).map(Arc::from).collect();
        let mut known: FxHashMap<Arc<str>, usize> = tokens.iter().cloned().zip(0..).collect();
        for (index, merge) in merges.iter().enumerate() {
            for part in [&merge.left, &merge.right] {
                if known.get(part).is_none_or(|&id| id < SPECIAL.len()) {
                    return Err(Error::invalid(format!(
                        "merge {}, {merge}: {part:?} is neither a base nor made by an earlier merge",
                        index + 1
                    )));
                }
            }
            let text: Arc<str> = format!("{}{}", merge.left, merge.right).into();
            known.entry(text).or_insert_with_key(|text| {
                tokens.push(Arc::clone(text));
                tokens.len() - 1
            });
        }
        Self::new(Parts {
            name: None,
            tokens: tokens.into_iter().map(Some).collect(),
            special: (0..SPECIAL.len() as u32).collect(),
            merges: merges.to_vec(),
            roles: SpecialTokens::BERT,
        })
    }

    /// Checks and indexes the parts of a vocabulary.
    pub(crate) fn new(parts: Parts) -> Result<Self> {
        let Parts { name, tokens, special, merges, roles } = parts;
        let mut ids: FxHashMap<&str, TokenId> = FxHashMap::default();
        for (id, text) in (0..).zip(&tokens) {
            if let Some(text) = text.as_deref().filter(|_| !special.contains(&id)) {
                ids.insert(text, id);
            }
        }
        let id = |text: &str| {
            ids.get(text).copied().ok_or_else(|| {
                Error::invalid(format!("the vocabulary has no token {text:?}, which its rules need"))
                    .with_hint("the file may be cut off, or its merges may belong to another vocabulary")
            })
        };
        let unknown = roles.unk.ok_or_else(|| {
            Error::unsupported("the vocabulary has no unknown token, so it cannot encode N")
                .with_hint("name it in model.unk_token")
        })?;
        let mut rules = Rules::new([id("A")?, id("C")?, id("G")?, id("T")?]);
        let mut numbers: FxHashMap<Arc<str>, u32> =
            (0..4).map(|token| (Arc::clone(rules.text(token)), token)).collect();
        for merge in &merges {
            let text: Arc<str> = format!("{}{}", merge.left, merge.right).into();
            if [&merge.left, &merge.right]
                .iter()
                .any(|text| !text.bytes().all(|byte| dna::BASES.contains(&byte)))
            {
                // It joins what no sequence of bases holds, so it only has to be whole.
                for part in [&merge.left, &merge.right, &text] {
                    id(part)?;
                }
                continue;
            }
            let mut number = |rules: &mut Rules, text: &Arc<str>| -> Result<u32> {
                if let Some(&number) = numbers.get(text) {
                    return Ok(number);
                }
                let number = rules.add_token(Arc::clone(text), id(text)?);
                numbers.insert(Arc::clone(text), number);
                Ok(number)
            };
            let pair = (number(&mut rules, &merge.left)?, number(&mut rules, &merge.right)?);
            let result = number(&mut rules, &text)?;
            rules.add_merge(pair, result);
        }
        let name = name.unwrap_or_else(|| format!("bpe-{}", merges.len()));
        let mut spec = TokenizerSpec::new(name, tokens.len() as u32);
        spec.special = roles;
        spec.fingerprint = fingerprint(&tokens, &special, unknown, &merges);
        Ok(Self { spec, tokens, special, unknown, merges, fast: Fast::new(&rules), rules })
    }

    /// Encodes one sequence of bases, in either case; all else is one unknown token each.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) for sequences of 2^32 bases or more.
    pub fn encode(&self, bases: &[u8]) -> Result<Encoded> {
        let mut encoded = Encoded::default();
        self.encode_into(bases, &mut Scratch::default(), &mut encoded)?;
        Ok(encoded)
    }

    /// Encodes as [`encode`](Self::encode) does, by the plain definition: the same tokens, slowly.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    pub fn encode_plainly(&self, bases: &[u8]) -> Result<Encoded> {
        let mut encoded = Encoded::default();
        self.runs(bases, &mut encoded, |bases, start, encoded| self.encode_run(bases, start, encoded))?;
        Ok(encoded)
    }

    fn encode_run(&self, bases: &[u8], start: u32, encoded: &mut Encoded) {
        let mut tokens = Vec::new();
        self.rules.encode(bases, &mut tokens);
        let tokens = tokens
            .iter()
            .map(|&token| (self.rules.ids()[token as usize], self.rules.text(token).len() as u32));
        encoded.extend(start, tokens);
    }

    fn encode_into(&self, bases: &[u8], scratch: &mut Scratch, encoded: &mut Encoded) -> Result<()> {
        self.runs(bases, encoded, |bases, start, encoded| match &self.fast {
            Some(fast) => fast.encode(bases, start, scratch, encoded),
            None => self.encode_run(bases, start, encoded),
        })
    }

    /// Encodes runs of bases with a function, and what lies between them as unknown.
    fn runs(
        &self,
        bases: &[u8],
        encoded: &mut Encoded,
        mut encode: impl FnMut(&[u8], u32, &mut Encoded),
    ) -> Result<()> {
        if u32::try_from(bases.len()).is_err() {
            return Err(Error::invalid(format!(
                "a sequence of {} bases is too long for a span",
                bases.len()
            ))
            .with_hint("cut it into parts of fewer than 4,294,967,296 bases"));
        }
        encoded.clear();
        let mut at = 0;
        while at < bases.len() {
            let length = run(&bases[at..]);
            encode(&bases[at..at + length], at as u32, encoded);
            at += length;
            while at < bases.len() && dna::code(bases[at]).is_none() {
                encoded.ids.push(self.unknown);
                encoded.spans.push(Span { start: at as u32, end: at as u32 + 1 });
                at += 1;
            }
        }
        Ok(())
    }

    /// Returns the merges in the order they apply.
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// Returns whether encoding takes the fast way. It gives the same tokens either way.
    pub fn is_fast(&self) -> bool {
        self.fast.is_some()
    }

    /// Names the vocabulary, for tables.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = name.into();
        self
    }

    #[cfg(test)]
    pub(crate) fn fast(&self) -> Option<&Fast> {
        self.fast.as_ref()
    }

    #[cfg(test)]
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(crate) fn tokens(&self) -> &[Option<Arc<str>>] {
        &self.tokens
    }

    pub(crate) fn special(&self) -> &[TokenId] {
        &self.special
    }

    pub(crate) fn unknown(&self) -> TokenId {
        self.unknown
    }
}

impl Tokenizer for Bpe {
    fn spec(&self) -> &TokenizerSpec {
        &self.spec
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        let (mut encoded, mut scratch) = (Encoded::default(), Scratch::default());
        for sequence in sequences {
            self.encode_into(sequence.bases(), &mut scratch, &mut encoded)?;
            if sink.emit(&encoded.ids, &encoded.spans).is_break() {
                return Err(Error::cancelled());
            }
        }
        Ok(())
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        self.tokens.get(id as usize)?.as_deref()
    }
}

/// Measures the bases that a text begins with.
fn run(text: &[u8]) -> usize {
    const BLOCK: usize = 64;
    let is_base = |byte: &u8| matches!(byte | 0x20, b'a' | b'c' | b'g' | b't');
    // Counting without leaving early lets the compiler compare many bytes at once.
    let whole =
        text.chunks(BLOCK).take_while(|block| block.iter().filter(|byte| !is_base(byte)).count() == 0);
    let start = whole.map(<[u8]>::len).sum();
    text[start..].iter().position(|byte| !is_base(byte)).map_or(text.len(), |at| start + at)
}

/// Digests all that decides which tokens come out.
fn fingerprint(
    tokens: &[Option<Arc<str>>],
    special: &[TokenId],
    unknown: TokenId,
    merges: &[Merge],
) -> String {
    let mut digest = Sha256::new();
    for (id, text) in tokens.iter().enumerate() {
        if let Some(text) = text {
            digest.update(format!("{id} {} {text}\n", special.contains(&(id as u32))));
        }
    }
    digest.update(format!("unknown {unknown}\n"));
    for merge in merges {
        digest.update(format!("{merge}\n"));
    }
    format!("bpe:{}", dlm_sdk::hexadecimal(&digest.finalize()))
}

register! {
    tokenizer "bpe", "byte-pair encoding, or any tokenizer.json (bpe:PATH, or a path that ends in .json)",
    options: &[],
    claims: |text| Path::new(text).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")),
    create: |config, _registry| open(config.required("the path of a tokenizer.json")?)
}
