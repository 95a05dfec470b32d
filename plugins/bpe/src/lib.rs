//! Byte-pair encoding for genomes: training, encoding, tokenizer.json

mod bpe;
mod encode;
mod encoded;
mod file;
mod foreign;
mod merge;
mod rules;
mod train;

pub use bpe::Bpe;
pub use encoded::Encoded;
pub use file::open;
pub use foreign::ForeignTokenizer;
pub use merge::Merge;
pub use train::{End, Progress, Ties, Trained, Trainer};
