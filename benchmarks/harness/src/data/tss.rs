//! Makes a BED file of transcription starts from a package's table.
//!
//! The table comes from a GTF file and counts from one, with `_ends` one past `_starts`; a BED file counts from zero.
//! Names become `gene|type|level`, as `DDX11L2|lncRNA|L2`.

use std::{fmt::Write as _, fs::File, path::Path};

use dlm_sdk::{Error, Result};
use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::{Field, Row},
};

/// Reads a table and returns a BED text in the order of chromosome, start and name.
pub(super) fn to_bed(table: &Path) -> Result<String> {
    let broken = |error: parquet::errors::ParquetError| {
        Error::invalid(format!("{}: not a readable table", table.display())).with_source(error)
    };
    let file = File::open(table)
        .map_err(|error| Error::io(format!("{}: cannot be read", table.display()), error))?;
    let reader = SerializedFileReader::new(file).map_err(broken)?;
    let mut records = Vec::new();
    for (number, row) in reader.get_row_iter(None).map_err(broken)?.enumerate() {
        let record = read(&row.map_err(broken)?).ok_or_else(|| {
            Error::invalid(format!("{}: row {}: not a transcription start", table.display(), number + 1))
        })?;
        records.push(record);
    }
    records.sort();
    records.dedup();
    let mut bed = String::new();
    for Record { chromosome, start, name, strand } in records {
        // Writing to a string never fails.
        let _ = writeln!(bed, "{chromosome}\t{start}\t{}\t{name}\t0\t{strand}", start + 1);
    }
    Ok(bed)
}

#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Record {
    chromosome: String,
    start: u64,
    name: String,
    strand: char,
}

fn read(row: &Row) -> Option<Record> {
    let field =
        |name: &str| row.get_column_iter().find(|(column, _)| *column == name).map(|(_, field)| field);
    let text = |name: &str| match field(name)? {
        Field::Str(text) => Some(text.replace(|c: char| c.is_whitespace() || c == '|', "_")),
        _ => None,
    };
    let number = |name: &str| match *field(name)? {
        Field::Long(number) => Some(number),
        Field::Int(number) => Some(i64::from(number)),
        _ => None,
    };
    let start = u64::try_from(number("_starts")?).ok()?.checked_sub(1)?;
    let name = format!("{}|{}|L{}", text("gene_name")?, text("gene_type")?, number("level")?);
    let strand = match text("Strand")?.as_str() {
        "+" => '+',
        "-" => '-',
        _ => return None,
    };
    Some(Record { chromosome: text("_labels")?, start, name, strand })
}
