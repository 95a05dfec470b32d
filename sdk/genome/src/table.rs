//! What tables of intervals have in common: a row a line, checked as it is read.

use std::{fmt, fs::File, io::Read, path::Path, sync::Arc};

use crate::{Error, ErrorKind, Lengths, Result, scanner::Scanner};

/// A row of a table of intervals.
///
/// Implemented for the rows of the formats this crate reads, and for no others.
pub trait Row: Sized + private::Row {}

impl<T: private::Row> Row for T {}

/// What a line of a table is.
#[derive(Debug)]
pub enum Line<T> {
    /// A row.
    Row(T),
    /// A comment, a display setting or an empty line.
    Skip,
    /// The last line of the table; other things may follow.
    End,
}

pub(crate) mod private {
    use super::{Line, Names, Result};
    use crate::Interval;

    /// The part of [`super::Row`] that only this crate sees.
    pub trait Row: Sized {
        /// How the format is called.
        const FORMAT: &'static str;

        /// Parses a line.
        fn parse(line: &str, names: &mut Names) -> Result<Line<Self>>;

        /// Returns where the row lies.
        fn place(&self) -> &Interval;

        /// Returns how the row is called.
        fn label(&self) -> Option<&str>;
    }
}

/// Shares the name of a chromosome between rows.
#[derive(Debug, Default)]
pub struct Names(Option<Arc<str>>);

impl Names {
    pub(crate) fn share(&mut self, name: &str) -> Arc<str> {
        match &self.0 {
            Some(last) if **last == *name => last.clone(),
            _ => self.0.insert(name.into()).clone(),
        }
    }
}

/// A reader of the rows of a table: plain, gzip or bgzip, told apart by content.
///
/// It is an iterator; after an error it ends.
pub struct Table<R, T> {
    scanner: Scanner<R>,
    lengths: Option<Lengths>,
    names: Names,
    line: u64,
    rows: u64,
    skipped: u64,
    first_unknown: Option<String>,
    finished: bool,
    row: std::marker::PhantomData<fn() -> T>,
}

impl<T: Row> Table<File, T> {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// The file is missing, a directory, unreadable, or packed in a way other than gzip and bgzip.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Scanner::open(path.as_ref()).map(Self::from_scanner)
    }
}

impl<R: Read, T: Row> Table<R, T> {
    /// Reads from a stream; the name is what errors call it.
    ///
    /// # Errors
    ///
    /// The stream fails or is packed in a way other than gzip and bgzip.
    pub fn new(reader: R, name: impl AsRef<Path>) -> Result<Self> {
        Scanner::new(reader, name).map(Self::from_scanner)
    }

    fn from_scanner(scanner: Scanner<R>) -> Self {
        Self {
            scanner,
            lengths: None,
            names: Names::default(),
            line: 0,
            rows: 0,
            skipped: 0,
            first_unknown: None,
            finished: false,
            row: std::marker::PhantomData,
        }
    }

    /// Checks every row against the lengths of a genome.
    ///
    /// A row that ends past its sequence is an error; so is a row on a sequence that the genome names in the other
    /// habit (`chr1` and `1`). Rows on sequences that the genome lacks are left out and [counted](Self::skipped), as a
    /// genome may be a single chromosome; if that leaves none, it is an error.
    #[must_use]
    pub fn within(mut self, lengths: Lengths) -> Self {
        self.lengths = Some(lengths);
        self
    }

    /// Returns the line of the last row, from one.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Returns how many rows lay on sequences that the genome lacks.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Adds the file and the line of the last row to an error.
    pub(crate) fn place(&self, error: Error) -> Error {
        self.scanner.place(error, self.line)
    }

    fn read(&mut self) -> Result<Option<T>> {
        loop {
            let path = self.scanner.path().clone();
            let Some((number, line)) = self.scanner.line()? else { return self.end() };
            self.line = number;
            let parsed = text(line).and_then(|line| T::parse(line, &mut self.names));
            match parsed.map_err(|error| error.at_path(path).at(crate::Position::Line(number)))? {
                Line::Skip => {}
                Line::End => return self.end(),
                Line::Row(row) => {
                    if self.keeps(&row)? {
                        self.rows += 1;
                        return Ok(Some(row));
                    }
                    self.skipped += 1;
                }
            }
        }
    }

    fn keeps(&mut self, row: &T) -> Result<bool> {
        let Some(lengths) = &self.lengths else { return Ok(true) };
        let name = row.place().chromosome();
        if lengths.get(name).is_none() && !lengths.misspells(name) {
            self.first_unknown.get_or_insert_with(|| name.to_owned());
            return Ok(false);
        }
        lengths.check(row.place()).map_err(|error| {
            let error = self.place(error);
            match row.label() {
                Some(label) => error.in_record(label),
                None => error,
            }
        })?;
        Ok(true)
    }

    fn end(&self) -> Result<Option<T>> {
        match (&self.first_unknown, &self.lengths) {
            _ if self.rows > 0 => Ok(None),
            (Some(name), Some(lengths)) => Err(lengths.unknown(name).at_path(self.scanner.path().clone())),
            _ => Err(Error::new(ErrorKind::Empty, "holds no row")
                .at_path(self.scanner.path().clone())
                .with_hint(format!("it is read as {}", T::FORMAT))),
        }
    }
}

impl<R: Read, T: Row> Iterator for Table<R, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let row = self.read().transpose();
        self.finished = !matches!(row, Some(Ok(_)));
        row
    }
}

impl<R, T> fmt::Debug for Table<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("line", &self.line).field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// Returns a line as text.
pub(crate) fn text(line: &[u8]) -> Result<&str> {
    let Some(column) = line.iter().position(|&byte| byte.is_ascii_control() && byte != b'\t') else {
        return std::str::from_utf8(line).map_err(|error| {
            Error::new(ErrorKind::NonAscii, "line is neither ASCII nor UTF-8")
                .in_column(error.valid_up_to() + 1)
        });
    };
    Err(Error::new(ErrorKind::Binary, format!("byte 0x{:02x} is not text", line[column]))
        .in_column(column + 1)
        .with_hint("the file is not a table of intervals"))
}

/// Says that a field of a row is wrong.
pub(crate) fn bad(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Record, message)
}

/// Shortens a field for a message.
pub(crate) fn shown(field: &str) -> String {
    let mut text = String::new();
    for character in field.chars().take(40) {
        if character.is_control() {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
    if field.chars().nth(40).is_some() {
        text.push_str("..");
    }
    text
}

/// Parses a position.
pub(crate) fn position(field: &str, what: &str) -> Result<u64> {
    if field.is_empty() || !field.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad(format!("{what} '{}' is no position", shown(field)))
            .with_hint("positions are digits only; columns are separated by tabs"));
    }
    match field.parse() {
        Ok(position) if i64::try_from(position).is_ok() => Ok(position),
        _ => Err(bad(format!("{what} '{}' is too large", shown(field)))),
    }
}
