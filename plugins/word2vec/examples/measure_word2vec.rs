//! Learns vectors from sentences in a text file and prints how long it took, for comparison with peers.
//!
//! `measure_word2vec SENTENCES VECTORS EPOCHS SEED`; a line of the file is token ids with spaces. VECTORS takes the
//! numbers of the input matrix as they lie in memory, `[vocabulary, 768]`. Threads are set by `RAYON_NUM_THREADS`. Reading
//! and writing are not timed.

use std::{env, error::Error, fs, time::Instant};

use dlm_plugin_word2vec::{Options, train};

#[expect(clippy::print_stdout, reason = "the numbers are the program's output")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [sentences, vectors, epochs, seed] = arguments.as_slice() else {
        return Err("measure_word2vec SENTENCES VECTORS EPOCHS SEED".into());
    };
    let rows = fs::read_to_string(sentences)?
        .lines()
        .map(|line| line.split_whitespace().map(str::parse).collect())
        .collect::<Result<Vec<Vec<u32>>, _>>()?;
    let tokens: usize = rows.iter().map(Vec::len).sum();
    let vocab_size = rows.iter().flatten().max().map_or(0, |id| *id as usize + 1);
    let options =
        Options { epochs: epochs.parse()?, seed: seed.parse()?, least_count: 1, ..Options::default() };
    let started = Instant::now();
    let learned = train(&rows, vocab_size, &options, &mut |_| Ok(()))?;
    let seconds = started.elapsed().as_secs_f64();
    let bytes: Vec<u8> = learned.input().iter().flat_map(|value| value.to_le_bytes()).collect();
    fs::write(vectors, bytes)?;
    println!(
        "{{\"seconds\": {seconds:.3}, \"tokens_per_second\": {:.0}}}",
        (tokens * options.epochs) as f64 / seconds
    );
    Ok(())
}
