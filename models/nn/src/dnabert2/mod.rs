//! DNABERT-2: byte-pair tokens, distances instead of positions, gated feed-forward networks.
//!
//! # The architecture in a minute
//!
//! A token's embedding is the row of its id, plus the row of its segment (DNA has one), normalised; there is no embedding
//! of positions. Instead each attention score loses `slope * |i - j|` for tokens i and j apart (`ALiBi`, Press et al., ICLR
//! 2022, here in both directions), with one slope a head, so that rows of any length work. The feed-forward network has
//! two halves of which one, through GELU, gates the other (*GEGLU*, Shazeer 2020). The norm comes after each addition, as in
//! BERT.
//!
//! Attention here is dense. The published code leaves padding out of all matrices ("unpadding"), which changes nothing in
//! the hidden states of tokens.
//!
//! Zhou et al., *DNABERT-2* (ICLR 2024). Tensors are named as the publication has them: `bert.embeddings.*`,
//! `bert.encoder.layer.I.{attention,mlp}.*`, `cls.predictions.*`: 142, without a pooler. DNABERT-S leaves out `bert.`, has a
//! pooler and no language-model head.

mod config;
mod graph;

pub use self::config::{Config, DnaBert2, Heads};
