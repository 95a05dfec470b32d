//! Writes the 6-mer ids of a file of bases, or measures how fast they are made.
//!
//! usage: `kmer_ids FILE ids OUT` writes them as 32-bit little-endian numbers; `kmer_ids FILE time RUNS` prints, a line a
//! run, the megabases a second of ids into memory that is used again, of ids into fresh memory, and, through the trait
//! and with spans, of the whole sequence and of windows of 2,000 bases.

use std::{env, fs, hint::black_box, io::Write as _, time::Instant};

use dlm_plugin_kmer::FixedKmers;
use dlm_sdk::prelude::*;

/// Counts tokens and keeps nothing, so that the tokenizer alone is measured.
struct Count(usize);

impl TokenSink for Count {
    fn emit(&mut self, ids: &[TokenId], spans: &[Span]) -> ControlFlow<()> {
        self.0 += black_box(ids).len() + black_box(spans).len();
        ControlFlow::Continue(())
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().collect();
    let [_, input, what, argument] = arguments.as_slice() else {
        return Err("usage: kmer_ids FILE ids OUT | kmer_ids FILE time RUNS".into());
    };
    let bases = fs::read(input)?;
    let bases = bases.trim_ascii_end();
    let tokenizer = FixedKmers::new(6)?;
    let mut ids = Vec::new();
    if what == "ids" {
        tokenizer.ids(bases, &mut ids);
        let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        fs::write(argument, bytes)?;
        return Ok(());
    }
    let windows: Vec<Sequence<'_>> = bases.chunks(2000).map(Sequence::new).collect();
    let mut output = std::io::stdout().lock();
    for _ in 0..argument.parse()? {
        let reused = seconds(|| {
            ids.clear();
            tokenizer.ids(black_box(bases), &mut ids);
            Ok(())
        })?;
        let fresh = seconds(|| {
            let mut ids = Vec::new();
            tokenizer.ids(black_box(bases), &mut ids);
            black_box(ids);
            Ok(())
        })?;
        let whole = seconds(|| tokenizer.tokenize(&[Sequence::new(black_box(bases))], &mut Count(0)))?;
        let cut = seconds(|| tokenizer.tokenize(black_box(&windows), &mut Count(0)))?;
        let [a, b, c, d] = [reused, fresh, whole, cut].map(|seconds| bases.len() as f64 / 1e6 / seconds);
        writeln!(output, "{a:.1} {b:.1} {c:.1} {d:.1}")?;
    }
    Ok(())
}

fn seconds(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}
