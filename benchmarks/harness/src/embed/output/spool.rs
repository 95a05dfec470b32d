//! Rows that wait until their number is known.

use std::{
    fs::File,
    io::{self, BufWriter, Seek as _, Write as _},
    path::Path,
};

use dlm_genome::output::Output;
use dlm_sdk::Result;

use crate::files::write_error;

/// Bytes in a file without a name, which cannot be left behind.
#[derive(Debug)]
pub(super) struct Spool(BufWriter<File>);

impl Spool {
    /// Opens a spool beside the output, where there is space for it.
    pub(super) fn beside(path: &Path) -> Result<Self> {
        // A pipe's folder need not be a place for files.
        let folder = match path.parent() {
            Some(folder) if folder.as_os_str().is_empty() => Some(Path::new(".")),
            folder => folder,
        };
        let folder = folder.filter(|folder| path.is_file() || !path.exists() && folder.is_dir());
        let file = folder.map_or_else(tempfile::tempfile, tempfile::tempfile_in);
        let file = file.map_err(|error| write_error(path, error))?;
        Ok(Self(BufWriter::with_capacity(1 << 16, file)))
    }

    pub(super) fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    pub(super) fn add_floats<'f>(&mut self, floats: impl IntoIterator<Item = &'f f32>) -> io::Result<()> {
        floats.into_iter().try_for_each(|float| self.0.write_all(&float.to_le_bytes()))
    }

    /// Copies everything to the output.
    pub(super) fn pour(self, output: &mut Output) -> io::Result<()> {
        let mut file = self.0.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        io::copy(&mut file, output).map(|_| ())
    }
}
