//! ESM: the Nucleotide Transformer, first and second version.
//!
//! # The architecture in a minute
//!
//! A BERT with the norm *before* each sublayer and one more after the last. The first version of the Nucleotide Transformer
//! (Dalla-Torre et al., Nat Methods 2025) learned an embedding of each position, counted from `pad + 1`, and was trained
//! with 12 % of tokens blanked: embeddings are scaled by `0.88 / (1 - share of blanked tokens)` to keep their size
//! (*token dropout*). The second turns queries and keys by angles that grow with the position (*rotary embeddings*, Su et
//! al. 2021) and gates its feed-forward network by `x * sigmoid(x)` (`SwiGLU`, Shazeer 2020), without biases.
//!
//! Tensors are named as `EsmForMaskedLM` of `transformers` has them: `esm.embeddings.*`, `esm.encoder.*`, `lm_head.*`.

mod config;
mod graph;

pub use self::config::{Config, Esm, Positions};
