//! Packs a bedGraph file as bigWig.
//!
//! ```text
//! cargo run --release -p dlm-genome --example pack_signal -- timing.bedGraph chromosomes.tsv timing.bw
//! ```
//!
//! The second file holds a name and a length a row, separated by a tab.

use std::{env, error::Error, fs};

use dlm_genome::{Lengths, Result, bed_graph, big_wig};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [rows, lengths, packed] = arguments.as_slice() else {
        return Err("usage: pack_signal BEDGRAPH LENGTHS BIGWIG".into());
    };
    let mut named = Vec::new();
    for line in fs::read_to_string(lengths)?.lines() {
        let (name, length) = line.split_once('\t').ok_or("a row of lengths is a name, a tab and a number")?;
        named.push((name.to_owned(), length.trim().parse()?));
    }
    let lengths: Lengths = named.into_iter().collect();
    let rows = bed_graph::Reader::open(rows)?.within(lengths.clone()).collect::<Result<Vec<_>>>()?;
    Ok(big_wig::write(packed, &lengths, rows)?)
}
