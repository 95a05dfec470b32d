//! The bytes of a file, mapped into memory or read.

#![expect(unsafe_code, reason = "mapping a file into memory")]

use std::{
    fs::File,
    io::{self, Read as _},
    ops::Deref,
};

/// The bytes of a file.
#[derive(Debug)]
pub(super) enum Bytes {
    /// Read page by page when they are first looked at.
    Mapped(memmap2::Mmap),
    /// Read at once: the safe twin.
    Read(Vec<u8>),
}

impl Bytes {
    /// Maps a file.
    pub(super) fn map(file: File) -> io::Result<Self> {
        // A file of no bytes cannot be mapped, and a pipe has none that could be.
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() == 0 {
            return Self::read(file);
        }
        // SAFETY: the mapping is only read. Stores appear by a rename and are never changed in place, so the bytes stay
        // what they are; every value taken from them is checked before it is used.
        let map = unsafe { memmap2::Mmap::map(&file) }?;
        Ok(Self::Mapped(map))
    }

    /// Reads a file.
    pub(super) fn read(mut file: File) -> io::Result<Self> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Self::Read(bytes))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Read(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twins_agree() {
        let folder = tempfile::tempdir().unwrap();
        for length in [0, 1, 4096, 10_000] {
            let path = folder.path().join(format!("{length}"));
            let bytes: Vec<u8> = (0..length).map(|i: u32| i.to_le_bytes()[0] ^ 0x5a).collect();
            std::fs::write(&path, &bytes).unwrap();
            let open = || File::open(&path).unwrap();
            let (mapped, read) = (Bytes::map(open()).unwrap(), Bytes::read(open()).unwrap());
            assert_eq!(matches!(mapped, Bytes::Mapped(_)), length > 0);
            assert_eq!(*mapped, bytes);
            assert_eq!(*mapped, *read);
        }
    }
}
