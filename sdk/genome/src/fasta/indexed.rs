//! Enters a FASTA file at any base by its index.
//!
//! A `.fai` index says where each sequence starts and how long its lines are; for a bgzip file a `.gzi` index says where
//! its blocks start. Both are made by `samtools faidx`.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use dlm_sdk::{Strand, dna};
use noodles_bgzf as bgzf;
use noodles_fasta::fai;

use super::{Options, Record, bases};
use crate::{
    Compression, Error, ErrorKind, Interval, Lengths, Position, Result,
    input::{Input, open_file},
    lengths, names,
    scanner::Scanner,
};

/// The longest end of a line, a carriage return and a line feed.
const MAX_LINE_END: u64 = 2;

/// A FASTA file, plain or bgzip, that is read where it is asked for.
///
/// # Examples
///
/// ```no_run
/// use dlm_genome::{Interval, fasta::IndexedFasta};
///
/// let mut genome = IndexedFasta::open("hg38.fa.gz")?;
/// let promoter = genome.slice(&Interval::new("chr21", 5_011_550, 5_011_850)?)?;
/// assert_eq!(promoter.len(), 300);
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Debug)]
pub struct IndexedFasta {
    path: PathBuf,
    source: Source,
    entries: Vec<Entry>,
    by_name: BTreeMap<String, usize>,
    options: Options,
}

enum Source {
    Plain(File),
    Bgzip(Box<bgzf::io::IndexedReader<File>>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Bgzip(_) => "Bgzip",
        })
    }
}

/// A line of the index; positions in it are checked not to overflow.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    length: u64,
    start: u64,
    line_bases: u64,
    line_width: u64,
}

impl Entry {
    /// Returns the byte of a base.
    fn byte(&self, base: u64) -> u64 {
        self.start + base / self.line_bases * self.line_width + base % self.line_bases
    }

    fn is_sound(&self) -> bool {
        let end_of_line = self.line_width.checked_sub(self.line_bases);
        let fits = (self.length / self.line_bases)
            .checked_mul(self.line_width)
            .and_then(|bytes| bytes.checked_add(self.start)?.checked_add(self.line_width));
        self.length > 0 && end_of_line.is_some_and(|bytes| bytes <= MAX_LINE_END) && fits.is_some()
    }
}

impl IndexedFasta {
    /// Opens a FASTA file that has its index beside it: `genome.fa.fai`, and `genome.fa.gz.gzi` for bgzip.
    ///
    /// # Errors
    ///
    /// A file is missing or unreadable, an index is broken, or the FASTA file is gzip but not bgzip.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let source = match Input::open(path)?.compression() {
            Compression::None => Source::Plain(open_file(path)?),
            Compression::Bgzip => {
                let index = read_gzi(&beside(path, ".gzi"))?;
                Source::Bgzip(Box::new(bgzf::io::IndexedReader::new(open_file(path)?, index)))
            }
            Compression::Gzip => {
                return Err(Error::new(ErrorKind::Index, "is gzip, which cannot be entered in its middle")
                    .at_path(path)
                    .with_hint("unpack it and pack it with bgzip, or read it whole"));
            }
        };
        let entries = read_fai(&beside(path, ".fai"))?;
        let by_name = entries.iter().enumerate().map(|(index, entry)| (entry.name.clone(), index)).collect();
        Ok(Self { path: path.to_owned(), source, entries, by_name, options: Options::default() })
    }

    /// Sets the policy.
    #[must_use]
    pub fn with_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Returns the names in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// Returns the lengths of the sequences, as the index has them.
    pub fn lengths(&self) -> Lengths {
        self.entries.iter().map(|entry| (entry.name.clone(), entry.length)).collect()
    }

    /// Reads the bases of an interval, whatever its strand.
    ///
    /// # Errors
    ///
    /// There is no such sequence, the interval ends past its end, the file holds what the policy refuses, or the index
    /// is not of this file.
    pub fn slice(&mut self, interval: &Interval) -> Result<Vec<u8>> {
        let Some(&index) = self.by_name.get(interval.chromosome()) else {
            return Err(names::unknown(interval.chromosome(), self.names()).at_path(self.path.as_path()));
        };
        let entry = self.entries[index].clone();
        if interval.end() > entry.length {
            return Err(lengths::past_end(interval, entry.length).at_path(self.path.as_path()));
        }
        let first = entry.byte(interval.start());
        let bytes = self.read_bytes(first, entry.byte(interval.end() - 1) + 1 - first)?;
        self.pick(&entry, interval, &bytes)
    }

    /// Reads the bases of an interval in reading direction: reverse-complemented on the reverse strand.
    ///
    /// # Errors
    ///
    /// See [`slice`](Self::slice).
    pub fn sequence(&mut self, interval: &Interval) -> Result<Vec<u8>> {
        let bases = self.slice(interval)?;
        Ok(if interval.strand() == Some(Strand::Reverse) { dna::reverse_complement(&bases) } else { bases })
    }

    fn read_bytes(&mut self, first: u64, count: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let result = match &mut self.source {
            Source::Plain(file) => {
                file.seek(SeekFrom::Start(first)).and_then(|_| file.take(count).read_to_end(&mut bytes))
            }
            Source::Bgzip(reader) => {
                reader.seek(SeekFrom::Start(first)).and_then(|_| reader.take(count).read_to_end(&mut bytes))
            }
        };
        match result {
            Ok(_) if bytes.len() as u64 == count => Ok(bytes),
            Ok(_) => Err(self.stale("ends before the bytes its index names", None)),
            Err(error) => Err(self.stale("cannot be read where its index says", Some(error))),
        }
    }

    /// Takes the bases out of bytes that hold line ends too.
    fn pick(&self, entry: &Entry, interval: &Interval, bytes: &[u8]) -> Result<Vec<u8>> {
        let mut record = Record::default();
        let mut base = interval.start();
        let mut rest = bytes;
        while base < interval.end() {
            let count = (entry.line_bases - base % entry.line_bases).min(interval.end() - base);
            let (line, after) = rest.split_at(count as usize);
            bases::append(line, &self.options, &mut record).map_err(|(offset, error)| {
                let byte = entry.byte(base) + offset as u64;
                let error = if matches!(line[offset], b'\n' | b'\r' | b'>') {
                    self.stale("has lines of other lengths than its index says", None)
                } else {
                    error.at_path(self.path.as_path())
                };
                error.in_record(&entry.name).at(Position::Byte(byte))
            })?;
            base += count;
            let end = after.len().min((entry.line_width - entry.line_bases) as usize);
            if base < interval.end() && !matches!(&after[..end], b"\n" | b"\r\n" | b"") {
                return Err(self
                    .stale("has lines of other lengths than its index says", None)
                    .in_record(&entry.name)
                    .at(Position::Byte(entry.byte(base) - end as u64)));
            }
            rest = &after[end..];
        }
        Ok(record.into_bases())
    }

    fn stale(&self, message: &'static str, source: Option<std::io::Error>) -> Error {
        let error = Error::new(ErrorKind::Index, message).at_path(self.path.as_path()).with_hint(
            "the index is of another file or the file was cut off; make it again with `samtools faidx`",
        );
        match source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn with_making_hint(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Missing => error.with_hint("make the index with `samtools faidx`, or read the file whole"),
        _ => error,
    }
}

fn read_fai(path: &Path) -> Result<Vec<Entry>> {
    let mut scanner = Scanner::open(path).map_err(with_making_hint)?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    loop {
        let place = scanner.path().clone();
        let Some((line, text)) = scanner.line()? else { break };
        let fail = |message: &'static str| {
            Error::new(ErrorKind::Index, message).at_path(place.clone()).at(Position::Line(line))
        };
        let index = fai::io::Reader::new(text)
            .read_index()
            .map_err(|source| fail("is no line of a FASTA index").with_source(source))?;
        for entry in index.as_ref() {
            let entry = Entry {
                name: entry.name().to_string(),
                length: entry.length(),
                start: entry.position(),
                line_bases: entry.line_base_count().get(),
                line_width: entry.line_width().get(),
            };
            if !entry.is_sound() {
                return Err(fail("lengths in the index make no sense").in_record(entry.name));
            }
            if !names.insert(entry.name.clone()) {
                return Err(fail("stands twice in the index").in_record(entry.name));
            }
            entries.push(entry);
        }
    }
    if entries.is_empty() {
        return Err(Error::new(ErrorKind::Empty, "index holds no sequence").at_path(path));
    }
    Ok(entries)
}

fn read_gzi(path: &Path) -> Result<bgzf::gzi::Index> {
    let file = open_file(path).map_err(with_making_hint)?;
    let index = bgzf::gzi::io::Reader::new(std::io::BufReader::new(file)).read_index().map_err(|source| {
        Error::new(ErrorKind::Index, "is no bgzip index").at_path(path).with_source(source)
    })?;
    let ascends = index.as_ref().is_sorted_by(|last, next| last.0 < next.0 && last.1 < next.1);
    if ascends {
        Ok(index)
    } else {
        Err(Error::new(ErrorKind::Index, "bgzip index does not ascend").at_path(path))
    }
}
