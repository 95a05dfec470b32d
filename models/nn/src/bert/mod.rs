//! BERT: GROVER, DNABERT and k-mer models.
//!
//! # The architecture in a minute
//!
//! Each token's embedding is the sum of three rows: of its id, of its position and of its segment (DNA has one), then
//! normalised. Each layer lets every token look at every other (*attention*), adds what it found, normalises, passes each
//! token through a wider network of two dense layers with GELU between them, adds, and normalises again: the norm comes
//! *after* each addition. The language-model head is a dense layer, GELU, a norm, and the product with the embedding
//! table itself, plus a bias a token.
//!
//! Devlin et al., *BERT* (NAACL 2019); sizes of GROVER: Sanabria et al. (Nat Mach Intell 2024), Methods.

mod config;
mod encoder;
mod file;
mod graphs;
mod model;
mod parameters;

pub use self::{
    config::Config,
    encoder::{IDS, MASK},
    graphs::{LABELS, LOGITS, LOSS, LOSS_WEIGHTS, PLACES, forward, masked_language_model},
    model::{Model, Wanted},
    parameters::{Heads, Init, TIED, Weight, weights},
};
