//! Streams the records of a FASTA file; memory is that of one sequence.

use std::{collections::HashSet, fs::File, io::Read, path::Path};

use memchr::memchr;
use noodles_fasta as noodles;

use super::{Options, Record, bases};
use crate::{Compression, Error, ErrorKind, Result, scanner::Scanner};

/// A FASTA reader: plain, gzip or bgzip, told apart by content.
///
/// Headers are parsed by `noodles-fasta`. Sequence lines are read here, because the policy, the line number of each
/// fault and a result that does not depend on where a buffer happens to end need every byte looked at once.
///
/// # Examples
///
/// ```
/// use dlm_genome::fasta::Reader;
///
/// let mut reader = Reader::new(&b">chr1 toy\nACG\nTA\n\n>chr2\nNNN\n"[..], "toy.fa")?;
/// let records = reader.records().collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(records[0].name(), "chr1");
/// assert_eq!(records[0].description(), Some("toy"));
/// assert_eq!(records[0].bases(), b"ACGTA");
/// assert_eq!(records[1].bases(), b"NNN");
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Debug)]
pub struct Reader<R> {
    scanner: Scanner<R>,
    options: Options,
    names: HashSet<String>,
    finished: bool,
}

impl Reader<File> {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// The file is missing, a directory, unreadable, or packed in a way other than gzip and bgzip.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Scanner::open(path.as_ref()).map(Self::from_scanner)
    }
}

impl<R: Read> Reader<R> {
    /// Reads from a stream; the name is what errors call it.
    pub fn new(reader: R, name: impl AsRef<Path>) -> Result<Self> {
        Scanner::new(reader, name).map(Self::from_scanner)
    }

    fn from_scanner(scanner: Scanner<R>) -> Self {
        Self { scanner, options: Options::default(), names: HashSet::new(), finished: false }
    }

    /// Sets the policy.
    #[must_use]
    pub fn with_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Returns how the file is compressed.
    pub fn compression(&self) -> Compression {
        self.scanner.compression()
    }

    /// Reads the next record into an old one, whose memory is used again; false at the end of the file.
    ///
    /// # Errors
    ///
    /// Names the file, the record and the line: there is no header or no name, a name stands twice, a sequence is empty
    /// or holds what the policy refuses, the file is empty, binary or cut off. After an error nothing more is read.
    pub fn read(&mut self, record: &mut Record) -> Result<bool> {
        record.clear();
        if self.finished {
            return Ok(false);
        }
        let result = self.read_unfinished(record);
        self.finished = !matches!(result, Ok(true));
        result
    }

    /// Returns an iterator over the remaining records.
    pub fn records(&mut self) -> Records<'_, R> {
        Records { reader: self }
    }

    fn read_unfinished(&mut self, record: &mut Record) -> Result<bool> {
        if !self.find_header()? {
            return if self.names.is_empty() {
                Err(Error::new(ErrorKind::Empty, "holds no sequence")
                    .at_path(self.scanner.path().clone())
                    .with_hint("a FASTA file starts with '>' and a name"))
            } else {
                Ok(false)
            };
        }
        let header_line = self.read_header(record)?;
        self.read_bases(record)?;
        if record.bases.is_empty() {
            let error = Error::new(ErrorKind::EmptySequence, "has no bases")
                .with_hint("remove the record, or fetch the file again if it was cut off");
            return Err(self.scanner.place(error, header_line).in_record(&record.name));
        }
        Ok(true)
    }

    /// Skips empty lines; true if a header follows.
    fn find_header(&mut self) -> Result<bool> {
        loop {
            match self.scanner.fill()? {
                [] => return Ok(false),
                [b'>', ..] => return Ok(true),
                [b'\n', ..] => self.scanner.consume_line(0),
                [b'\r', ..] => self.scanner.consume(1),
                &[byte, ..] => return Err(self.no_header(byte)),
            }
        }
    }

    fn no_header(&self, byte: u8) -> Error {
        match byte {
            0xef => self
                .scanner
                .error(ErrorKind::NonAscii, "starts with a byte that is not ASCII")
                .with_hint("remove the byte order mark, or unpack the file"),
            0..0x20 | 0x7f.. => {
                self.scanner.error(ErrorKind::Binary, "is not text").with_hint("the file is not FASTA")
            }
            _ => self
                .scanner
                .error(ErrorKind::Header, format!("starts with '{}' instead of '>'", char::from(byte)))
                .with_hint("a FASTA file starts with '>' and a name"),
        }
    }

    /// Reads a header and returns its line number.
    fn read_header(&mut self, record: &mut Record) -> Result<u64> {
        let place = self.scanner.path().clone();
        let Some((line, text)) = self.scanner.line()? else { return Ok(self.scanner.line_number()) };
        let fail = |error: Error| error.at_path(place.clone()).at(crate::Position::Line(line));
        if let Some(&byte) = text.iter().find(|byte| !matches!(byte, b'\t' | 0x20..0x7f)) {
            let (kind, what) =
                if byte.is_ascii() { (ErrorKind::Binary, "text") } else { (ErrorKind::NonAscii, "ASCII") };
            return Err(fail(
                Error::new(kind, format!("byte 0x{byte:02x} in the header is not {what}"))
                    .with_hint("rename the record with ASCII characters"),
            ));
        }
        let mut definition = noodles::record::Definition::default();
        noodles::io::Reader::new(text).read_definition(&mut definition).map_err(|source| {
            fail(Error::new(ErrorKind::Header, "header has no name"))
                .with_hint("write the name directly behind '>'")
                .with_source(source)
        })?;
        let ascii = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        record.name = ascii(definition.name());
        record.description = definition.description().map(|description| ascii(description));
        if !self.names.insert(record.name.clone()) {
            return Err(fail(Error::new(ErrorKind::DuplicateName, "stands twice in the file"))
                .in_record(&record.name)
                .with_hint("names are the header up to the first blank; make them differ"));
        }
        Ok(line)
    }

    fn read_bases(&mut self, record: &mut Record) -> Result<()> {
        let mut column = 0;
        let mut pending_return = false;
        // Bytes that were found to need a look at each line.
        let mut slow = 0;
        loop {
            let chunk = self.scanner.fill()?;
            let at_line_start = column == 0 && !pending_return;
            if chunk.is_empty() || at_line_start && chunk[0] == b'>' {
                return Ok(());
            }
            if at_line_start && slow == 0 {
                let (bytes, lines) = bases::append_lines(chunk, &self.options, record);
                slow = if lines == 0 { chunk.len() } else { 0 };
                self.scanner.consume_lines(bytes, lines);
                self.check_length(record)?;
                continue;
            }
            let feed = memchr(b'\n', chunk);
            let line = &chunk[..feed.unwrap_or(chunk.len())];
            let length = line.len();
            let body = line.strip_suffix(b"\r").unwrap_or(line);
            let result = if pending_return && length > 0 {
                bases::append(b"\r", &self.options, record).map_err(|(_, error)| (0, error))
            } else {
                bases::append(body, &self.options, record)
            };
            if let Err((offset, error)) = result {
                let column = column + offset + 1 - usize::from(pending_return);
                return Err(self.refused(error, column, record));
            }
            pending_return = feed.is_none() && body.len() < length;
            if feed.is_some() {
                column = 0;
                slow = slow.saturating_sub(length + 1);
                self.scanner.consume_line(length);
            } else {
                column += length;
                slow = slow.saturating_sub(length);
                self.scanner.consume(length);
            }
            self.check_length(record)?;
        }
    }

    fn check_length(&self, record: &Record) -> Result<()> {
        if record.bases.len() as u64 <= self.options.max_length {
            return Ok(());
        }
        let message = format!("is longer than {} bases", self.options.max_length);
        let error = Error::new(ErrorKind::LineTooLong, message).at_path(self.scanner.path().clone());
        Err(error.in_record(&record.name).with_hint("split the sequence, or raise the limit"))
    }

    fn refused(&self, error: Error, column: usize, record: &Record) -> Error {
        self.scanner.place(error.in_column(column), self.scanner.line_number()).in_record(&record.name)
    }
}

/// The remaining records of a [`Reader`].
#[derive(Debug)]
pub struct Records<'r, R> {
    reader: &'r mut Reader<R>,
}

impl<R: Read> Iterator for Records<'_, R> {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = Record::default();
        self.reader.read(&mut record).map(|found| found.then_some(record)).transpose()
    }
}
