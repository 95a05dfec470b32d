//! Predictions as files.
//!
//! | ending | a row |
//! |---|---|
//! | `.tsv` | name, start, end, prediction, `score_0` and so on, under a head |
//! | `.bed` | chromosome, start, end, name, the highest score times 1,000, strand, prediction |
//! | `.parquet` | name, chromosome, start, end, prediction, scores |

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
};

use dlm_genome::output::Output;
use dlm_sdk::{Error, Result};
use ndarray::ArrayView1;
use parquet::{data_type::ByteArray, errors::ParquetError};

use super::plain;
use crate::{
    files::write_error,
    rows::Row,
    tables::{Lists, ParquetFile, failed, write_integers, write_texts},
};

/// A sequence and its answer.
#[derive(Clone, Debug)]
pub(super) struct Answered<'r> {
    pub(super) row: &'r Row,
    pub(super) prediction: String,
    pub(super) scores: ArrayView1<'r, f32>,
}

/// Takes answers in order.
pub(super) trait Sink {
    fn write(&mut self, answered: &Answered<'_>) -> Result<()>;

    /// Puts the file in its place.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// Begins a file in the form that its ending says.
pub(super) fn create(path: &Path, outputs: usize) -> Result<Box<dyn Sink>> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending {
        Some("tsv" | "bed") => {
            let mut table =
                Table { path: path.to_owned(), output: Output::create(path)?, bed: ending == Some("bed") };
            if !table.bed {
                let mut head = "name\tstart\tend\tprediction".to_owned();
                for score in 0..outputs {
                    // Writing to a string never fails.
                    let _ = write!(head, "\tscore_{score}");
                }
                table.line(&head)?;
            }
            Ok(Box::new(table))
        }
        Some("parquet") => Ok(Box::new(Columns::create(path)?)),
        _ => Err(Error::invalid(format!("{}: the ending says no form", path.display()))
            .with_hint("known are .tsv, .parquet and .bed")),
    }
}

/// Lines of text.
struct Table {
    path: PathBuf,
    output: Output,
    bed: bool,
}

impl Table {
    fn line(&mut self, line: &str) -> Result<()> {
        writeln!(self.output, "{line}").map_err(|error| write_error(&self.path, error))
    }
}

impl Sink for Table {
    fn write(&mut self, answered: &Answered<'_>) -> Result<()> {
        let (interval, name) = (&answered.row.interval, plain(&answered.row.name)?);
        let (start, end) = (interval.start(), interval.end());
        let prediction = plain(&answered.prediction)?;
        if self.bed {
            let highest = answered.scores.iter().copied().fold(0.0_f32, f32::max).clamp(0.0, 1.0);
            let score = (highest * 1_000.0).round() as u32;
            let strand = interval.strand().map_or('.', dlm_sdk::Strand::symbol);
            let chromosome = interval.chromosome();
            return self
                .line(&format!("{chromosome}\t{start}\t{end}\t{name}\t{score}\t{strand}\t{prediction}"));
        }
        let mut line = format!("{name}\t{start}\t{end}\t{prediction}");
        for score in answered.scores {
            // Writing to a string never fails.
            let _ = write!(line, "\t{score}");
        }
        self.line(&line)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(self.output.commit()?)
    }
}

const SCHEMA: &str = "
message predictions {
    required binary name (UTF8);
    required binary chromosome (UTF8);
    required binary prediction (UTF8);
    required int64 start;
    required int64 end;
    required group scores (LIST) { repeated group list { required float element; } }
}";
/// Rows a group.
const GROUP: usize = 1 << 16;

/// Parquet.
struct Columns {
    path: PathBuf,
    file: ParquetFile,
    texts: [Vec<ByteArray>; 3],
    numbers: [Vec<i64>; 2],
    scores: Lists,
}

impl Columns {
    fn create(path: &Path) -> Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: ParquetFile::create(path, SCHEMA)?,
            texts: [const { Vec::new() }; 3],
            numbers: [const { Vec::new() }; 2],
            scores: Lists::default(),
        })
    }

    fn flush(&mut self) -> Result<()> {
        if self.texts[0].is_empty() {
            return Ok(());
        }
        self.group().map_err(|error| failed(&self.path, error))?;
        self.texts.iter_mut().for_each(Vec::clear);
        self.numbers.iter_mut().for_each(Vec::clear);
        self.scores.clear();
        Ok(())
    }

    fn group(&mut self) -> std::result::Result<(), ParquetError> {
        let mut group = self.file.group()?;
        for texts in &self.texts {
            write_texts(&mut group, texts)?;
        }
        for numbers in &self.numbers {
            write_integers(&mut group, numbers)?;
        }
        self.scores.write(&mut group)?;
        group.close().map(|_| ())
    }
}

impl Sink for Columns {
    fn write(&mut self, answered: &Answered<'_>) -> Result<()> {
        let interval = &answered.row.interval;
        let texts = [answered.row.name.as_str(), interval.chromosome(), &answered.prediction];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.push(ByteArray::from(text));
        }
        self.numbers[0].push(interval.start() as i64);
        self.numbers[1].push(interval.end() as i64);
        self.scores.push(answered.scores);
        if self.texts[0].len() >= GROUP { self.flush() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.flush()?;
        self.file.finish()
    }
}
