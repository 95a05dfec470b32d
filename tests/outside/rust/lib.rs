//! Pairs: a token a base, and an encoder whose states say which base stands at a place and which before it.
#![forbid(unsafe_code)]

use dlm_sdk::{dna, prelude::*};

const TEXTS: [&str; 6] = ["[PAD]", "[UNK]", "A", "C", "G", "T"];
/// The id of A, the first base.
const FIRST: i64 = 2;

struct Bases(TokenizerSpec);

impl Bases {
    fn new(_config: &Config) -> Result<Self> {
        let mut spec = TokenizerSpec::new("pair-bases", TEXTS.len() as u32);
        spec.special.pad = Some(0);
        spec.special.unk = Some(1);
        Ok(Self(spec))
    }
}

impl Tokenizer for Bases {
    fn spec(&self) -> &TokenizerSpec {
        &self.0
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        for sequence in sequences {
            let id = |&base: &u8| dna::code(base).map_or(1, |code| FIRST as u32 + u32::from(code));
            let ids: Vec<TokenId> = sequence.bases().iter().map(id).collect();
            let spans: Vec<Span> =
                (0..ids.len() as u32).map(|start| Span { start, end: start + 1 }).collect();
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

struct Pairs(EncoderSpec);

impl Pairs {
    fn new(_config: &Config) -> Result<Self> {
        let mut spec = EncoderSpec::new("pairs", "pair-bases", TEXTS.len() as u32, 16);
        spec.causal = true;
        Ok(Self(spec))
    }
}

impl Encoder for Pairs {
    fn spec(&self) -> &EncoderSpec {
        &self.0
    }

    fn encode(&mut self, tokens: TokenTensor<'_>, mut hidden: ArrayViewMut3<'_, f32>) -> Result<()> {
        hidden.fill(0.0);
        for ((row, place), &id) in tokens.ids.indexed_iter() {
            let before = place.checked_sub(1).map_or(0, |before| tokens.ids[[row, before]]);
            if id >= FIRST && before >= FIRST {
                hidden[[row, place, (4 * (before - FIRST) + id - FIRST) as usize]] = 1.0;
            }
        }
        Ok(())
    }
}

dlm_sdk::export_plugin! {
    id: "org.example.pairs";
    tokenizer "pair-bases", "single bases, a token each", create: Bases::new;
    encoder "pairs", "a base and the one before it", create: Pairs::new;
}
