//! Genome files and intervals: FASTA, GFF, BED, windows, splits

mod error;
pub mod fasta;
mod genome;
mod input;
mod interval;
pub mod names;
pub mod output;
mod scanner;

pub use dlm_sdk::Strand;

pub use crate::{
    error::{Error, ErrorKind, Position, Result},
    genome::Genome,
    input::Compression,
    interval::Interval,
};
