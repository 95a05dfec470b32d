//! Parquet files that appear whole or not at all.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use dlm_genome::output::Output;
use dlm_sdk::{Error, Result};
use parquet::{
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};

/// A Parquet file in the making.
pub(crate) struct ParquetFile {
    path: PathBuf,
    writer: SerializedFileWriter<Shared>,
    output: Shared,
}

/// The output, which the writer writes to and which is put in its place afterwards.
#[derive(Clone)]
struct Shared(Arc<Mutex<Option<Output>>>);

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut Output) -> io::Result<T>) -> io::Result<T> {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(output.as_mut().ok_or_else(|| io::Error::other("the file is closed"))?)
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|output| output.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.with(Output::flush)
    }
}

impl ParquetFile {
    /// Begins a file of a schema, packed by zstd.
    pub(crate) fn create(path: &Path, schema: &str) -> Result<Self> {
        let output = Shared(Arc::new(Mutex::new(Some(Output::create(path)?))));
        let properties =
            WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        let writer = parse_message_type(schema)
            .and_then(|schema| {
                SerializedFileWriter::new(output.clone(), Arc::new(schema), Arc::new(properties))
            })
            .map_err(|error| failed(path, error))?;
        Ok(Self { path: path.to_owned(), writer, output })
    }

    /// Begins a row group.
    pub(crate) fn group(
        &mut self,
    ) -> std::result::Result<SerializedRowGroupWriter<'_, impl Write + Send>, ParquetError> {
        self.writer.next_row_group()
    }

    /// Puts the file in its place.
    pub(crate) fn finish(self) -> Result<()> {
        let Self { path, writer, output } = self;
        writer.close().map_err(|error| failed(&path, error))?;
        let output = output.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match output {
            Some(output) => Ok(output.commit()?),
            None => Err(Error::internal("the file is closed twice")),
        }
    }
}

/// Tells that a file cannot be written, and why.
pub(crate) fn failed(path: &Path, error: ParquetError) -> Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => crate::files::write_error(path, *error),
            Err(source) => Error::io(format!("{}: cannot be written", path.display()), source),
        },
        error => Error::io(format!("{}: cannot be written", path.display()), error),
    }
}
