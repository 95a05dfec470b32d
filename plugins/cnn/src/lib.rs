//! A small convolutional network over one-hot bases: what local patterns explain, learned rather than counted.
//!
//! An n-gram counts what follows what; a convolution learns patterns with gaps and substitutions and asks only whether
//! they occur. Its reach is [`REACH`] bases and it forgets where a pattern stood, so what it solves needs no context
//! beyond that. A language model that is no better than it has shown no knowledge of context.
//!
//! The network is trained by the same engine as language models (`dlm-train`): cross-entropy, AdamW, the pass with the
//! lowest loss on validation. It is a [local](dlm_sdk::Control::Local) control and depends on its seed.
//!
//! | file | what |
//! |---|---|
//! | `network.rs` | the graph and its fresh weights |
//! | `baseline.rs` | the baseline `cnn` |

mod baseline;
mod network;

pub use baseline::Cnn;
pub use network::REACH;
