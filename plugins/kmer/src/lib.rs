//! Fixed k-mers, overlapping k-mers and single characters.
//!
//! # The domain in a minute
//!
//! A k-mer is a word of k bases. There are 4^k of them, so a vocabulary of all k-mers needs no training, and it is the
//! yardstick for every learned one. It can be laid over a sequence in two ways:
//!
//! ```text
//! ACGTGTACNTGCAC      kmer:6           ACGTGT A C N TGCAC -> T G C A C     words side by side
//!                     kmer:6:overlap   ACGTGT CGTGTA GTGTAC [UNK] ..       a word at every base (DNABERT)
//!                     char             A C G T G T A C N T G C A C
//! ```
//!
//! Side by side, every base belongs to one token; bases left over before an N or at the end are single bases, each N is
//! one unknown token, and the frame starts anew behind it. Overlapping, a base belongs to up to k tokens, so a masked
//! token can be read off its neighbours: what a model predicts there says little about context.
//!
//! | spec | tokenizer | ids |
//! |---|---|---|
//! | `kmer:K`, K = 1 to 8 | [`FixedKmers`] | 0-4 special, 5-8 A, C, G, T, then all k-mers in ACGT order |
//! | `kmer:K:overlap` | [`OverlappingKmers`] | 0-4 special, then all k-mers in DNABERT's order (A, T, C, G) |
//! | `PATH/vocab.txt` | [`OverlappingKmers`] | the lines of the file |
//! | `char` | [`FixedKmers`] with k = 1 | 0-4 special, 5-8 A, C, G, T |
//!
//! The special ids are padding 0, unknown 1, `[CLS]` 2, `[SEP]` 3 and `[MASK]` 4 throughout.
//!
//! # Examples
//!
//! ```
//! use dlm_plugin_kmer as _;
//! use dlm_sdk::prelude::*;
//!
//! let tokenizer = Registry::builtin()?.tokenizer("kmer:6")?;
//! let batch = tokenizer.batch(&[Sequence::new(b"ACGTGTACNTGCACG")])?;
//! let texts: Vec<_> = batch.row(0).ids.iter().map(|&id| tokenizer.token(id).unwrap()).collect();
//! assert_eq!(texts, ["ACGTGT", "A", "C", "[UNK]", "TGCACG"]);
//! # Ok::<(), Error>(())
//! ```

mod fixed;
mod overlapping;
mod pack;
mod simd;
mod spec;
mod vocabulary;

pub use crate::{fixed::FixedKmers, overlapping::OverlappingKmers};
