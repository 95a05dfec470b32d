//! Bytes of a file without a name, mapped into memory, or kept in it.

#![expect(unsafe_code, reason = "mapping a file into memory")]

use std::{
    fs::File,
    io,
    ops::{Deref, DerefMut},
};

/// Bytes that can be changed.
#[derive(Debug)]
pub(super) enum Bytes {
    /// Those of a file, which the system may write out and drop at any time.
    Mapped(memmap2::MmapMut),
    /// In memory: the safe twin.
    Held(Vec<u8>),
}

impl Bytes {
    /// Maps a file that has no name, so that nobody else can open it.
    pub(super) fn map(file: &File) -> io::Result<Self> {
        // A file of no bytes cannot be mapped.
        if file.metadata()?.len() == 0 {
            return Ok(Self::Held(Vec::new()));
        }
        // SAFETY: The file has no name, and its only handle is dropped by the caller: nobody else reads or writes it, or
        // cuts it short.
        let map = unsafe { memmap2::MmapMut::map_mut(file) }?;
        Ok(Self::Mapped(map))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Held(bytes) => bytes,
        }
    }
}

impl DerefMut for Bytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Held(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_twins_agree_and_both_can_be_changed() {
        for length in [0, 1, 4096, 10_000] {
            let bytes: Vec<u8> = (0..length).map(|i: u32| i.to_le_bytes()[0] ^ 0x5a).collect();
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            let (mut mapped, mut held) = (Bytes::map(&file).unwrap(), Bytes::Held(bytes));
            assert_eq!(matches!(mapped, Bytes::Mapped(_)), length > 0);
            drop(file);
            assert_eq!(*mapped, *held);
            for bytes in [&mut mapped, &mut held] {
                bytes.reverse();
            }
            assert_eq!(*mapped, *held);
        }
    }
}
