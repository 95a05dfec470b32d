//! Opens text files, plain or gzipped, told apart by their first bytes.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
};

use dlm_sdk::{Error, Result};
use flate2::bufread::MultiGzDecoder;

/// The longest line that is read: a whole human chromosome would not be one example.
pub const LONGEST_LINE: usize = 1 << 24;

/// Opens a text file.
///
/// Lines end with a line feed, whatever the file ends them with. Reading fails on a zero byte and on a line that does not end within [`LONGEST_LINE`] bytes, so that a binary file
/// is an error and not an endless record.
///
/// # Errors
///
/// [`Io`](dlm_sdk::ErrorKind::Io) if it is missing, a folder, or unreadable.
pub fn open(path: &Path) -> Result<Box<dyn Read + Send>> {
    let file = File::open(path).map_err(|error| explain(path, &error))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(Error::invalid(format!("{}: is a folder, not a file", path.display())));
    }
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let gzipped = reader.fill_buf().map_err(|error| explain(path, &error))?.starts_with(&[0x1f, 0x8b]);
    Ok(if gzipped { Box::new(Guard::new(MultiGzDecoder::new(reader))) } else { Box::new(Guard::new(reader)) })
}

/// Finds `STEM.EXTENSION` or `STEM.EXTENSION.gz` in a folder, in the order of the extensions.
pub fn find(folder: &Path, stem: &str, extensions: &[&str]) -> Option<PathBuf> {
    extensions
        .iter()
        .flat_map(|extension| {
            [folder.join(format!("{stem}.{extension}")), folder.join(format!("{stem}.{extension}.gz"))]
        })
        .find(|path| path.is_file())
}

/// Says what went wrong with reading a file.
pub fn explain(path: &Path, error: &io::Error) -> Error {
    let path = path.display();
    let cause = io::Error::new(error.kind(), error.to_string());
    match error.kind() {
        io::ErrorKind::NotFound => Error::io(format!("{path}: no such file"), cause),
        io::ErrorKind::UnexpectedEof => {
            Error::io(format!("{path}: the compressed data end too early"), cause)
                .with_hint("the file was cut off while it was copied or written; fetch it again")
        }
        io::ErrorKind::InvalidData => Error::invalid(format!("{path}: {error}")),
        io::ErrorKind::InvalidInput => Error::io(format!("{path}: the compressed data are damaged"), cause)
            .with_hint("fetch the file again; `gzip -t` should accept it"),
        _ => Error::io(format!("{path}: cannot be read"), cause),
    }
}

/// Refuses what is no text, ends each line with a line feed alone, and the last one too, so that line numbers are exact.
struct Guard<R> {
    inner: R,
    line: usize,
    held_return: bool,
    last: u8,
    done: bool,
}

impl<R> Guard<R> {
    fn new(inner: R) -> Self {
        Self { inner, line: 0, held_return: false, last: b'\n', done: false }
    }
}

impl<R: Read> Guard<R> {
    /// Reads a piece and removes carriage returns before line feeds; one at its end is held back.
    fn piece(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let held = usize::from(self.held_return && buffer.len() > 1);
        if held == 1 {
            buffer[0] = b'\r';
        }
        let read = self.inner.read(&mut buffer[held..])?;
        self.held_return = read > 0 && buffer.len() > 1 && buffer[held + read - 1] == b'\r';
        let end = held + read - usize::from(self.held_return);
        let mut kept = 0;
        for index in 0..end {
            if buffer[index] != b'\r'
                || buffer.get(index + 1).is_none_or(|&next| index + 1 == end || next != b'\n')
            {
                buffer[kept] = buffer[index];
                kept += 1;
            }
        }
        self.done = read == 0;
        Ok(kept)
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let mut count = 0;
        while count == 0 && !self.done {
            count = self.piece(buffer)?;
        }
        if count == 0 && self.last != b'\n' {
            buffer[0] = b'\n';
            count = 1;
        }
        let piece = &buffer[..count];
        if piece.contains(&0) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "is not text: it holds a zero byte"));
        }
        for (index, line) in piece.split(|&byte| byte == b'\n').enumerate() {
            self.line = if index == 0 { self.line + line.len() } else { line.len() };
            if self.line > LONGEST_LINE {
                let message = format!("a line is longer than {LONGEST_LINE} bytes");
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        }
        self.last = piece.last().copied().unwrap_or(self.last);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn reading(content: &[u8]) -> Result<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, content).unwrap();
        let mut bytes = Vec::new();
        open(&path)?.read_to_end(&mut bytes).map_err(|error| explain(Path::new("x.csv"), &error))?;
        Ok(bytes)
    }

    fn gzipped(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_and_gzipped_read_the_same() {
        assert_eq!(reading(b"a,b\n1,2\n").unwrap(), b"a,b\n1,2\n");
        assert_eq!(reading(&gzipped(b"a,b\n1,2\n")).unwrap(), b"a,b\n1,2\n");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(reading(b"a\0b").unwrap_err().to_string(), "x.csv: is not text: it holds a zero byte");
        let endless = vec![b'A'; LONGEST_LINE + 1];
        assert_eq!(reading(&endless).unwrap_err().to_string(), "x.csv: a line is longer than 16777216 bytes");
        let mut whole = gzipped(&b"ACGTTGCA\n".repeat(100));
        whole.truncate(whole.len() / 2);
        assert_eq!(reading(&whole).unwrap_err().to_string(), "x.csv: the compressed data end too early");
        let mut damaged = gzipped(&b"ACGTTGCA\n".repeat(100));
        let end = damaged.len() - 6;
        damaged[end] ^= 0xff;
        assert_eq!(reading(&damaged).unwrap_err().to_string(), "x.csv: the compressed data are damaged");
    }

    #[test]
    fn lines_end_alike() {
        assert_eq!(reading(b"a\r\n\r\nb\rc").unwrap(), b"a\n\nb\rc\n");
        for size in 1..9 {
            let mut guard = Guard::new(&b"ab\r\nc\r\n\r\nd"[..]);
            let (mut bytes, mut buffer) = (Vec::new(), vec![0; size]);
            loop {
                match guard.read(&mut buffer).unwrap() {
                    0 => break,
                    count => bytes.extend_from_slice(&buffer[..count]),
                }
            }
            let wanted: &[u8] = if size == 1 { b"ab\r\nc\r\n\r\nd\n" } else { b"ab\nc\n\nd\n" };
            assert_eq!(bytes, wanted, "{size}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = open(Path::new("nowhere/train.csv")).err().unwrap();
        assert_eq!(error.to_string(), "nowhere/train.csv: no such file");
    }
}
