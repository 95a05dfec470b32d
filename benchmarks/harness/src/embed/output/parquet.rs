//! Parquet: a row a vector, with where it comes from.

use std::path::{Path, PathBuf};

use dlm_sdk::{Result, Strand};
use ndarray::ArrayView1;
use parquet::{data_type::ByteArray, errors::ParquetError};

use super::{Place, Sink};
use crate::tables::{Lists, ParquetFile, failed, write_integers, write_texts};

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
    vectors: Lists,
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
            vectors: Lists::default(),
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
        self.vectors.clear();
        Ok(())
    }

    fn group(&mut self) -> std::result::Result<(), ParquetError> {
        let mut group = self.file.group()?;
        write_texts(&mut group, &self.names)?;
        if self.tokens {
            write_integers(&mut group, &self.records)?;
        } else {
            write_texts(&mut group, &self.chromosomes)?;
        }
        write_integers(&mut group, &self.starts)?;
        write_integers(&mut group, &self.ends)?;
        if !self.tokens {
            write_texts(&mut group, &self.strands)?;
        }
        self.vectors.write(&mut group)?;
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
        self.vectors.push(vector);
        if self.vectors.numbers() >= GROUP { self.flush() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.flush()?;
        self.file.finish()
    }
}
