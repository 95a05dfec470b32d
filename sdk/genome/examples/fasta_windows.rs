//! Lists the windows without N of a FASTA file, plain, gzip or bgzip, as BED.
//!
//! ```text
//! cargo run --release -p dlm-genome --example fasta_windows -- chr21.fa.gz 510
//! ```

use std::{
    error::Error,
    io::{self, BufWriter, Write},
};

use dlm_genome::{Windows, fasta::Reader};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let path = arguments.next().ok_or("usage: fasta_windows FASTA [WIDTH]")?;
    let width = match arguments.next() {
        Some(width) => width.to_str().ok_or("the width is no number")?.parse()?,
        None => 510,
    };
    let windows = Windows::tiled(width)?;
    let mut output = BufWriter::new(io::stdout().lock());
    for record in Reader::open(path)?.records() {
        let record = record?;
        for window in windows.known_grid(record.bases()) {
            writeln!(output, "{}\t{}\t{}", record.name(), window.start, window.end)?;
        }
    }
    Ok(output.flush()?)
}
