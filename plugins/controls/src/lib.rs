//! Controls: what a task's data give away without a language model.
//!
//! A score means something only beside what simpler methods reach on the same examples. Each control sees one thing
//! more than the last, so that the first one to reach a model's score names what the model needs:
//!
//! | id | sees | control of |
//! |---|---|---|
//! | `majority` | how often each class occurs | [`ContextFree`](dlm_sdk::Control::ContextFree) |
//! | `composition` | length, GC, shares of bases and dinucleotides | [`ContextFree`](dlm_sdk::Control::ContextFree) |
//! | `markov:m` | which base follows m bases | [`Local`](dlm_sdk::Control::Local) |
//! | `ngram:M` | what followed the longest suffix seen before | [`Local`](dlm_sdk::Control::Local) |
//! | `lookup` | the most similar training sequence | [`Artefact`](dlm_sdk::Control::Artefact) |
//! | `canonical:T` | whether fixed token boundaries are those of tokenizer T | [`Artefact`](dlm_sdk::Control::Artefact) |
//!
//! The n-gram must never be missing from a table of next-k-mer prediction: on chromosome 21 a suffix table answers more
//! 6-mers correctly than published models do. The formulas are in `docs/controls.md`.
//!
//! All but `canonical` read bases only, so that fixed token boundaries do not matter to them; all are deterministic for any number of
//! threads; anything but A, C, G and T breaks a context and belongs to no k-mer.

mod canonical;
mod chain;
mod composition;
mod labels;
mod lookup;
mod majority;
mod markov;
mod ngram;
mod rows;

pub use canonical::Canonical;
pub use composition::Composition;
pub use lookup::Lookup;
pub use majority::Majority;
pub use markov::Markov;
pub use ngram::{Counts, Ngram};
