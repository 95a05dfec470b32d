//! NumPy's file form: a header that says how many rows follow, then the rows.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use dlm_genome::output::Output;
use dlm_sdk::Result;
use ndarray::ArrayView1;

use super::{Place, Sink, number, spool::Spool};
use crate::files::write_error;

/// NumPy aligns what follows the header.
const ALIGNMENT: usize = 64;

pub(super) struct Npy {
    path: PathBuf,
    output: Output,
    spool: Spool,
    width: usize,
    tokens: bool,
    vectors: u64,
}

impl Npy {
    pub(super) fn create(path: &Path, width: usize, tokens: bool) -> Result<Self> {
        let output = Output::create(path)?;
        let spool = Spool::beside(path)?;
        Ok(Self { path: path.to_owned(), output, spool, width, tokens, vectors: 0 })
    }
}

impl Sink for Npy {
    fn write(&mut self, place: &Place<'_>, vector: ArrayView1<'_, f32>) -> Result<()> {
        let record = number(place.record)?;
        let add = |spool: &mut Spool| -> io::Result<()> {
            if let Some(span) = place.span {
                for value in [record, span.start, span.end] {
                    spool.add(&value.to_le_bytes())?;
                }
            }
            spool.add_floats(vector)
        };
        self.vectors += 1;
        add(&mut self.spool).map_err(|error| write_error(&self.path, error))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { path, mut output, spool, width, tokens, vectors } = *self;
        let header = header(vectors, width, tokens);
        output
            .write_all(&header)
            .and_then(|()| spool.pour(&mut output))
            .map_err(|error| write_error(&path, error))?;
        Ok(output.commit()?)
    }
}

fn header(vectors: u64, width: usize, tokens: bool) -> Vec<u8> {
    let (kind, shape) = if tokens {
        let fields = "('record', '<u4'), ('start', '<u4'), ('end', '<u4')";
        (format!("[{fields}, ('state', '<f4', ({width},))]"), format!("({vectors},)"))
    } else {
        ("'<f4'".to_owned(), format!("({vectors}, {width})"))
    };
    let mut text = format!("{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}");
    let before = 10;
    let whole = (before + text.len() + 1).next_multiple_of(ALIGNMENT);
    text.extend(std::iter::repeat_n(' ', whole - before - text.len() - 1));
    text.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((text.len() as u16).to_le_bytes());
    header.extend(text.bytes());
    header
}
