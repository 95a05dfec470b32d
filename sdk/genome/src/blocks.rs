//! Blocks of a fixed size, the groups of a split without leaks.
//!
//! Neighbouring sequence is alike: copies, repeats and the same gene lie close together. Two items of one block must not
//! stand on two sides of a split.

use std::collections::BTreeMap;

use crate::{Error, ErrorKind, Interval, Lengths, Result};

/// A genome cut into blocks of a size, numbered from zero in the order of names and positions.
///
/// The last block of a sequence holds the rest, so it may be up to twice the size, but none is smaller unless the
/// whole sequence is.
///
/// # Examples
///
/// ```
/// use dlm_genome::{Blocks, Interval, Lengths};
///
/// let lengths: Lengths = [("chr21", 46_709_983), ("chr22", 50_818_468)].into_iter().collect();
/// let blocks = Blocks::new(&lengths, 1_000_000)?;
/// assert_eq!(blocks.len(), 46 + 50);
/// assert_eq!(blocks.of("chr21", 46_500_000)?, 45);
/// assert_eq!(blocks.of("chr22", 0)?, 46);
/// assert_eq!(blocks.interval(45)?.to_string(), "chr21:45000000-46709983");
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Blocks {
    size: u64,
    sequences: Vec<Sequence>,
    by_name: BTreeMap<String, usize>,
    count: usize,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Sequence {
    name: String,
    length: u64,
    first: usize,
    count: usize,
}

impl Blocks {
    /// Cuts a genome into blocks of a size in bases.
    ///
    /// # Errors
    ///
    /// The size is zero.
    pub fn new(lengths: &Lengths, size: u64) -> Result<Self> {
        if size == 0 {
            return Err(Error::new(ErrorKind::Setting, "the size of a block must be at least one base"));
        }
        let mut blocks = Self { size, sequences: Vec::new(), by_name: BTreeMap::new(), count: 0 };
        for (name, length) in lengths.iter() {
            let count = (length / size).max(1) as usize;
            blocks.by_name.insert(name.to_owned(), blocks.sequences.len());
            blocks.sequences.push(Sequence { name: name.to_owned(), length, first: blocks.count, count });
            blocks.count += count;
        }
        Ok(blocks)
    }

    /// Returns how many blocks there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the size in bases.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the block of a position.
    ///
    /// # Errors
    ///
    /// There is no such sequence, or the position lies behind its end.
    pub fn of(&self, chromosome: &str, position: u64) -> Result<usize> {
        self.span(&Interval::new(chromosome, position, position.saturating_add(1))?).map(|(first, _)| first)
    }

    /// Returns the first and the last block of an interval.
    ///
    /// # Errors
    ///
    /// There is no such sequence, or the interval ends past its end.
    pub fn span(&self, interval: &Interval) -> Result<(usize, usize)> {
        let sequence = self.sequence(interval.chromosome())?;
        if interval.end() > sequence.length {
            return Err(crate::lengths::past_end(interval, sequence.length));
        }
        let block =
            |position: u64| sequence.first + ((position / self.size) as usize).min(sequence.count - 1);
        Ok((block(interval.start()), block(interval.end() - 1)))
    }

    /// Returns where a block lies.
    ///
    /// # Errors
    ///
    /// There is no such block.
    pub fn interval(&self, block: usize) -> Result<Interval> {
        let after = self.sequences.partition_point(|sequence| sequence.first <= block);
        match after.checked_sub(1).map(|index| &self.sequences[index]) {
            Some(sequence) if block < sequence.first + sequence.count => {
                let index = block - sequence.first;
                let start = index as u64 * self.size;
                let last = index + 1 == sequence.count;
                Interval::new(
                    sequence.name.as_str(),
                    start,
                    if last { sequence.length } else { start + self.size },
                )
            }
            _ => {
                Err(Error::new(ErrorKind::Bounds, format!("there is no block {block}, only {}", self.count)))
            }
        }
    }

    /// Returns the blocks of a sequence.
    ///
    /// # Errors
    ///
    /// There is no such sequence.
    pub fn of_sequence(&self, chromosome: &str) -> Result<std::ops::Range<usize>> {
        self.sequence(chromosome).map(|sequence| sequence.first..sequence.first + sequence.count)
    }

    fn sequence(&self, chromosome: &str) -> Result<&Sequence> {
        match self.by_name.get(chromosome) {
            Some(&index) => Ok(&self.sequences[index]),
            None => Err(crate::names::unknown(chromosome, self.by_name.keys().map(String::as_str))),
        }
    }
}
