//! A genome as tokens, looked up by coordinate.
//!
//! Tokenizing a human genome takes minutes and gives some 700 million tokens of four bases each; what comes after asks
//! for the tokens of many small stretches. A [`Store`] is a file that holds them all: it is mapped into memory, so that
//! opening it costs nothing and memory does not grow, and finding the token at a base takes a handful of steps wherever
//! the base lies.
//!
//! Tokens near the start of a stretch depend on what lies before it. Tokens that are looked up are those of the whole
//! chromosome, as in the tokenized hg19 that was published with GROVER; that one comes as one pickled list of strings a
//! chromosome, which [`pickle`] reads and writes.
//!
//! # The file
//!
//! ```text
//! header      "DLMTOKEN", version and bytes an id, 32 bits each
//! chromosome  token ids, 16 or 32 bits each; then, for every 256th base, the number of the token over it and where
//!             that token starts, 32 bits each; filled up to 8 bytes
//! ..
//! directory   JSON: tokenizer, tokens with their texts and lengths, chromosomes with their places and digests
//! trailer     where the directory starts and how long it is, 64 bits each; SHA-256 of header, directory and these two
//!             numbers; "DLMTOKEN"
//! ```
//!
//! All numbers are little-endian. The directory stands at the end so that a store is written in one pass. Positions of
//! tokens are not stored: they follow from the lengths of the tokens, which is why only tokenizers whose tokens tile the
//! sequence can have a store.
//!
//! # Examples
//!
//! ```
//! use dlm_genome::tokenized::{Store, Writer};
//! # use dlm_sdk::prelude::*;
//! # struct Pairs(TokenizerSpec);
//! # impl Tokenizer for Pairs {
//! #     fn spec(&self) -> &TokenizerSpec { &self.0 }
//! #     fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
//! #         for sequence in sequences {
//! #             let cut: Vec<_> = sequence.bases().chunks(2).collect();
//! #             let ids: Vec<_> = cut.iter().map(|pair| pair.len() as u32 - 1).collect();
//! #             let spans = (0..).zip(&cut).map(|(i, pair)| Span { start: 2 * i, end: 2 * i + pair.len() as u32 });
//! #             let _ = sink.emit(&ids, &spans.collect::<Vec<_>>());
//! #         }
//! #         Ok(())
//! #     }
//! #     fn token(&self, id: TokenId) -> Option<&str> { ["x", "xx"].get(id as usize).copied() }
//! # }
//! # let tokenizer = Pairs(TokenizerSpec::new("pairs", 2));
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("toy.tokens");
//! let mut writer = Writer::create(&path, &tokenizer)?;
//! writer.add("chr1", b"ACGTTGC", |_| Ok(()))?;
//! writer.finish()?;
//!
//! let store = Store::open(&path)?;
//! let chromosome = store.chromosome("chr1")?;
//! assert_eq!(chromosome.at(3)?.span, Span { start: 2, end: 4 });
//! let ids = chromosome.overlapping(3..7)?.map(|token| Ok(token?.id)).collect::<dlm_genome::Result<Vec<_>>>()?;
//! assert_eq!(ids, [1, 1, 0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chromosome;
mod directory;
mod mmap;
pub mod pickle;
mod store;
mod writer;

pub use self::{
    chromosome::{Chromosome, Token, Tokens},
    store::Store,
    writer::Writer,
};
