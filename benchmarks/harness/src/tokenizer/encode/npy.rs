//! NumPy's file form: a header that says how many rows follow, then the rows.
//!
//! The array is structured: `numpy.load(OUT)["id"]` is the ids, and `record` counts the records from zero in the order of
//! the input.

use std::{
    fs::File,
    io::{self, BufWriter, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use dlm_genome::output::Output;
use dlm_sdk::{Result, TokenRow};

use super::Encoding;
use crate::files::write_error;

const FIELDS: &str = "[('record', '<u4'), ('id', '<u4'), ('start', '<u4'), ('end', '<u4')]";
/// NumPy aligns what follows the header.
const ALIGNMENT: usize = 64;

pub(super) struct Npy {
    path: PathBuf,
    output: Output,
    /// The rows wait here until their number is known; the file has no name and cannot be left behind.
    rows: BufWriter<File>,
    records: u32,
    tokens: u64,
}

impl Npy {
    pub(super) fn create(path: &Path) -> Result<Self> {
        let output = Output::create(path)?;
        // A pipe's folder need not be a place for files.
        let folder = path.parent().filter(|folder| path.is_file() || !path.exists() && folder.is_dir());
        let rows = match folder {
            Some(folder) => tempfile::tempfile_in(folder),
            None => tempfile::tempfile(),
        }
        .map_err(|error| write_error(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            output,
            rows: BufWriter::with_capacity(1 << 16, rows),
            records: 0,
            tokens: 0,
        })
    }
}

impl Encoding for Npy {
    fn write(&mut self, _name: &str, row: TokenRow<'_>) -> Result<()> {
        for (id, span) in row.ids.iter().zip(row.spans) {
            let mut bytes = [0; 16];
            for (place, value) in bytes.chunks_exact_mut(4).zip([self.records, *id, span.start, span.end]) {
                place.copy_from_slice(&value.to_le_bytes());
            }
            self.rows.write_all(&bytes).map_err(|error| write_error(&self.path, error))?;
        }
        self.tokens += row.ids.len() as u64;
        self.records += 1;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { path, mut output, rows, tokens, .. } = *self;
        let copy = |output: &mut Output| {
            let mut rows = rows.into_inner().map_err(io::IntoInnerError::into_error)?;
            rows.rewind()?;
            output.write_all(&header(tokens))?;
            io::copy(&mut rows, output)
        };
        copy(&mut output).map_err(|error| write_error(&path, error))?;
        Ok(output.commit()?)
    }
}

fn header(rows: u64) -> Vec<u8> {
    let mut text = format!("{{'descr': {FIELDS}, 'fortran_order': False, 'shape': ({rows},), }}");
    let before = 10;
    let whole = (before + text.len() + 1).next_multiple_of(ALIGNMENT);
    text.extend(std::iter::repeat_n(' ', whole - before - text.len() - 1));
    text.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((text.len() as u16).to_le_bytes());
    header.extend(text.bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_aligned_whatever_the_number() {
        for rows in [0, 9, 10, 99_999, u64::MAX] {
            let header = header(rows);
            assert_eq!(header.len() % ALIGNMENT, 0);
            assert_eq!(usize::from(u16::from_le_bytes([header[8], header[9]])) + 10, header.len());
            assert!(header.ends_with(b"\n"));
        }
    }
}
