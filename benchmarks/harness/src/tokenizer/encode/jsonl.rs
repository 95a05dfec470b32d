//! A JSON object a line.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use dlm_genome::output::Output;
use dlm_sdk::{Result, Span, TokenRow};
use serde::{Serialize, Serializer, ser::SerializeSeq as _};

use super::Encoding;
use crate::files::write_error;

pub(super) struct Jsonl {
    path: PathBuf,
    output: Output,
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    ids: &'a [u32],
    #[serde(serialize_with = "pairs")]
    spans: &'a [Span],
}

fn pairs<S: Serializer>(spans: &[Span], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    let mut sequence = serializer.serialize_seq(Some(spans.len()))?;
    for span in spans {
        sequence.serialize_element(&(span.start, span.end))?;
    }
    sequence.end()
}

impl Jsonl {
    pub(super) fn create(path: &Path) -> Result<Self> {
        Ok(Self { path: path.to_owned(), output: Output::create(path)? })
    }
}

impl Encoding for Jsonl {
    fn write(&mut self, name: &str, row: TokenRow<'_>) -> Result<()> {
        let line = Line { name, ids: row.ids, spans: row.spans };
        serde_json::to_writer(&mut self.output, &line)
            .map_err(std::io::Error::from)
            .and_then(|()| self.output.write_all(b"\n"))
            .map_err(|error| write_error(&self.path, error))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(self.output.commit()?)
    }
}
