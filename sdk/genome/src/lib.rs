//! Genome files and intervals: FASTA, GFF, BED, narrowPeak, windows, blocks and splits.
//!
//! # The domain in a minute
//!
//! A genome is a few long *sequences* (chromosomes), each a name and a text over A, C, G and T, with N where nobody knows
//! the base. It comes as **FASTA**, or packed as **2bit**. What lies where on it comes as tables: **BED** (any intervals), **narrowPeak** (peaks
//! of an experiment), **SGA** (promoters of EPDnew), **GFF3** and **GTF** (genes and their parts). Both strands carry meaning: what is read on the
//! reverse strand is the reverse complement of what the file says.
//!
//! Positions here are always **0-based and half-open**, whatever the file counts: the first base is 0, and an interval's
//! end is one past its last base.
//!
//! ```text
//!            0 1 2 3 4 5 6 7
//!            N A C G T T G N        Interval::new("chr1", 1, 4) is ACG, 3 bases;
//!              |---->               on the reverse strand it reads CGT
//! ```
//!
//! # What lives here
//!
//! | | |
//! |---|---|
//! | [`fasta`] | records one by one, whole or by index; the policy for soft mask, N and IUPAC codes |
//! | [`Genome`] | whole sequences in memory, from FASTA or 2bit |
//! | [`TwoBit`] | a packed genome, entered at any base; its N and mask blocks |
//! | [`bed`], [`narrow_peak`], [`bed_graph`], [`gff`], [`sga`], [`repeat_masker`], [`chrom_hmm`], [`vcf`] | tables of intervals, checked against a genome on request |
//! | [`big_wig`], [`Signal`] | values along a genome: packed and entered anywhere; from bedGraph or bigWig alike |
//! | [`Tss`], [`Sites`] | where genes begin, and windows around that |
//! | [`Interval`], [`IntervalSet`] | stretches of a genome; union, difference, overlap, distance |
//! | [`acgt_runs`], [`Windows`] | the known stretches of a sequence; windows over it |
//! | [`Blocks`], [`BlockSplit`], [`clusters()`] | groups and splits that do not leak |
//! | [`motif`] | count matrices, and where a sequence looks like one |
//! | [`chain`] | where the bases of one build lie in another |
//! | [`names`] | `chr1` or `1` |
//! | [`Build`] | hg19 or hg38, told by lengths |
//! | [`tokenized`] | a genome as tokens, looked up by coordinate |
//! | [`output`] | files that appear whole or not at all |
//!
//! Every file may be plain, gzip or bgzip; its first bytes tell, not its name. Whatever is wrong in one is an [`Error`]
//! that names the file, the record, the line and what to do about it; nothing is guessed and nothing panics.
//!
//! No model and no task policy lives here.
//!
//! # Examples
//!
//! ```
//! use dlm_genome::{Genome, Interval, Strand, Windows};
//!
//! let genome = Genome::read(&b">chr1\nNACGTTGN\n"[..], "toy.fa")?;
//! let window = Interval::new("chr1", 1, 4)?.with_strand(Some(Strand::Reverse));
//! assert_eq!(genome.sequence(&window)?, b"CGT");
//!
//! let windows: Vec<_> = Windows::tiled(3)?.known_runs(genome.bases("chr1")?).collect();
//! assert_eq!(windows, [1..4, 4..7]);
//! # Ok::<(), dlm_genome::Error>(())
//! ```

pub mod bed;
pub mod bed_graph;
pub mod big_wig;
mod block_split;
mod blocks;
mod build;
pub mod chain;
pub mod chrom_hmm;
mod clusters;
mod error;
pub mod fasta;
mod genome;
pub mod gff;
mod input;
mod interval;
mod interval_set;
mod lengths;
pub mod motif;
pub mod names;
pub mod narrow_peak;
pub mod output;
pub mod repeat_masker;
mod runs;
mod scanner;
pub mod sga;
mod signal;
mod sites;
mod source;
mod table;
pub mod tokenized;
mod tss;
mod two_bit;
pub mod vcf;
mod windows;

pub use dlm_sdk::Strand;

pub use crate::{
    block_split::BlockSplit,
    blocks::Blocks,
    build::Build,
    clusters::clusters,
    error::{Error, ErrorKind, Position, Result},
    genome::Genome,
    input::Compression,
    interval::Interval,
    interval_set::IntervalSet,
    lengths::Lengths,
    runs::{AcgtRuns, acgt_runs},
    signal::{Coverage, Signal},
    sites::Sites,
    table::{Row, Table},
    tss::Tss,
    two_bit::TwoBit,
    windows::Windows,
};
