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
    data_type::{ByteArray, ByteArrayType, FloatType, Int64Type},
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

/// Writes the next column of a row group: texts.
pub(crate) fn write_texts<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    texts: &[ByteArray],
) -> std::result::Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else { return Ok(()) };
    column.typed::<ByteArrayType>().write_batch(texts, None, None)?;
    column.close()
}

/// Writes the next column of a row group: integers.
pub(crate) fn write_integers<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    integers: &[i64],
) -> std::result::Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else { return Ok(()) };
    column.typed::<Int64Type>().write_batch(integers, None, None)?;
    column.close()
}

/// Lists of numbers, one a row, on their way into a column.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    numbers: Vec<f32>,
    /// A list's first number starts a row, the others repeat.
    repetitions: Vec<i16>,
}

impl Lists {
    /// Adds a row.
    pub(crate) fn push<'a>(&mut self, row: impl IntoIterator<Item = &'a f32>) {
        let start = self.numbers.len();
        self.numbers.extend(row);
        self.repetitions.extend((start..self.numbers.len()).map(|place| i16::from(place > start)));
    }

    /// Returns how many numbers there are in all rows.
    pub(crate) fn numbers(&self) -> usize {
        self.numbers.len()
    }

    /// Forgets all rows.
    pub(crate) fn clear(&mut self) {
        self.numbers.clear();
        self.repetitions.clear();
    }

    /// Writes the next column of a row group.
    pub(crate) fn write<W: Write + Send>(
        &self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> std::result::Result<(), ParquetError> {
        let Some(mut column) = group.next_column()? else { return Ok(()) };
        let present = vec![1; self.numbers.len()];
        column.typed::<FloatType>().write_batch(&self.numbers, Some(&present), Some(&self.repetitions))?;
        column.close()
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
