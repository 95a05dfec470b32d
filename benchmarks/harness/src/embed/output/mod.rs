//! Vectors as files.
//!
//! | ending | vectors of sequences | vectors of tokens |
//! |---|---|---|
//! | `.npy` | an array of floats, `[rows, width]` | a structured array: record, start, end, state |
//! | `.parquet` | name, chromosome, start, end, strand, embedding | the same with record, and start and end of the token |
//! | `.safetensors` | `embeddings`, `[rows, width]` | also `record`, `start` and `end` |
//!
//! Records are counted from zero in input order; start and end of a token are bases of its own sequence, in reading
//! direction.

mod npy;
mod parquet;
mod safetensors;
mod spool;

use std::path::Path;

use dlm_sdk::{Error, Result, Span};
use ndarray::ArrayView1;

use crate::rows::Row;

/// Whose vector it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'r> {
    pub(super) row: &'r Row,
    pub(super) record: u64,
    /// Of a token, its bases.
    pub(super) span: Option<Span>,
}

/// Takes vectors in order.
pub(super) trait Sink {
    fn write(&mut self, place: &Place<'_>, vector: ArrayView1<'_, f32>) -> Result<()>;

    /// Puts the file in its place.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// Begins a file in the form that its ending says.
pub(super) fn create(
    path: &Path,
    width: usize,
    tokens: bool,
    facts: &[(&str, &str)],
) -> Result<Box<dyn Sink>> {
    Ok(match path.extension().and_then(|ending| ending.to_str()) {
        Some("npy") => Box::new(npy::Npy::create(path, width, tokens)?),
        Some("parquet") => Box::new(parquet::Parquet::create(path, tokens)?),
        Some("safetensors") => Box::new(safetensors::Safetensors::create(path, width, tokens, facts)?),
        _ => {
            return Err(Error::invalid(format!("{}: the ending says no form", path.display()))
                .with_hint("known are .npy, .parquet and .safetensors"));
        }
    })
}

/// Returns a record's number as the files have it.
fn number(record: u64) -> Result<u32> {
    u32::try_from(record).map_err(|error| Error::invalid("more than 2^32 sequences").with_source(error))
}
