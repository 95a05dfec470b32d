//! Reads one file of a released task: FASTA with the label in the header, or parquet as on the hub.
//!
//! ```text
//! >chr1:1000-1200|strong|1
//! ACGTACGT
//! ```

use std::{fs::File, path::Path};

use dlm_dataset::{bases, fasta, text};
use dlm_sdk::{Error, Result};
use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::{Field, Row},
};

/// Labels beyond this are a damaged file, not a class.
const MOST_CLASSES: usize = 1_000;

/// An example of a file.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Record {
    pub(crate) bases: Vec<u8>,
    pub(crate) class: usize,
}

/// Reads a file.
///
/// # Errors
///
/// [`Io`](dlm_sdk::ErrorKind::Io) if it cannot be read, [`Invalid`](dlm_sdk::ErrorKind::Invalid), naming file and line
/// or row.
pub(crate) fn records(path: &Path) -> Result<Vec<Record>> {
    let name = path.to_string_lossy();
    let records = if name.ends_with(".parquet") {
        parquet(path)?
    } else if name.ends_with(".parquet.gz") {
        return Err(Error::unsupported(format!("{name}: gzipped parquet is not read"))
            .with_hint("unpack it; parquet files are compressed within"));
    } else {
        fasta(path)?
    };
    if records.is_empty() {
        return Err(Error::invalid(format!("{name}: it holds no example")));
    }
    Ok(records)
}

fn fasta(path: &Path) -> Result<Vec<Record>> {
    let record = |record: fasta::Record| {
        let label = record.header.rsplit_once('|').map(|(_, label)| label.trim());
        let class = label.and_then(class).ok_or_else(|| {
            let message = match label {
                Some(label) => format!("label {label:?} is no class"),
                None => "the header has no label".to_owned(),
            };
            Error::invalid(format!("{}: line {}: {message}", path.display(), record.line))
                .with_hint("the label, 0, 1, 2 and so on, follows the last | of the header")
        })?;
        Ok(Record { bases: record.bases, class })
    };
    fasta::read(path)?.into_iter().map(record).collect()
}

fn class(label: &str) -> Option<usize> {
    label.parse().ok().filter(|&class| class < MOST_CLASSES)
}

fn parquet(path: &Path) -> Result<Vec<Record>> {
    let at = path.display();
    let damaged = |error: parquet::errors::ParquetError| {
        Error::invalid(format!("{at}: it cannot be read as parquet")).with_source(error)
    };
    let file = File::open(path).map_err(|error| text::explain(path, &error))?;
    let reader = SerializedFileReader::new(file).map_err(damaged)?;
    let columns: Vec<String> = reader
        .metadata()
        .file_metadata()
        .schema_descr()
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect();
    let find = |wanted: &str| {
        columns.iter().position(|name| name == wanted).ok_or_else(|| {
            Error::invalid(format!("{at}: no column is called {wanted:?}"))
                .with_hint(format!("its columns are {}", columns.join(", ")))
        })
    };
    let (sequence, label) = (find("sequence")?, find("label")?);
    let mut records = Vec::new();
    for (number, row) in (1..).zip(reader.get_row_iter(None).map_err(damaged)?) {
        let record = record(&row.map_err(damaged)?, sequence, label).map_err(|(message, hint)| {
            Error::invalid(format!("{at}: row {number}: {message}")).with_hint(hint)
        })?;
        records.push(record);
    }
    Ok(records)
}

fn record(row: &Row, sequence: usize, label: usize) -> Result<Record, (String, &'static str)> {
    let field = |column: usize| row.get_column_iter().nth(column).map(|(_, field)| field);
    let Some(Field::Str(text)) = field(sequence) else {
        return Err(("the sequence is no text".into(), "the column sequence holds bases"));
    };
    let number = match field(label) {
        Some(Field::Byte(value)) => i64::from(*value),
        Some(Field::Short(value)) => i64::from(*value),
        Some(Field::Int(value)) => i64::from(*value),
        Some(Field::Long(value)) => *value,
        Some(Field::UByte(value)) => i64::from(*value),
        Some(Field::UShort(value)) => i64::from(*value),
        Some(Field::UInt(value)) => i64::from(*value),
        Some(Field::Str(value)) => value.trim().parse().unwrap_or(-1),
        _ => -1,
    };
    let class = usize::try_from(number).ok().filter(|&class| class < MOST_CLASSES);
    let Some(class) = class else {
        let label = field(label).map_or_else(String::new, ToString::to_string);
        return Err((format!("label {label} is no class"), "classes are 0, 1, 2 and so on"));
    };
    let mut bases = Vec::new();
    bases::append(text.trim(), &mut bases)?;
    Ok(Record { bases, class })
}
