//! Opens files: plain, gzip or bgzip, told apart by their first bytes.
//!
//! gzip is a sequence of *members*, each a deflate stream with a checksum; all of them are read.
//! bgzip (BGZF) is gzip with members of at most 64 KiB that name their own size, and an empty member as its last, so
//! that a file cut between two members is noticed. Whoever cuts a file of either kind elsewhere leaves a member without
//! its checksum. Both are errors here, never a short sequence.

use std::{
    fmt,
    fs::{self, File},
    io::{self, BufReader, Read},
    path::Path,
    sync::Arc,
};

use flate2::bufread::MultiGzDecoder;

use crate::{Error, ErrorKind, Position, Result};

/// How a file is compressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, of one or more members.
    Gzip,
    /// Blocked gzip, which can be entered at any block.
    Bgzip,
}

const HEAD: usize = 18;
const COMPRESSED_BUFFER: usize = 1 << 16;

/// The empty block that ends every bgzip file.
const BGZIP_END: [u8; 28] = [
    0x1f, 0x8b, 0x08, 0x04, 0, 0, 0, 0, 0, 0xff, 0x06, 0, b'B', b'C', 0x02, 0, 0x1b, 0, 0x03, 0, 0, 0, 0, 0,
    0, 0, 0, 0,
];

/// Opens a file and says, if it cannot, whether it is missing or a directory.
pub(crate) fn open_file(path: &Path) -> Result<File> {
    let fail = |error: io::Error| {
        let place = Error::new(ErrorKind::Io, "cannot be opened").at_path(path);
        match error.kind() {
            io::ErrorKind::NotFound => Error::new(ErrorKind::Missing, "no such file")
                .at_path(path)
                .with_hint("check the spelling of the path"),
            io::ErrorKind::PermissionDenied => {
                place.with_hint("check the permissions of the file").with_source(error)
            }
            _ => place.with_source(error),
        }
    };
    let file = File::open(path).map_err(fail)?;
    if fs::metadata(path).map_err(fail)?.is_dir() {
        return Err(Error::new(ErrorKind::Directory, "is a directory, not a file")
            .at_path(path)
            .with_hint("name the file inside it"));
    }
    Ok(file)
}

/// A decompressed stream of bytes.
pub(crate) struct Input<R> {
    stream: Stream<R>,
    compression: Compression,
    path: Arc<Path>,
}

enum Stream<R> {
    Plain(Raw<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Raw<R>>>>),
}

impl Input<File> {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::new(open_file(path)?, path)
    }
}

impl<R: Read> Input<R> {
    /// Wraps a reader; the path is what errors call it.
    pub(crate) fn new(reader: R, path: impl AsRef<Path>) -> Result<Self> {
        let path: Arc<Path> = path.as_ref().into();
        let raw = Raw::new(reader).map_err(|error| {
            Error::new(ErrorKind::Io, "cannot be read").at_path(path.clone()).with_source(error)
        })?;
        let head = raw.head();
        if let Some(name) = foreign(head) {
            return Err(Error::new(
                ErrorKind::Compression,
                format!("is a {name} file, which is not read here"),
            )
            .at_path(path)
            .with_hint("unpack it, or pack it with gzip or bgzip"));
        }
        let compression = match head {
            [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, _, _, b'B', b'C', 2, 0, ..] if flags & 4 != 0 => {
                Compression::Bgzip
            }
            [0x1f, 0x8b, ..] => Compression::Gzip,
            _ => Compression::None,
        };
        let stream = match compression {
            Compression::None => Stream::Plain(raw),
            _ => {
                Stream::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(COMPRESSED_BUFFER, raw))))
            }
        };
        Ok(Self { stream, compression, path })
    }

    pub(crate) fn compression(&self) -> Compression {
        self.compression
    }

    pub(crate) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Reads some bytes; zero means the true end of the file.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let result = match &mut self.stream {
                Stream::Plain(raw) => raw.read(buffer),
                Stream::Gzip(decoder) => decoder.read(buffer),
            };
            match result {
                Ok(0) if self.compression == Compression::Bgzip && !self.ends_well() => {
                    return Err(self.truncated("ends without the empty block that closes a bgzip file"));
                }
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.explain(error)),
            }
        }
    }

    fn ends_well(&self) -> bool {
        match &self.stream {
            Stream::Plain(_) => true,
            Stream::Gzip(decoder) => decoder.get_ref().get_ref().tail == BGZIP_END,
        }
    }

    fn byte(&self) -> u64 {
        match &self.stream {
            Stream::Plain(raw) => raw.count,
            Stream::Gzip(decoder) => {
                let buffered = decoder.get_ref();
                buffered.get_ref().count - buffered.buffer().len() as u64
            }
        }
    }

    fn truncated(&self, message: &'static str) -> Error {
        Error::new(ErrorKind::Truncated, message)
            .at_path(self.path.clone())
            .at(Position::Byte(self.byte()))
            .with_hint("the file was cut off while it was copied or written; fetch it again")
    }

    fn explain(&self, error: io::Error) -> Error {
        let compressed = self.compression != Compression::None;
        match error.kind() {
            io::ErrorKind::UnexpectedEof if compressed => {
                self.truncated("compressed data ends too early").with_source(error)
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput if compressed => {
                Error::new(ErrorKind::Compression, "compressed data is damaged")
                    .at_path(self.path.clone())
                    .at(Position::Byte(self.byte()))
                    .with_hint("fetch the file again; `gzip -t` should accept it")
                    .with_source(error)
            }
            _ => Error::new(ErrorKind::Io, "cannot be read").at_path(self.path.clone()).with_source(error),
        }
    }
}

impl<R> fmt::Debug for Input<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("path", &self.path)
            .field("compression", &self.compression)
            .finish_non_exhaustive()
    }
}

/// Names a packed format that is not read.
fn foreign(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some("bzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some("xz"),
        [b'P', b'K', 3, 4, ..] => Some("zip"),
        [0x1a, 0x41, 0x27, 0x43, ..] | [0x43, 0x27, 0x41, 0x1a, ..] => Some("2bit"),
        _ => None,
    }
}

/// The bytes as they lie on disk, counted, with the first and the last of them kept.
struct Raw<R> {
    inner: R,
    head: [u8; HEAD],
    head_length: usize,
    head_given: usize,
    count: u64,
    tail: [u8; BGZIP_END.len()],
}

impl<R: Read> Raw<R> {
    fn new(mut inner: R) -> io::Result<Self> {
        let mut head = [0; HEAD];
        let mut head_length = 0;
        while head_length < HEAD {
            match inner.read(&mut head[head_length..]) {
                Ok(0) => break,
                Ok(count) => head_length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { inner, head, head_length, head_given: 0, count: 0, tail: [0; BGZIP_END.len()] })
    }

    fn head(&self) -> &[u8] {
        &self.head[..self.head_length]
    }
}

impl<R: Read> Read for Raw<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let kept = &self.head[self.head_given..self.head_length];
        let count = if kept.is_empty() {
            self.inner.read(buffer)?
        } else {
            let count = kept.len().min(buffer.len());
            buffer[..count].copy_from_slice(&kept[..count]);
            self.head_given += count;
            count
        };
        self.count += count as u64;
        let new = count.min(self.tail.len());
        self.tail.copy_within(new.., 0);
        let start = self.tail.len() - new;
        self.tail[start..].copy_from_slice(&buffer[count - new..count]);
        Ok(count)
    }
}
