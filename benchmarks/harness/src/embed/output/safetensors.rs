//! The safetensors form: the length of a JSON header, the header, then the tensors one after the other.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use dlm_genome::output::Output;
use dlm_sdk::Result;
use ndarray::ArrayView1;
use serde_json::{Map, Value, json};

use super::{Place, Sink, number, spool::Spool};
use crate::files::write_error;

/// Tensors begin at a multiple of this.
const ALIGNMENT: usize = 8;

pub(super) struct Safetensors {
    path: PathBuf,
    output: Output,
    vectors: Spool,
    /// Of tokens: record, start and end.
    places: Option<[Spool; 3]>,
    width: usize,
    n: u64,
    facts: Map<String, Value>,
}

impl Safetensors {
    pub(super) fn create(path: &Path, width: usize, tokens: bool, facts: &[(&str, &str)]) -> Result<Self> {
        let output = Output::create(path)?;
        let places = if tokens {
            Some([Spool::beside(path)?, Spool::beside(path)?, Spool::beside(path)?])
        } else {
            None
        };
        let facts = facts.iter().map(|&(name, value)| (name.to_owned(), json!(value))).collect();
        Ok(Self { path: path.to_owned(), output, vectors: Spool::beside(path)?, places, width, n: 0, facts })
    }

    fn header(&self) -> Vec<u8> {
        let floats = self.n * self.width as u64 * 4;
        let mut tensors = Map::new();
        tensors.insert("__metadata__".to_owned(), Value::Object(self.facts.clone()));
        tensors.insert(
            "embeddings".to_owned(),
            json!({"dtype": "F32", "shape": [self.n, self.width], "data_offsets": [0, floats]}),
        );
        if self.places.is_some() {
            for (place, name) in (0..).zip(["record", "start", "end"]) {
                let start = floats + place * self.n * 4;
                tensors.insert(
                    name.to_owned(),
                    json!({"dtype": "U32", "shape": [self.n], "data_offsets": [start, start + self.n * 4]}),
                );
            }
        }
        let mut text = Value::Object(tensors).to_string().into_bytes();
        text.resize(text.len().next_multiple_of(ALIGNMENT), b' ');
        let mut header = (text.len() as u64).to_le_bytes().to_vec();
        header.extend(text);
        header
    }
}

impl Sink for Safetensors {
    fn write(&mut self, place: &Place<'_>, vector: ArrayView1<'_, f32>) -> Result<()> {
        let record = number(place.record)?;
        let mut add = || -> io::Result<()> {
            if let (Some(places), Some(span)) = (&mut self.places, place.span) {
                for (spool, value) in places.iter_mut().zip([record, span.start, span.end]) {
                    spool.add(&value.to_le_bytes())?;
                }
            }
            self.vectors.add_floats(vector)
        };
        add().map_err(|error| write_error(&self.path, error))?;
        self.n += 1;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let header = self.header();
        let Self { path, mut output, vectors, places, .. } = *self;
        let pour = || -> io::Result<()> {
            output.write_all(&header)?;
            vectors.pour(&mut output)?;
            places.into_iter().flatten().try_for_each(|spool| spool.pour(&mut output))
        };
        pour().map_err(|error| write_error(&path, error))?;
        Ok(output.commit()?)
    }
}
