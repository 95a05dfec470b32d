//! Parquet: a row a vector, with where it comes from.

use std::path::{Path, PathBuf};

use dlm_sdk::{Result, Strand};
use ndarray::ArrayView1;
use parquet::{
    data_type::{ByteArray, ByteArrayType, FloatType, Int64Type},
    errors::ParquetError,
};

use super::{Place, Sink};
use crate::tables::{ParquetFile, failed};

const SEQUENCES: &str = "
message embeddings {
    required binary name (UTF8);
    required binary chromosome (UTF8);
    required int64 start;
    required int64 end;
    required binary strand (UTF8);
    required group embedding (LIST) { repeated group list { required float element; } }
}";
const TOKENS: &str = "
message embeddings {
    required binary name (UTF8);
    required int64 record;
    required int64 start;
    required int64 end;
    required group embedding (LIST) { repeated group list { required float element; } }
}";
/// Numbers a row group.
const GROUP: usize = 1 << 22;

pub(super) struct Parquet {
    path: PathBuf,
    file: ParquetFile,
    tokens: bool,
    names: Vec<ByteArray>,
    chromosomes: Vec<ByteArray>,
    strands: Vec<ByteArray>,
    records: Vec<i64>,
    starts: Vec<i64>,
    ends: Vec<i64>,
    floats: Vec<f32>,
    repetitions: Vec<i16>,
}

impl Parquet {
    pub(super) fn create(path: &Path, tokens: bool) -> Result<Self> {
        let schema = if tokens { TOKENS } else { SEQUENCES };
        Ok(Self {
            path: path.to_owned(),
            file: ParquetFile::create(path, schema)?,
            tokens,
            names: Vec::new(),
            chromosomes: Vec::new(),
            strands: Vec::new(),
            records: Vec::new(),
            starts: Vec::new(),
            ends: Vec::new(),
            floats: Vec::new(),
            repetitions: Vec::new(),
        })
    }

    fn flush(&mut self) -> Result<()> {
        if self.names.is_empty() {
            return Ok(());
        }
        self.group().map_err(|error| failed(&self.path, error))?;
        self.names.clear();
        self.chromosomes.clear();
        self.strands.clear();
        self.records.clear();
        self.starts.clear();
        self.ends.clear();
        self.floats.clear();
        self.repetitions.clear();
        Ok(())
    }

    fn group(&mut self) -> std::result::Result<(), ParquetError> {
        let mut group = self.file.group()?;
        let texts: &[&[ByteArray]] =
            if self.tokens { &[&self.names] } else { &[&self.names, &self.chromosomes] };
        for values in texts {
            let Some(mut column) = group.next_column()? else { break };
            column.typed::<ByteArrayType>().write_batch(values, None, None)?;
            column.close()?;
        }
        let numbers: &[&[i64]] = if self.tokens {
            &[&self.records, &self.starts, &self.ends]
        } else {
            &[&self.starts, &self.ends]
        };
        for values in numbers {
            let Some(mut column) = group.next_column()? else { break };
            column.typed::<Int64Type>().write_batch(values, None, None)?;
            column.close()?;
        }
        if !self.tokens
            && let Some(mut column) = group.next_column()?
        {
            column.typed::<ByteArrayType>().write_batch(&self.strands, None, None)?;
            column.close()?;
        }
        if let Some(mut column) = group.next_column()? {
            let present = vec![1; self.floats.len()];
            column.typed::<FloatType>().write_batch(&self.floats, Some(&present), Some(&self.repetitions))?;
            column.close()?;
        }
        group.close().map(|_| ())
    }
}

impl Sink for Parquet {
    fn write(&mut self, place: &Place<'_>, vector: ArrayView1<'_, f32>) -> Result<()> {
        let interval = &place.row.interval;
        self.names.push(ByteArray::from(place.row.name.as_str()));
        if let Some(span) = place.span {
            self.records.push(place.record as i64);
            self.starts.push(i64::from(span.start));
            self.ends.push(i64::from(span.end));
        } else {
            self.chromosomes.push(ByteArray::from(interval.chromosome()));
            self.strands.push(ByteArray::from(match interval.strand() {
                Some(Strand::Forward) => "+",
                Some(Strand::Reverse) => "-",
                None => ".",
            }));
            self.starts.push(interval.start() as i64);
            self.ends.push(interval.end() as i64);
        }
        self.floats.extend(&vector);
        // A list's first element starts a row, the others repeat.
        self.repetitions.push(0);
        self.repetitions.extend(std::iter::repeat_n(1, vector.len().saturating_sub(1)));
        if self.floats.len() >= GROUP { self.flush() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.flush()?;
        self.file.finish()
    }
}
