//! A token a base.

use dlm_sdk::{Error, Result, Sequence, Span, SpecialTokens, TokenId, TokenSink, Tokenizer, TokenizerSpec};

/// The texts of all tokens, by id, as the published character tokenizer numbers them.
const TEXTS: [&str; 12] =
    ["[CLS]", "[SEP]", "[BOS]", "[MASK]", "[PAD]", "[RESERVED]", "[UNK]", "A", "C", "G", "T", "N"];
/// Closes a row.
pub(crate) const SEP: TokenId = 1;
const UNK: TokenId = 6;

/// HyenaDNA's character tokenizer: A, C, G, T and N are tokens, everything else is unknown.
#[derive(Debug)]
pub(crate) struct Bases(TokenizerSpec);

impl Bases {
    /// Makes the tokenizer; it has no options.
    pub(crate) fn new() -> Self {
        let mut spec = TokenizerSpec::new("hyenadna-bases", TEXTS.len() as u32);
        spec.special =
            SpecialTokens { pad: Some(4), unk: Some(UNK), cls: Some(0), sep: Some(SEP), mask: Some(3) };
        Self(spec)
    }
}

fn id(base: u8) -> TokenId {
    match base.to_ascii_uppercase() {
        b'A' => 7,
        b'C' => 8,
        b'G' => 9,
        b'T' => 10,
        b'N' => 11,
        _ => UNK,
    }
}

impl Tokenizer for Bases {
    fn spec(&self) -> &TokenizerSpec {
        &self.0
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        for sequence in sequences {
            let bases = sequence.bases();
            let length = u32::try_from(bases.len()).map_err(|_| {
                Error::invalid(format!("a sequence of {} bases is too long for a span", bases.len()))
            })?;
            let ids: Vec<TokenId> = bases.iter().map(|&base| id(base)).collect();
            let spans: Vec<Span> = (0..length).map(|start| Span { start, end: start + 1 }).collect();
            if sink.emit(&ids, &spans).is_break() {
                return Err(Error::cancelled());
            }
        }
        Ok(())
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        TEXTS.get(id as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use dlm_sdk::TokenizerExt as _;

    use super::*;

    #[test]
    fn it_holds_the_rules_of_tokenizers() {
        dlm_sdk::conformance::tokenizer(&Bases::new()).assert();
    }

    #[test]
    fn ids_are_those_that_were_published() {
        let batch = Bases::new().batch(&[Sequence::new(b"ACGTNacgtR-")]).unwrap();
        assert_eq!(batch.row(0).ids, [7, 8, 9, 10, 11, 7, 8, 9, 10, 6, 6]);
        assert_eq!(TEXTS[SEP as usize], "[SEP]");
    }
}
