//! Learns merges from a FASTA file and prints them: `train GENOME.fa MERGES THREADS [subword-nmt|huggingface] [COPIES]`.
//!
//! With more than one copy, each has a tenth of its bases replaced at random: a genome as large as wanted.
//! The time, and the most memory in use, go to the standard error.

use std::{env, error::Error, fs, io::Write as _, ops::ControlFlow, time::Instant};

use dlm_plugin_bpe::{Ties, Trainer};
use dlm_sdk::random::Stream;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let path = arguments.next().ok_or("usage: train GENOME.fa MERGES THREADS [TIES] [COPIES]")?;
    let merges = arguments.next().map_or(Ok(600), |text| text.parse())?;
    let threads = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let ties = arguments.next().map_or(Ok(Ties::default()), |text| text.parse())?;
    let copies: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let mut bases = fs::read(path)?;
    let mut header = false;
    bases.retain(|&byte| {
        header = byte == b'>' || header && byte != b'\n';
        !header && byte != b'\n'
    });
    let length = bases.len();
    bases.reserve_exact(length * (copies as usize - 1));
    for copy in 1..copies {
        let mut stream = Stream::nth(1, "copies", copy);
        for at in 0..length {
            let random = stream.next_u64();
            let replaced = random.is_multiple_of(10) && bases[at] != b'N';
            bases.push(if replaced { b"ACGT"[(random >> 32) as usize % 4] } else { bases[at] });
        }
    }
    let start = Instant::now();
    let trainer = Trainer { merges, ties, threads: Some(threads), ..Trainer::default() };
    let learned = trainer.train(&[&bases], &mut |_| ControlFlow::Continue(()))?;
    let seconds = start.elapsed().as_secs_f64();
    let mut output = std::io::stdout().lock();
    for merge in learned.merges() {
        writeln!(output, "{merge}")?;
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim();
    let mut report = std::io::stderr().lock();
    writeln!(
        report,
        "{} merges of {} bytes in {seconds:.3} s, at most {peak}",
        learned.merges().len(),
        bases.len()
    )?;
    Ok(())
}
