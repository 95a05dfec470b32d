//! Traits, metrics, registry and conformance checks for DNA language models and the controls they must beat.
//!
//! # The domain in a minute
//!
//! A genome is a text over `A`, `C`, `G`, `T`, with `N` where a base is unknown.
//! A **tokenizer** cuts a stretch of it into *tokens*: fixed k-mers, single characters, or words of a learned
//! byte-pair-encoding vocabulary. Every token knows which bases it covers, its [`Span`].
//! An **encoder** turns a row of token ids into hidden states, one vector a token. A DNA language model is an
//! encoder that was trained to fill in masked tokens.
//! A **task** asks a question about sequences and knows the answers, in three splits: *train* for fitting,
//! *validation* for choosing, *test* for reporting once.
//! A **baseline** answers the same question without a language model, for instance from token frequencies alone.
//! A fitted baseline and a fine-tuned encoder are both a [`Predictor`], which is all that a benchmark needs to know.
//!
//! A model's score on a task means little by itself; what counts is its distance from the best baseline, with an
//! interval. So tasks and baselines never see an encoder, and none of them scores itself: the host computes every
//! [metric](metrics).
//!
//! # What lives here
//!
//! | module | what |
//! |---|---|
//! | [`tokenizer`] | [`Tokenizer`], tokens with spans, batches |
//! | [`encoder`] | [`Encoder`], [`LanguageModel`], [`Trainable`] |
//! | [`task`] | [`Task`], examples with ids, loci and leakage groups, borrowed and owned |
//! | [`baseline`] | [`Baseline`] and [`Predictor`] |
//! | [`metrics`] | names and formulas of every score |
//! | [`registry`] | how components are registered, named and made |
//! | [`border`] | components through a C ABI, out as a plugin and in from one |
//! | [`conformance`] | checks that every implementation runs in its tests |
//! | [`random`] | named streams of one seed |
//! | [`dna`] | base codes, complements, k-mer indices |
//!
//! This crate opens no file and no session, and knows no plugin.
//!
//! # Examples
//!
//! A tokenizer is three methods; here one that gives each base a token of its own.
//!
//! ```
//! use dlm_sdk::prelude::*;
//!
//! #[derive(Debug)]
//! struct Bases(TokenizerSpec);
//!
//! impl Tokenizer for Bases {
//!     fn spec(&self) -> &TokenizerSpec {
//!         &self.0
//!     }
//!
//!     fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
//!         for sequence in sequences {
//!             let ids: Vec<_> = sequence.bases().iter().map(|&b| dlm_sdk::dna::code(b).map_or(4, u32::from)).collect();
//!             let spans: Vec<_> = (0..).zip(&ids).map(|(start, _)| Span { start, end: start + 1 }).collect();
//!             if sink.emit(&ids, &spans).is_break() {
//!                 return Err(Error::cancelled());
//!             }
//!         }
//!         Ok(())
//!     }
//!
//!     fn token(&self, id: TokenId) -> Option<&str> {
//!         ["A", "C", "G", "T", "N"].get(id as usize).copied()
//!     }
//! }
//!
//! let bases = Bases(TokenizerSpec::new("bases", 5));
//! let batch = bases.batch(&[Sequence::new(b"ACGTN")])?;
//! assert_eq!(batch.row(0).ids, [0, 1, 2, 3, 4]);
//! # Ok::<(), Error>(())
//! ```

pub mod baseline;
pub mod border;
pub mod conformance;
pub mod dna;
pub mod encoder;
mod error;
mod hexadecimal;
pub mod metrics;
pub mod random;
pub mod registry;
pub mod spec;
pub mod task;
pub mod tokenizer;

#[doc(hidden)]
pub use inventory;

pub use baseline::{Baseline, BaselineSpec, Control, Fact, Predictor};
pub use encoder::{Encoder, EncoderSpec, Graph, LanguageModel, Parameter, TokenTensor, Trainable};
pub use error::{Error, ErrorKind, Result};
pub use hexadecimal::hexadecimal;
pub use registry::{Component, Factory, Kind, Registry};
pub use spec::{Config, OptionSpec, Spec};
pub use task::{
    ExampleSet, ExampleSink, Examples, Items, Locus, Split, SplitKind, Strand, Target, Task, TaskSpec,
};
pub use tokenizer::{
    Coverage, ItemTokenizer, Sequence, Span, SpecialTokens, TokenBatch, TokenId, TokenRow, TokenSink,
    Tokenizer, TokenizerExt, TokenizerSpec,
};

/// What an implementer of a component imports.
pub mod prelude {
    pub use std::ops::ControlFlow;

    pub use ndarray::{ArrayView2, ArrayViewMut2, ArrayViewMut3, ArrayViewMutD};

    pub use crate::{
        Baseline, BaselineSpec, Component, Config, Control, Coverage, Encoder, EncoderSpec, Error, ErrorKind,
        ExampleSet, ExampleSink, Examples, Fact, Graph, ItemTokenizer, Items, LanguageModel, Locus,
        OptionSpec, Parameter, Predictor, Registry, Result, Sequence, Span, SpecialTokens, Split, SplitKind,
        Strand, Target, Task, TaskSpec, TokenBatch, TokenId, TokenRow, TokenSink, TokenTensor, Tokenizer,
        TokenizerExt, TokenizerSpec, Trainable, metrics::Metric, register,
    };
}
