//! Byte-pair encoding for genomes: training, encoding, tokenizer.json

mod bpe;
mod encode;
mod merge;
mod rules;
mod train;

pub use bpe::{Bpe, Encoded};
pub use merge::Merge;
pub use train::{End, Progress, Ties, Trained, Trainer};
