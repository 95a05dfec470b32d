//! Parquet: a row a record, with lists of ids, starts and ends.

use std::path::{Path, PathBuf};

use dlm_sdk::{Result, TokenRow};
use parquet::{
    data_type::{ByteArray, ByteArrayType, Int32Type},
    errors::ParquetError,
};

use super::Encoding;
use crate::tables::{ParquetFile, failed};

const SCHEMA: &str = "
message tokens {
    required binary name (UTF8);
    required group ids (LIST) { repeated group list { required int32 element (INTEGER(32, false)); } }
    required group starts (LIST) { repeated group list { required int32 element (INTEGER(32, false)); } }
    required group ends (LIST) { repeated group list { required int32 element (INTEGER(32, false)); } }
}";

/// Tokens a row group; a record is never divided.
const GROUP: usize = 1 << 20;

pub(super) struct Parquet {
    path: PathBuf,
    file: ParquetFile,
    names: Vec<ByteArray>,
    columns: [Vec<i32>; 3],
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
}

impl Parquet {
    pub(super) fn create(path: &Path) -> Result<Self> {
        let file = ParquetFile::create(path, SCHEMA)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            names: Vec::new(),
            columns: [const { Vec::new() }; 3],
            definitions: Vec::new(),
            repetitions: Vec::new(),
        })
    }

    fn flush(&mut self) -> Result<()> {
        if self.names.is_empty() {
            return Ok(());
        }
        self.write_group().map_err(|error| failed(&self.path, error))?;
        self.names.clear();
        self.columns.iter_mut().for_each(Vec::clear);
        self.definitions.clear();
        self.repetitions.clear();
        Ok(())
    }

    fn write_group(&mut self) -> std::result::Result<(), ParquetError> {
        let mut group = self.file.group()?;
        if let Some(mut column) = group.next_column()? {
            column.typed::<ByteArrayType>().write_batch(&self.names, None, None)?;
            column.close()?;
        }
        for values in &self.columns {
            if let Some(mut column) = group.next_column()? {
                column.typed::<Int32Type>().write_batch(
                    values,
                    Some(&self.definitions),
                    Some(&self.repetitions),
                )?;
                column.close()?;
            }
        }
        group.close().map(|_| ())
    }
}

impl Encoding for Parquet {
    fn write(&mut self, name: &str, row: TokenRow<'_>) -> Result<()> {
        self.names.push(ByteArray::from(name));
        let [ids, starts, ends] = &mut self.columns;
        ids.extend(row.ids.iter().map(|id| id.cast_signed()));
        starts.extend(row.spans.iter().map(|span| span.start.cast_signed()));
        ends.extend(row.spans.iter().map(|span| span.end.cast_signed()));
        // A list's first element starts a row, the others repeat; an empty list is one element that is not there.
        let present = i16::from(!row.ids.is_empty());
        self.definitions.extend(std::iter::repeat_n(present, row.ids.len().max(1)));
        self.repetitions.push(0);
        self.repetitions.extend(std::iter::repeat_n(1, row.ids.len().saturating_sub(1)));
        if self.definitions.len() >= GROUP { self.flush() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.flush()?;
        self.file.finish()
    }
}
