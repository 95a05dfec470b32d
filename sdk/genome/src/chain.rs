//! Chain files: where the bases of one build lie in another.
//!
//! An assembly is corrected from time to time, and a base then has another number. A *chain* says which stretches of the
//! old build (the *target*) are which of the new one (the *query*): blocks of the same length, with gaps between them that
//! may differ, on the query's forward or reverse strand. The file is named for the direction, `hg19ToHg38.over.chain`.
//!
//! ```text
//! chain 20851231461 chr1 249250621 + 10000 249240621 chr1 248956422 + 10000 248946422 2
//!       score       target size  strand start end     query, the same              id
//! 167376  50041  80290     a block of 167,376 bases, then 50,041 of the target that lie nowhere, 80,290 of the query
//! 40302                    the last block
//! ```
//!
//! On a query's reverse strand positions count from the query's end; what comes out here always counts forward.
//!
//! [`Chains::interval`] follows UCSC's `liftOver`: an interval is lifted if exactly one chain holds enough of its bases,
//! and the reason is named if it is not.

mod lift;
mod reader;
mod table;

pub use self::lift::{Counts, Lifted, Unlifted};

use std::{collections::BTreeMap, io::Read, path::Path, sync::Arc};

use crate::{Result, scanner::Scanner};

/// The chains from one build to another.
///
/// # Examples
///
/// ```
/// use dlm_genome::{Interval, chain::{Chains, Unlifted}};
///
/// let text = &b"chain 9 chr1 100 + 10 60 chr2 200 - 20 75 1\n20\t10\t15\n20\n"[..];
/// let chains = Chains::read(text, "toy.over.chain")?;
/// // The query counts from the end of its 200 bases: 20 is 180 - 1 forward.
/// let lifted = chains.interval(&Interval::new("chr1", 10, 12)?, 0.95).unwrap();
/// assert_eq!(lifted.interval.to_string(), "chr2:178-180");
/// assert!(lifted.strand_changed);
/// assert_eq!(chains.interval(&Interval::new("chr1", 25, 45)?, 0.95).unwrap_err(), Unlifted::PartlyDeleted);
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Chains(BTreeMap<String, Target>);

/// The chains of a target sequence.
#[derive(Clone, Debug, Default)]
struct Target {
    size: u64,
    /// By start.
    chains: Vec<Chain>,
    /// For each chain, the last end of it and all before it.
    ends: Vec<u64>,
}

#[derive(Clone, Debug)]
struct Chain {
    score: f64,
    start: u64,
    end: u64,
    query: Arc<str>,
    query_size: u64,
    reverse: bool,
    blocks: Vec<Block>,
}

/// A stretch without a gap; the query counts along its strand.
#[derive(Clone, Copy, Debug)]
struct Block {
    target: u64,
    query: u64,
    size: u64,
}

impl Chains {
    /// Opens a file, plain, gzip or bgzip.
    ///
    /// # Errors
    ///
    /// See [`read`](Self::read).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Scanner::open(path.as_ref()).and_then(reader::read)
    }

    /// Reads chains from a stream; the name is what errors call it.
    ///
    /// # Errors
    ///
    /// Names the file and the line: a header or a block is not what the format asks for, the blocks of a chain do not
    /// add up to its ends, two chains give one sequence two sizes, or the file holds no chain.
    pub fn read(reader: impl Read, name: impl AsRef<Path>) -> Result<Self> {
        Scanner::new(reader, name).and_then(reader::read)
    }

    /// Returns the names and sizes of the sequences that are lifted from.
    pub fn targets(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, target)| (name.as_str(), target.size))
    }

    /// Returns how many chains there are.
    pub fn len(&self) -> usize {
        self.0.values().map(|target| target.chains.len()).sum()
    }

    /// Returns whether there are none, which no file gives.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
