//! Next-k-mer prediction: which k bases follow 50 given ones.
//!
//! Sanabria et al. (BMC Bioinformatics 2024, and the GROVER paper's Methods) compare DNA language models by a question
//! that does not depend on how a model cuts its input: given 50 bases, which of the 4^k k-mers comes next? The k-mers do
//! not overlap the input, so nothing leaks from a token that reaches across the border.
//!
//! As written, 500,000 samples of 510 nt from chromosome 21 cannot be drawn: only 68,668 windows of a fixed grid are free
//! of N in hg19. Segments of 56 nt (50 and the longest k-mer) can, and are the default.
//!
//! # The splits
//!
//! - `paper`: a random fifth for test, a random tenth of the rest for validation.
//! - `grouped`: by position. The last fifth of each sequence is test, the last tenth of the rest validation, with at least
//!   1 kb between parts. A fifth is one of the segments without N, so that the parts of chromosome 21 keep their sizes
//!   although N lies at its start.
//!
//! Repeats are what makes the two differ: at random, nearly every repeat has a neighbour in train.

mod form;
mod grid;
mod split;
mod task;

pub use form::Form;
pub use task::{NextKmer, Settings};
