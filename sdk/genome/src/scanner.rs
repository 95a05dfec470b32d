//! Reads text in chunks and lines, counting lines, with a bound on the memory one line may take.

use std::{fs::File, io::Read, ops::Range, path::Path, sync::Arc};

use memchr::memchr;

use crate::{Compression, Error, ErrorKind, Position, Result, input::Input};

const BUFFER: usize = 1 << 17;

/// The longest header or table row that is read.
pub(crate) const MAX_LINE: usize = 1 << 20;

/// A buffered text with its place in the file.
#[derive(Debug)]
pub(crate) struct Scanner<R> {
    input: Input<R>,
    buffer: Vec<u8>,
    unread: Range<usize>,
    finished_lines: u64,
}

impl Scanner<File> {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Input::open(path).map(Self::from_input)
    }
}

impl<R: Read> Scanner<R> {
    pub(crate) fn new(reader: R, path: impl AsRef<Path>) -> Result<Self> {
        Input::new(reader, path).map(Self::from_input)
    }

    fn from_input(input: Input<R>) -> Self {
        Self { input, buffer: vec![0; BUFFER], unread: 0..0, finished_lines: 0 }
    }

    pub(crate) fn compression(&self) -> Compression {
        self.input.compression()
    }

    pub(crate) fn path(&self) -> &Arc<Path> {
        self.input.path()
    }

    /// The number of the line that is being read, from one.
    pub(crate) fn line_number(&self) -> u64 {
        self.finished_lines + 1
    }

    /// Returns unread bytes, at least one unless the file is at its end.
    pub(crate) fn fill(&mut self) -> Result<&[u8]> {
        if self.unread.is_empty() {
            self.unread = 0..0;
            let count = self.input.read(&mut self.buffer)?;
            self.unread = 0..count;
        }
        Ok(&self.buffer[self.unread.clone()])
    }

    /// Drops bytes of the current line.
    pub(crate) fn consume(&mut self, count: usize) {
        self.unread.start += count;
    }

    /// Drops bytes of the current line and the line feed after them.
    pub(crate) fn consume_line(&mut self, count: usize) {
        self.consume_lines(count + 1, 1);
    }

    /// Drops whole lines with their ends.
    pub(crate) fn consume_lines(&mut self, bytes: usize, lines: u64) {
        self.unread.start += bytes;
        self.finished_lines += lines;
    }

    /// Returns the next line without its end, and its number; the last line may lack its end.
    pub(crate) fn line(&mut self) -> Result<Option<(u64, &[u8])>> {
        let mut searched = 0;
        let length = loop {
            if let Some(feed) = memchr(b'\n', &self.buffer[self.unread.start + searched..self.unread.end]) {
                break searched + feed;
            }
            searched = self.unread.len();
            if searched > MAX_LINE {
                let message = format!("line is longer than {MAX_LINE} bytes");
                return Err(self
                    .error(ErrorKind::LineTooLong, message)
                    .with_hint("the file is not of the format it is read as, or has no line ends"));
            }
            if !self.grow()? {
                break searched;
            }
        };
        if length == 0 && self.unread.is_empty() {
            return Ok(None);
        }
        let start = self.unread.start;
        self.unread.start = (start + length + 1).min(self.unread.end);
        self.finished_lines += 1;
        let line = &self.buffer[start..start + length];
        Ok(Some((self.finished_lines, line.strip_suffix(b"\r").unwrap_or(line))))
    }

    /// Reads more behind the unread bytes; false at the end of the file.
    fn grow(&mut self) -> Result<bool> {
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        if self.unread.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let count = self.input.read(&mut self.buffer[self.unread.end..])?;
        self.unread.end += count;
        Ok(count > 0)
    }

    /// Creates an error about the line that is being read.
    pub(crate) fn error(&self, kind: ErrorKind, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        self.place(Error::new(kind, message), self.line_number())
    }

    /// Adds the file and a line to an error.
    pub(crate) fn place(&self, error: Error, line: u64) -> Error {
        error.at_path(self.path().clone()).at(Position::Line(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes a few at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn lines_do_not_depend_on_how_bytes_arrive() {
        let text = b"a\tb\r\n\n  c\nlast";
        for size in 1..=text.len() {
            let mut scanner = Scanner::new(Drops(text, size), "t").unwrap();
            let mut lines = Vec::new();
            while let Some((number, line)) = scanner.line().unwrap() {
                lines.push((number, String::from_utf8_lossy(line).into_owned()));
            }
            let expected = [(1, "a\tb"), (2, ""), (3, "  c"), (4, "last")];
            assert_eq!(
                lines,
                expected.map(|(number, line)| (number, line.to_owned())),
                "{size} bytes at a time"
            );
        }
    }

    #[test]
    fn a_line_that_never_ends_is_an_error() {
        let mut scanner = Scanner::new(std::io::repeat(b'A'), "endless").unwrap();
        let error = scanner.line().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LineTooLong);
        assert_eq!(error.to_string(), "endless: line 1: line is longer than 1048576 bytes");
    }
}
