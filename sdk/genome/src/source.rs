//! A binary file that is entered at any byte, with numbers of either byte order.

use std::{
    borrow::Cow,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use crate::{Error, ErrorKind, Position, Result};

/// The bytes, and how numbers lie in them.
pub(crate) struct Source<R> {
    reader: R,
    pub(crate) path: PathBuf,
    /// How many there are.
    pub(crate) bytes: u64,
    pub(crate) big_endian: bool,
}

impl<R: Read + Seek> Source<R> {
    /// Takes a stream of little-endian numbers; the name is what errors call it.
    pub(crate) fn new(reader: R, name: &Path) -> Result<Self> {
        let mut source = Self { reader, path: name.to_owned(), bytes: 0, big_endian: false };
        source.bytes = source.reader.seek(SeekFrom::End(0)).map_err(|error| source.unreadable(0, error))?;
        Ok(source)
    }

    pub(crate) fn bytes(&mut self, byte: u64, count: u64) -> Result<Vec<u8>> {
        // Checked before anything is allocated: a count in a damaged file may be anything.
        if byte.checked_add(count).is_none_or(|end| end > self.bytes) {
            return Err(self.cut());
        }
        let mut bytes = vec![0; count as usize];
        self.fill(byte, &mut bytes)?;
        Ok(bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self, byte: u64) -> Result<[u8; N]> {
        let mut array = [0; N];
        self.fill(byte, &mut array)?;
        Ok(array)
    }

    pub(crate) fn number(&mut self, byte: u64) -> Result<u32> {
        let bytes = self.array(byte)?;
        Ok(self.decode(bytes))
    }

    pub(crate) fn long(&mut self, byte: u64) -> Result<u64> {
        let bytes = self.array(byte)?;
        Ok(self.decode_long(bytes))
    }

    pub(crate) fn decode_short(&self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    pub(crate) fn decode(&self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    pub(crate) fn decode_long(&self, bytes: [u8; 8]) -> u64 {
        if self.big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) }
    }

    fn fill(&mut self, byte: u64, buffer: &mut [u8]) -> Result<()> {
        let read = self.reader.seek(SeekFrom::Start(byte)).and_then(|_| self.reader.read_exact(buffer));
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.cut(),
            _ => self.unreadable(byte, error),
        })
    }

    pub(crate) fn cut(&self) -> Error {
        Error::new(ErrorKind::Truncated, "ends before what it announces")
            .at_path(self.path.as_path())
            .at(Position::Byte(self.bytes))
            .with_hint("fetch or copy it again")
    }

    pub(crate) fn unreadable(&self, byte: u64, error: io::Error) -> Error {
        Error::new(ErrorKind::Io, "cannot be read")
            .at_path(self.path.as_path())
            .at(Position::Byte(byte))
            .with_source(error)
    }

    pub(crate) fn wrong(&self, byte: u64, message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::Binary, message).at_path(self.path.as_path()).at(Position::Byte(byte))
    }
}
