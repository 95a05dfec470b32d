//! 2bit: a genome packed into two bits a base, entered at any base.
//!
//! ```text
//! header    0x1A412743  version  number of sequences  0          four numbers of 32 bits, in the byte order of the writer
//! index     length of the name, name, where its record starts    once a sequence; 64 bits for the start in version 1
//! record    length in bases
//!           number of N blocks, their starts, their sizes         stretches nobody knows
//!           number of mask blocks, their starts, their sizes      stretches of repeats, lower case in FASTA
//!           0, then four bases a byte, the first in the highest bits: T 00, C 01, A 10, G 11
//! ```
//!
//! Two bits have no room for N: under an N block the packed bases mean nothing. The magic number tells the byte order, and
//! both are read. There is no compression and no index file beside it.

mod record;

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{Read, Seek},
    ops::Range,
    path::Path,
};

use dlm_sdk::{Strand, dna};

use self::record::Blocks;
use crate::{
    Error, ErrorKind, Interval, Lengths, Position, Result, input::open_file, lengths, names, source::Source,
};

const MAGIC: u32 = 0x1A41_2743;

/// A 2bit file that is read where it is asked for.
///
/// # Examples
///
/// ```no_run
/// use dlm_genome::{Interval, TwoBit};
///
/// let mut genome = TwoBit::open("hg19.2bit")?;
/// let promoter = genome.slice(&Interval::new("chr21", 9_411_190, 9_411_490)?)?;
/// assert_eq!(promoter.len(), 300);
/// # Ok::<(), dlm_genome::Error>(())
/// ```
pub struct TwoBit<R> {
    source: Source<R>,
    entries: Vec<Entry>,
    by_name: BTreeMap<String, usize>,
}

/// A sequence; its blocks are read when it is first asked for.
#[derive(Debug)]
struct Entry {
    name: String,
    length: u64,
    /// The byte after the length.
    start: u64,
    blocks: Option<Blocks>,
}

impl<R> fmt::Debug for TwoBit<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwoBit").field("path", &self.source.path).finish_non_exhaustive()
    }
}

/// Returns whether a file is 2bit by its first bytes; what is no regular file is never touched, and is not.
pub(crate) fn is_two_bit(path: &Path) -> Result<bool> {
    if !path.is_file() {
        return Ok(false);
    }
    let mut head = [0; 4];
    match open_file(path)?.read_exact(&mut head) {
        Ok(()) => Ok(byte_order(head).is_some()),
        // Whatever is wrong with the file is said by who reads it.
        Err(_) => Ok(false),
    }
}

/// Returns whether numbers have their highest byte first, `None` for other files.
fn byte_order(head: [u8; 4]) -> Option<bool> {
    match (u32::from_le_bytes(head), u32::from_be_bytes(head)) {
        (MAGIC, _) => Some(false),
        (_, MAGIC) => Some(true),
        _ => None,
    }
}

impl TwoBit<File> {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// The file is missing or unreadable; else see [`new`](Self::new).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(open_file(path.as_ref())?, path)
    }
}

impl<R: Read + Seek> TwoBit<R> {
    /// Reads the index and the lengths of the sequences; the name is what errors call the file.
    ///
    /// # Errors
    ///
    /// Names the file, the byte and the sequence: the file is not 2bit, of a version that is not known, cut, names a
    /// sequence twice, or has one without bases.
    pub fn new(reader: R, name: impl AsRef<Path>) -> Result<Self> {
        let mut source = Source::new(reader, name.as_ref())?;
        let head = source.array::<4>(0)?;
        source.big_endian = byte_order(head).ok_or_else(|| {
            source
                .wrong(0, "does not start with the magic number of 2bit")
                .with_hint("it may be FASTA, or packed")
        })?;
        let version = source.number(4)?;
        if version > 1 {
            return Err(source.wrong(4, format!("is 2bit of version {version}, and 0 and 1 are read")));
        }
        let count = source.number(8)?;
        let mut twobit = Self { source, entries: Vec::new(), by_name: BTreeMap::new() };
        let mut byte = 16;
        for _ in 0..count {
            byte = twobit.entry(byte, version)?;
        }
        if twobit.entries.is_empty() {
            return Err(
                Error::new(ErrorKind::Empty, "holds no sequence").at_path(twobit.source.path.as_path())
            );
        }
        Ok(twobit)
    }

    /// Reads a line of the index and the length of its sequence; returns the byte after the line.
    fn entry(&mut self, byte: u64, version: u32) -> Result<u64> {
        let source = &mut self.source;
        let [size] = source.array::<1>(byte)?;
        let name = source.bytes(byte + 1, u64::from(size))?;
        let after = byte + 1 + u64::from(size);
        let name = String::from_utf8(name)
            .ok()
            .filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()))
            .ok_or_else(|| {
                source.wrong(byte + 1, "name of a sequence is empty or not ASCII without blanks")
            })?;
        let (record, next) = match version {
            0 => (u64::from(source.number(after)?), after + 4),
            _ => (source.long(after)?, after + 8),
        };
        let length = source.number(record).map_err(|error| error.in_record(name.as_str()))?;
        if length == 0 {
            return Err(Error::new(ErrorKind::EmptySequence, "has no bases")
                .at_path(source.path.as_path())
                .at(Position::Byte(record))
                .in_record(name));
        }
        if self.by_name.insert(name.clone(), self.entries.len()).is_some() {
            return Err(Error::new(ErrorKind::DuplicateName, "stands twice in the index")
                .at_path(source.path.as_path())
                .at(Position::Byte(byte))
                .in_record(name));
        }
        self.entries.push(Entry { name, length: u64::from(length), start: record + 4, blocks: None });
        Ok(next)
    }

    /// Returns the names in the order of the index.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// Returns names and lengths in the order of the index.
    pub(crate) fn sizes(&self) -> Vec<(String, u64)> {
        self.entries.iter().map(|entry| (entry.name.clone(), entry.length)).collect()
    }

    /// Returns the lengths of the sequences.
    pub fn lengths(&self) -> Lengths {
        self.sizes().into_iter().collect()
    }

    /// Reads the bases of an interval, upper case, N where nobody knows them, whatever its strand.
    ///
    /// # Errors
    ///
    /// There is no such sequence, the interval ends past its end, or its record is cut or damaged.
    pub fn slice(&mut self, interval: &Interval) -> Result<Vec<u8>> {
        let index = self.find(interval.chromosome())?;
        if interval.end() > self.entries[index].length {
            let error = lengths::past_end(interval, self.entries[index].length);
            return Err(error.at_path(self.source.path.as_path()));
        }
        let (blocks, source) = self.blocks(index)?;
        blocks.bases(source, interval.start()..interval.end())
    }

    /// Reads the bases of an interval in reading direction: reverse-complemented on the reverse strand.
    ///
    /// # Errors
    ///
    /// See [`slice`](Self::slice).
    pub fn sequence(&mut self, interval: &Interval) -> Result<Vec<u8>> {
        let bases = self.slice(interval)?;
        Ok(match interval.strand() {
            Some(Strand::Reverse) => dna::reverse_complement(&bases),
            _ => bases,
        })
    }

    /// Returns the masked stretches of a sequence, ascending; positions are 0-based and half-open.
    ///
    /// # Errors
    ///
    /// There is no such sequence, or its record is cut or damaged.
    pub fn soft_mask(&mut self, name: &str) -> Result<&[Range<u64>]> {
        let index = self.find(name)?;
        Ok(self.blocks(index)?.0.masked())
    }

    fn find(&self, name: &str) -> Result<usize> {
        self.by_name
            .get(name)
            .copied()
            .ok_or_else(|| names::unknown(name, self.names()).at_path(self.source.path.as_path()))
    }

    fn blocks(&mut self, index: usize) -> Result<(&Blocks, &mut Source<R>)> {
        let Self { source, entries, .. } = self;
        let entry = &mut entries[index];
        let blocks = match entry.blocks.take() {
            Some(blocks) => blocks,
            None => Blocks::read(source, entry.start, entry.length)
                .map_err(|error| error.in_record(entry.name.as_str()))?,
        };
        Ok((entry.blocks.insert(blocks), source))
    }
}
