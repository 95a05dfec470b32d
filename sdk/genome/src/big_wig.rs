//! bigWig: values along a genome, packed and indexed, so that any stretch is read without the rest.
//!
//! ```text
//! header    0x888FFC26  version  zoom levels  where the three parts below start     in the byte order of the writer
//! names     a tree: name, number, length of each sequence that has values
//! sections  up to 65,535 values each, most often deflated, in one of three forms:
//!           start, end, value a row   start, value a row with one width   values alone, evenly spaced
//! index     a tree over the sections by sequence and position
//! zooms     summaries for genome browsers, which are not read here
//! ```
//!
//! Signals such as replication timing, conservation or coverage come in this format, or as the text that it packs,
//! [bedGraph](crate::bed_graph). [`Signal`](crate::Signal) reads both. Values are 32-bit floats. NaN stands for no value, as
//! where nothing lies; an infinite value is an error.
//!
//! Reading is done here, as every count and offset of a damaged file must be doubted before it is followed: the crate
//! that [writes](write()) trusts them.

mod names;
mod search;
mod section;
mod write;

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{Read, Seek},
    path::Path,
};

pub use self::write::write;
use self::{names::Sequence, search::Block, section::Section};
use crate::{
    ErrorKind, Interval, Lengths, Position, Result, bed_graph::Record, input::open_file, lengths,
    signal::Coverage, source::Source,
};

const MAGIC: u32 = 0x888F_FC26;
const BIG_BED: u32 = 0x8789_F2EB;
const NEWEST_VERSION: u16 = 4;

/// A bigWig file that is read where it is asked for.
///
/// # Examples
///
/// ```
/// use dlm_genome::{Interval, Lengths, bed_graph::Record, big_wig::{self, BigWig}};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("timing.bw");
/// let lengths: Lengths = [("chr21", 46_709_983)].into_iter().collect();
/// let row = |start, end, value| Record::new(Interval::new("chr21", start, end)?, value);
/// big_wig::write(&path, &lengths, [row(100, 200, 1.5)?, row(200, 250, 3.0)?])?;
///
/// let mut timing = BigWig::open(&path)?;
/// let over = timing.coverage(&Interval::new("chr21", 150, 300)?)?;
/// assert_eq!((over.covered(), over.mean()), (100, Some(2.25)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BigWig<R> {
    source: Source<R>,
    sequences: BTreeMap<String, Sequence>,
    /// The byte of the root of the index.
    index: u64,
    /// Whether sections are deflated, and what one holds at most then.
    deflated: Option<u32>,
    /// The section read last: neighbouring stretches often lie in one.
    last: Option<(Block, Section)>,
}

impl<R> fmt::Debug for BigWig<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BigWig").field("path", &self.source.path).finish_non_exhaustive()
    }
}

/// Returns whether numbers have their highest byte first, `None` for other files.
pub(crate) fn byte_order(head: [u8; 4]) -> Option<bool> {
    match (u32::from_le_bytes(head), u32::from_be_bytes(head)) {
        (MAGIC, _) => Some(false),
        (_, MAGIC) => Some(true),
        _ => None,
    }
}

impl BigWig<File> {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// The file is missing or unreadable; else see [`new`](Self::new).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(open_file(path.as_ref())?, path)
    }
}

impl<R: Read + Seek> BigWig<R> {
    /// Reads the header and the names; the name is what errors call the file.
    ///
    /// # Errors
    ///
    /// Names the file and the byte: the file is not bigWig, of a version that is not known, cut, or its names are damaged.
    pub fn new(reader: R, name: impl AsRef<Path>) -> Result<Self> {
        let mut source = Source::new(reader, name.as_ref())?;
        let head = source.array::<4>(0)?;
        let Some(big_endian) = byte_order(head) else {
            let big_bed = [u32::from_le_bytes(head), u32::from_be_bytes(head)].contains(&BIG_BED);
            let error = source.wrong(0, "does not start with the magic number of bigWig");
            return Err(error.with_hint(if big_bed {
                "it is bigBed, which holds intervals without a signal"
            } else {
                "it may be bedGraph or wiggle text, or packed by gzip"
            }));
        };
        source.big_endian = big_endian;
        let version = source.array(4)?;
        let version = source.decode_short(version);
        if !(1..=NEWEST_VERSION).contains(&version) {
            let message = format!("is bigWig of version {version}, and 1 to {NEWEST_VERSION} are read");
            return Err(source.wrong(4, message));
        }
        let tree = source.long(8)?;
        let sequences = names::read(&mut source, tree)?;
        let index = source.long(24)?;
        let deflated = source.number(52)?;
        Ok(Self {
            index: search::root(&mut source, index)?,
            source,
            sequences,
            deflated: (deflated > 0).then_some(deflated),
            last: None,
        })
    }

    /// Returns the lengths of the sequences that have values.
    pub fn lengths(&self) -> Lengths {
        self.sequences.iter().map(|(name, sequence)| (name.as_str(), u64::from(sequence.length))).collect()
    }

    /// Checks names and lengths against those of a genome; sequences that one of them lacks do not matter.
    ///
    /// # Errors
    ///
    /// No sequence is in both, one has the other spelling (`chr1` for `1`), or a length differs: then the file is of another
    /// build.
    pub fn check(&self, genome: &Lengths) -> Result<()> {
        let known: Vec<&str> = genome.iter().map(|(name, _)| name).collect();
        let path = self.source.path.as_path();
        crate::names::check(self.sequences.keys().map(String::as_str), &known)
            .map_err(|error| error.at_path(path))?;
        for (name, sequence) in &self.sequences {
            let found = u64::from(sequence.length);
            if let Some(length) = genome.get(name).filter(|&length| length != found) {
                let message = format!("sequence has {found} bases, and {length} in the genome");
                return Err(crate::Error::new(ErrorKind::Bounds, message)
                    .at_path(path)
                    .in_record(name)
                    .with_hint("they are of different builds, such as hg19 and hg38"));
            }
        }
        Ok(())
    }

    /// Reads the values that touch an interval, in order and cut to it, whatever its strand. A sequence without values is
    /// not in the file: there are none of it.
    ///
    /// # Errors
    ///
    /// Names the file and the byte: the interval ends past its sequence, the sequence is in the file in its other spelling, the
    /// file is cut or damaged, or values overlap.
    pub fn values(&mut self, interval: &Interval) -> Result<Vec<Record>> {
        let mut values = Vec::new();
        self.each(interval, |start, end, value| {
            let place = Interval::of_stretch(interval.shared_chromosome(), &(start..end));
            values.push(Record::new(place, value)?);
            Ok(())
        })?;
        Ok(values)
    }

    /// Summarises the values that touch an interval.
    ///
    /// # Errors
    ///
    /// See [`values`](Self::values).
    pub fn coverage(&mut self, interval: &Interval) -> Result<Coverage> {
        let mut coverage = Coverage::of(interval);
        self.each(interval, |start, end, value| {
            coverage.add(end - start, value);
            Ok(())
        })?;
        Ok(coverage)
    }

    /// Hands over each value that touches an interval, cut to it.
    fn each(&mut self, interval: &Interval, mut take: impl FnMut(u64, u64, f64) -> Result<()>) -> Result<()> {
        let Some(&sequence) = self.sequences.get(interval.chromosome()) else {
            let lengths = self.lengths();
            if lengths.misspells(interval.chromosome()) {
                return Err(lengths.unknown(interval.chromosome()).at_path(self.source.path.as_path()));
            }
            return Ok(());
        };
        let length = u64::from(sequence.length);
        if interval.end() > length {
            return Err(lengths::past_end(interval, length).at_path(self.source.path.as_path()));
        }
        let wanted = interval.start()..interval.end();
        let mut end = 0;
        for block in search::blocks(&mut self.source, self.index, sequence.number, &wanted)? {
            let section = match self.last.take() {
                Some((last, section)) if last == block => section,
                _ => Section::read(&mut self.source, block, self.deflated, &self.sequences)?,
            };
            let (_, section) = self.last.insert((block, section));
            if section.sequence != sequence.number {
                continue;
            }
            for &(from, to, value) in section.from(wanted.start) {
                let (from, to) = (u64::from(from), u64::from(to));
                if from >= wanted.end {
                    break;
                }
                if from < end {
                    let message = format!(
                        "the value at {from} of a sequence starts before that before it ends, at {end}"
                    );
                    return Err(crate::Error::new(ErrorKind::Record, message)
                        .at_path(self.source.path.as_path())
                        .at(Position::Byte(block.byte))
                        .in_record(interval.chromosome()));
                }
                end = to;
                if value.is_nan() {
                    continue;
                }
                take(from.max(wanted.start), to.min(wanted.end), f64::from(value))?;
            }
        }
        Ok(())
    }
}
