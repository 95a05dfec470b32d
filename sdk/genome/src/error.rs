//! What can be wrong with a genome file, and where.

use std::{borrow::Cow, error, fmt, io, path::Path, sync::Arc};

/// The result of a call that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What is wrong, in which file, at which record and position, and what to do about it.
///
/// # Examples
///
/// ```
/// use dlm_genome::{ErrorKind, Genome, Position};
///
/// let error = Genome::read(&b">chr1\nACGT\nAC!T\n"[..], "toy.fa").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Base);
/// assert_eq!(error.position(), Some(Position::Line(3)));
/// assert_eq!(error.record(), Some("chr1"));
/// assert_eq!(error.to_string(), "toy.fa: line 3: record 'chr1': column 3: '!' is no base");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    path: Option<Arc<Path>>,
    position: Option<Position>,
    record: Option<String>,
    column: Option<usize>,
    message: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    source: Option<io::Error>,
}

/// The reason for an [`Error`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such file.
    Missing,
    /// The path is a directory.
    Directory,
    /// Reading or writing failed.
    Io,
    /// The file holds nothing, or no record.
    Empty,
    /// The file is not text.
    Binary,
    /// A compressed file ends before its end.
    Truncated,
    /// A compressed file is damaged, or compressed in a way that is not read here.
    Compression,
    /// A line is longer than any record can be.
    LineTooLong,
    /// A text is not ASCII.
    NonAscii,
    /// A FASTA file does not start with a header, or a header has no name.
    Header,
    /// A record has no bases.
    EmptySequence,
    /// Two records have one name.
    DuplicateName,
    /// A sequence holds something that is no base.
    Base,
    /// A table row is not what its format asks for.
    Record,
    /// No sequence has this name.
    UnknownName,
    /// An interval leaves its sequence, or ends before it starts.
    Bounds,
    /// An index is missing, broken, or of another file.
    Index,
    /// A setting makes no sense.
    Setting,
    /// A tokenized genome or a pickle is damaged, of another version, or something else.
    Tokenized,
    /// A tokenized genome belongs to another tokenizer or another genome.
    Mismatch,
}

/// Where in a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Position {
    /// A line, counted from one.
    Line(u64),
    /// A byte of the file as it lies on disk, counted from zero.
    Byte(u64),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Byte(byte) => write!(f, "byte {byte}"),
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            path: None,
            position: None,
            record: None,
            column: None,
            message: message.into(),
            hint: None,
            source: None,
        }))
    }

    pub(crate) fn at_path(mut self, path: impl Into<Arc<Path>>) -> Self {
        self.0.path = Some(path.into());
        self
    }

    pub(crate) fn at(mut self, position: Position) -> Self {
        self.0.position = Some(position);
        self
    }

    pub(crate) fn in_record(mut self, record: impl Into<String>) -> Self {
        self.0.record = Some(record.into());
        self
    }

    pub(crate) fn in_column(mut self, column: usize) -> Self {
        self.0.column = Some(column);
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_source(mut self, source: io::Error) -> Self {
        self.0.source = Some(source);
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the file, if the error is about one.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// Returns where in the file.
    pub fn position(&self) -> Option<Position> {
        self.0.position
    }

    /// Returns the byte of the line, counted from one.
    pub fn column(&self) -> Option<usize> {
        self.0.column
    }

    /// Returns the name of the record, if it has one.
    pub fn record(&self) -> Option<&str> {
        self.0.record.as_deref()
    }

    /// Returns what to do about it, if anything is known.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("path", &self.0.path)
            .field("position", &self.0.position)
            .field("record", &self.0.record)
            .field("column", &self.0.column)
            .field("message", &self.0.message)
            .field("hint", &self.0.hint)
            .field("source", &self.0.source)
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.0.path {
            write!(f, "{}: ", path.display())?;
        }
        if let Some(position) = self.0.position {
            write!(f, "{position}: ")?;
        }
        if let Some(record) = &self.0.record {
            write!(f, "record '{record}': ")?;
        }
        if let Some(column) = self.0.column {
            write!(f, "column {column}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source as _)
    }
}

impl From<Error> for dlm_sdk::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::Io => dlm_sdk::ErrorKind::Io,
            _ => dlm_sdk::ErrorKind::Invalid,
        };
        let hint = error.0.hint.clone();
        let converted = Self::new(kind, error.to_string()).with_source(error);
        match hint {
            Some(hint) => converted.with_hint(hint),
            None => converted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
