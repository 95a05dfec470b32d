//! Learns merges from a FASTA file and prints them: `train GENOME.fa MERGES THREADS [subword-nmt|huggingface]`.

use std::{env, error::Error, fs, io::Write as _, ops::ControlFlow, time::Instant};

use dlm_plugin_bpe::Trainer;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let path = arguments.next().ok_or("usage: train GENOME.fa MERGES THREADS [TIES]")?;
    let merges = arguments.next().map_or(Ok(600), |text| text.parse())?;
    let threads = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let ties = arguments.next().map_or(Ok(dlm_plugin_bpe::Ties::default()), |text| text.parse())?;
    let mut bases = fs::read(path)?;
    let mut header = false;
    bases.retain(|&byte| {
        header = byte == b'>' || header && byte != b'\n';
        !header && byte != b'\n'
    });
    let start = Instant::now();
    let trainer = Trainer { merges, ties, threads: Some(threads), ..Trainer::default() };
    let trained = trainer.train(&[&bases], &mut |_| ControlFlow::Continue(()))?;
    let seconds = start.elapsed().as_secs_f64();
    let mut output = std::io::stdout().lock();
    for merge in trained.merges() {
        writeln!(output, "{merge}")?;
    }
    writeln!(std::io::stderr(), "{} merges in {seconds:.3} s", trained.merges().len())?;
    Ok(())
}
