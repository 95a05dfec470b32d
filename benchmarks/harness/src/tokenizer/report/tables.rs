//! The tables of a report, as comma-separated values.

use dlm_sdk::{Error, Result};
use serde::Serialize;

use super::summary::Report;

/// Writes each table, with its file name.
pub(crate) fn tables(report: &Report) -> Result<[(&'static str, Vec<u8>); 4]> {
    Ok([
        ("tokens.csv", table(&report.all)?),
        ("lengths.csv", table(&report.lengths)?),
        ("composition.csv", table(&report.composition)?),
        ("frequencies.csv", table(&report.frequencies)?),
    ])
}

fn table<T: Serialize>(rows: &[T]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = rows.iter().try_for_each(|row| writer.serialize(row));
    written
        .map_err(|error| Error::internal("a table cannot be written").with_source(error))
        .and_then(|()| writer.into_inner().map_err(|error| Error::internal(error.to_string())))
}
