//! Lists of windows that are as long as a genome has windows.

mod mmap;

use std::{
    fmt,
    io::{BufWriter, Write as _},
    path::Path,
};

use dlm_sdk::{Error, Result};

use self::mmap::Bytes;
use super::Window;

/// A window as it lies in the file.
pub(super) type Record = [u8; RECORD];

const RECORD: usize = 12;

/// Windows in a file without a name, mapped into memory.
///
/// A pass over a genome has a window for each 1,600 bases or so. Lists of them lie on disk, in the folder of the tokens,
/// where the system may keep them from memory; they go when nobody holds them any longer, however a process ends.
pub struct Windows {
    bytes: Bytes,
}

impl Windows {
    /// Makes a list in a folder of what a function gives.
    pub(super) fn collect(
        folder: &Path,
        fill: impl FnOnce(&mut dyn FnMut(Window) -> Result<()>) -> Result<()>,
    ) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::io(format!("{}: no list of windows can be written here", folder.display()), error)
        };
        let mut output = BufWriter::new(tempfile::tempfile_in(folder).map_err(failed)?);
        fill(&mut |window| output.write_all(&record(&window)).map_err(failed))?;
        let written = output.into_inner().map_err(|error| failed(error.into_error()))?;
        Ok(Self { bytes: Bytes::map(&written).map_err(failed)? })
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / RECORD
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns a window by its place.
    pub fn get(&self, index: usize) -> Option<Window> {
        self.records().get(index).map(window)
    }

    /// Returns all windows in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Window> + '_ {
        self.records().iter().map(window)
    }

    /// Returns the windows as they lie in the file, to be put into another order.
    pub(super) fn records_mut(&mut self) -> &mut [Record] {
        self.bytes.as_chunks_mut().0
    }

    /// Returns how many bytes of the list this process holds in memory that the system cannot drop: none, where files can be
    /// mapped.
    pub fn held(&self) -> usize {
        match &self.bytes {
            Bytes::Mapped(_) => 0,
            Bytes::Held(bytes) => bytes.len(),
        }
    }

    fn records(&self) -> &[Record] {
        self.bytes.as_chunks().0
    }
}

impl fmt::Debug for Windows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Windows").field("len", &self.len()).finish_non_exhaustive()
    }
}

fn record(window: &Window) -> Record {
    let mut record = [0; RECORD];
    for (part, number) in record.chunks_mut(4).zip([window.chromosome, window.start, window.end]) {
        part.copy_from_slice(&number.to_le_bytes());
    }
    record
}

pub(super) fn window(record: &Record) -> Window {
    let number = |at: usize| u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]]);
    Window { chromosome: number(0), start: number(4), end: number(8) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_come_back_and_no_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let given: Vec<Window> = (0..1000)
            .map(|n| Window { chromosome: n % 3, start: n * 70_000, end: n * 70_000 + 300 })
            .collect();
        let fill = |take: &mut dyn FnMut(Window) -> Result<()>| given.iter().try_for_each(|it| take(*it));
        let mut windows = Windows::collect(folder.path(), fill).unwrap();
        assert_eq!(windows.iter().collect::<Vec<_>>(), given);
        assert_eq!((windows.len(), windows.get(999), windows.get(1000)), (1000, Some(given[999]), None));
        windows.records_mut().swap(0, 999);
        assert_eq!((windows.get(0), windows.get(999)), (Some(given[999]), Some(given[0])));
        assert_eq!(windows.held(), 0);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let none = Windows::collect(folder.path(), |_| Ok(())).unwrap();
        assert!(none.is_empty() && none.get(0).is_none());
    }
}
