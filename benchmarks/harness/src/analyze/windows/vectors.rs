//! The vectors of all windows as Parquet.

use dlm_genome::Interval;
use dlm_sdk::Result;
use parquet::{
    data_type::{ByteArray, ByteArrayType, FloatType, Int64Type},
    errors::ParquetError,
};

use crate::tables::{ParquetFile, failed};

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
    floats: Vec<f32>,
    repetitions: Vec<i16>,
}

impl Vectors {
    pub(super) fn create(path: std::path::PathBuf) -> Result<Self> {
        let file = ParquetFile::create(&path, SCHEMA)?;
        let (chromosomes, starts, ends) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { path, file, chromosomes, starts, ends, floats: Vec::new(), repetitions: Vec::new() })
    }

    pub(super) fn write(&mut self, interval: &Interval, vector: &[f32]) -> Result<()> {
        self.chromosomes.push(interval.chromosome().into());
        self.starts.push(interval.start() as i64);
        self.ends.push(interval.end() as i64);
        self.repetitions.extend((0..vector.len()).map(|place| i16::from(place > 0)));
        self.floats.extend(vector);
        if self.floats.len() >= GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        if self.starts.is_empty() {
            return Ok(());
        }
        self.group().map_err(|error| failed(&self.path, error))?;
        self.chromosomes.clear();
        self.starts.clear();
        self.ends.clear();
        self.floats.clear();
        self.repetitions.clear();
        Ok(())
    }

    fn group(&mut self) -> Result<(), ParquetError> {
        let definitions = vec![1_i16; self.floats.len()];
        let mut group = self.file.group()?;
        let mut place = 0;
        while let Some(mut column) = group.next_column()? {
            let written = match place {
                0 => column.typed::<ByteArrayType>().write_batch(&self.chromosomes, None, None),
                1 => column.typed::<Int64Type>().write_batch(&self.starts, None, None),
                2 => column.typed::<Int64Type>().write_batch(&self.ends, None, None),
                _ => column.typed::<FloatType>().write_batch(
                    &self.floats,
                    Some(&definitions),
                    Some(&self.repetitions),
                ),
            };
            written?;
            column.close()?;
            place += 1;
        }
        group.close().map(|_| ())
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.flush()?;
        self.file.finish()
    }
}
