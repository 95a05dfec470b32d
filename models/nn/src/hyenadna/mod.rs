//! HyenaDNA: single bases, long convolutions instead of attention.
//!
//! # The architecture in a minute
//!
//! Every layer mixes a row by a convolution as long as the row (Poli et al., *Hyena Hierarchy*, ICML 2023). Three copies
//! of the states, each through a short causal convolution, are called x0, x1 and v; the layer gives
//!
//! ```text
//! y = x0 * (filter (*) (x1 * v) + bias * (x1 * v))        (*) is causal convolution, * is elementwise
//! ```
//!
//! The filter is not stored: a small network with sines between its layers computes it from the place, times a window
//! that falls off exponentially, faster in later channels. The convolution is a product of Fourier transforms of twice the
//! length, rounded up to a power of two, so that work grows as `n log n` and memory as n.
//!
//! A base sees only what comes before it, so padding on the right changes no base's state: rows are padded there, and the
//! result is that of each row alone. (The published tokenizer pads on the left, which shifts every filter.)
//!
//! Nguyen et al., *HyenaDNA* (`NeurIPS` 2023). Tensors are named as in the models for `transformers`: `hyena.backbone.*`,
//! `lm_head.weight`; names of the original checkpoints, `model.backbone.*` or `backbone.*`, are known as well.

mod config;
mod graph;

pub use self::config::{Config, HyenaDna};
