//! What a model sees in pretraining: windows of a genome with some tokens hidden.
//!
//! # The data in a minute
//!
//! A genome is tokenized once, into a file that is mapped into memory ([`Corpus`]). Its known stretches, without N and
//! without what is held out, are cut into windows that lie side by side: half of them full, half of a random length
//! ([`Recipe`]). When all windows have been seen, the stretches are cut anew: a *pass* is one such segmentation. Windows
//! of similar length are put together into batches ([`Batches`]). In each window some tokens are selected, most of them
//! hidden behind `[MASK]`, and the model has to guess them ([`Masking`]).
//!
//! ```text
//! stretch   |ACGTTGCA ... ................................... ..............|   known, not held out
//! pass 0    |------ 510 ------|- 203 -|------ 510 ------|---- 377 ----|.|       the rest is shorter than 20: dropped
//! pass 1    |-- 98 --|------ 510 ------|------ 510 ------|- 31 -| ...
//! ```
//!
//! Which windows make a step's batch, and what is hidden in it, follows from the seed and the step's number alone. So a
//! run that was interrupted goes on with the batch that it would have had.
//!
//! # What a model must beat
//!
//! A masked token can often be guessed without a language model: from how frequent tokens are ([`Unigram`]), or from its
//! neighbours on both sides ([`Neighbours`]). Both are scored at the very places where the model is, on stretches that
//! are held out from all three ([`HeldOut`]).
//!
//! Memory does not grow with the genome: tokens and the list of a pass's windows are files that are mapped, which the
//! system may drop from memory at any time. Held are the windows of 32 batches, and while the genome is tokenized one
//! sequence of it.

mod batch;
mod batches;
mod controls;
mod corpus;
mod held_out;
mod list;
mod masking;
mod prefetch;
mod score;
mod stretches;
mod windows;

pub use self::{
    batch::Batch,
    batches::Batches,
    controls::{Control, Neighbours, Unigram},
    corpus::{Corpus, Source},
    held_out::{HeldOut, Hidden},
    list::Windows,
    masking::Masking,
    prefetch::Prefetch,
    score::{Score, Scorer},
    stretches::{HoldOut, Stretch},
    windows::{Recipe, Window},
};
