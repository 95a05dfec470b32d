//! Writing bigWig, through the crate `bigtools`.

use std::{
    io::{self, Seek, SeekFrom},
    path::Path,
};

use bigtools::{BBIProcessError, BigWigWrite, Value, beddata::BedParserStreamingIterator};

use crate::{
    Error, ErrorKind, Lengths, Result,
    bed_graph::Record,
    output::{Output, cannot},
};

/// The list of names is one node, whose count has 16 bits.
const MOST_SEQUENCES: usize = 65_535;

/// Writes rows as bigWig, with summaries for genome browsers, whole or not at all; the same rows give the same bytes. Rows
/// may come in any order; values are rounded to 32-bit floats.
///
/// The packed rows lie in a temporary file before they are put in their place.
///
/// # Errors
///
/// There is no row; a row is on a sequence without a length or ends past its end, two rows overlap, a value is too large for a
/// 32-bit float, or a sequence is longer than 32 bits count; the file cannot be written.
pub fn write(
    path: impl AsRef<Path>,
    lengths: &Lengths,
    rows: impl IntoIterator<Item = Record>,
) -> Result<()> {
    let path = path.as_ref();
    let values = checked(lengths, rows).map_err(|error| error.at_path(path))?;
    let sizes = lengths
        .iter()
        .map(|(name, length)| match u32::try_from(length) {
            Ok(length) => Ok((name.to_owned(), length)),
            Err(_) => Err(Error::new(
                ErrorKind::Bounds,
                format!("has {length} bases, and bigWig counts to {}", u32::MAX),
            )
            .at_path(path)
            .in_record(name)),
        })
        .collect::<Result<_>>()?;
    let fail = |error| cannot(path, error);
    let mut packed = tempfile::tempfile().map_err(fail)?;
    // One thread: the work is small, and the runtime lives for this call alone.
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(fail)?;
    BigWigWrite::new(packed.try_clone().map_err(fail)?, sizes)
        .write(BedParserStreamingIterator::wrap_infallible_iter(values.into_iter(), true), runtime)
        .map_err(|error| match error {
            BBIProcessError::IoError(error) => fail(error),
            other => fail(io::Error::other(other.to_string())),
        })?;
    packed.seek(SeekFrom::Start(0)).map_err(fail)?;
    let mut output = Output::create(path)?;
    io::copy(&mut packed, &mut output).map_err(fail)?;
    output.commit()
}

/// Sorts rows by sequence and place, and checks what the format and its writer ask for.
fn checked(lengths: &Lengths, rows: impl IntoIterator<Item = Record>) -> Result<Vec<(String, Value)>> {
    let mut rows: Vec<Record> = rows.into_iter().collect();
    rows.sort_by(|a, b| a.interval().cmp(b.interval()));
    if rows.is_empty() {
        return Err(Error::new(ErrorKind::Empty, "there is no value to write"));
    }
    let mut sequences = 0;
    for (place, row) in rows.iter().enumerate() {
        lengths.check(row.interval())?;
        let before = place.checked_sub(1).map(|before| rows[before].interval());
        match before.filter(|before| before.chromosome() == row.interval().chromosome()) {
            None => sequences += 1,
            Some(before) if before.end() > row.interval().start() => {
                let message = format!("{before} and {} overlap: a base has one value", row.interval());
                return Err(Error::new(ErrorKind::Record, message));
            }
            Some(_) => {}
        }
        if !(row.value() as f32).is_finite() {
            let message =
                format!("value {} of {} is too large for a 32-bit float", row.value(), row.interval());
            return Err(Error::new(ErrorKind::Record, message));
        }
    }
    if sequences > MOST_SEQUENCES {
        let message = format!("values on {sequences} sequences, and bigWig is written for {MOST_SEQUENCES}");
        return Err(Error::new(ErrorKind::Bounds, message));
    }
    // Within a length of 32 bits, which the caller checks.
    let value = |row: &Record| Value {
        start: row.interval().start() as u32,
        end: row.interval().end() as u32,
        value: row.value() as f32,
    };
    Ok(rows.iter().map(|row| (row.interval().chromosome().to_owned(), value(row))).collect())
}
