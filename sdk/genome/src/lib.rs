//! Genome files and intervals: FASTA, GFF, BED, windows, splits

pub mod bed;
mod block_split;
mod blocks;
mod error;
pub mod fasta;
mod genome;
pub mod gff;
mod input;
mod interval;
mod interval_set;
mod lengths;
pub mod names;
pub mod narrow_peak;
pub mod output;
mod runs;
mod scanner;
mod table;
pub mod tokenized;
mod tss;
mod windows;

pub use dlm_sdk::Strand;

pub use crate::{
    block_split::BlockSplit,
    blocks::Blocks,
    error::{Error, ErrorKind, Position, Result},
    genome::Genome,
    input::Compression,
    interval::Interval,
    interval_set::IntervalSet,
    lengths::Lengths,
    runs::{AcgtRuns, acgt_runs},
    table::{Row, Table},
    tss::Tss,
    windows::Windows,
};
