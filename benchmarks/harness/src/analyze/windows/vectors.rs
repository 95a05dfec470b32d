//! The vectors of all windows as Parquet.

use dlm_genome::Interval;
use dlm_sdk::Result;
use parquet::{data_type::ByteArray, errors::ParquetError};

use crate::tables::{Lists, ParquetFile, failed, write_integers, write_texts};

const SCHEMA: &str = "
message windows {
    required binary chromosome (UTF8);
    required int64 start;
    required int64 end;
    required group embedding (LIST) { repeated group list { required float element; } }
}";
/// Numbers a row group of the file, at most.
const GROUP: usize = 1 << 22;

/// The file of all vectors, written in groups of bounded size.
pub(super) struct Vectors {
    path: std::path::PathBuf,
    file: ParquetFile,
    chromosomes: Vec<ByteArray>,
    starts: Vec<i64>,
    ends: Vec<i64>,
    lists: Lists,
}

impl Vectors {
    pub(super) fn create(path: std::path::PathBuf) -> Result<Self> {
        let file = ParquetFile::create(&path, SCHEMA)?;
        let (chromosomes, starts, ends) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { path, file, chromosomes, starts, ends, lists: Lists::default() })
    }

    pub(super) fn write(&mut self, interval: &Interval, vector: &[f32]) -> Result<()> {
        self.chromosomes.push(interval.chromosome().into());
        self.starts.push(interval.start() as i64);
        self.ends.push(interval.end() as i64);
        self.lists.push(vector);
        if self.lists.numbers() >= GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        if self.starts.is_empty() {
            return Ok(());
        }
        self.group().map_err(|error| failed(&self.path, error))?;
        self.chromosomes.clear();
        self.starts.clear();
        self.ends.clear();
        self.lists.clear();
        Ok(())
    }

    fn group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.file.group()?;
        write_texts(&mut group, &self.chromosomes)?;
        write_integers(&mut group, &self.starts)?;
        write_integers(&mut group, &self.ends)?;
        self.lists.write(&mut group)?;
        group.close().map(|_| ())
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.flush()?;
        self.file.finish()
    }
}
