//! Learns merges from a FASTA file and prints them:
//! `train GENOME.fa MERGES THREADS [subword-nmt|huggingface] [COPIES] [TOKENIZER.json]`.
//!
//! With more than one copy, each after the first has a tenth of its bases replaced at random: a genome as large as wanted,
//! made piece by piece while it is read. The times of training alone, and the most memory in use, go to the standard error.

use std::{env, error::Error, fs, io::Write as _, ops::ControlFlow, time::Instant};

use dlm_plugin_bpe::{Ties, Trainer};
use dlm_sdk::random::Stream;
use rustix::time::{ClockId, clock_gettime};

/// Wall-clock seconds, and those of all threads on a processor.
struct Clock(Instant, f64);

impl Clock {
    fn start() -> Self {
        Self(Instant::now(), processor())
    }

    fn seconds(&self) -> [f64; 2] {
        [self.0.elapsed().as_secs_f64(), processor() - self.1]
    }
}

fn processor() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Keeps the bases of a FASTA file, in place.
fn bases(mut text: Vec<u8>) -> Vec<u8> {
    let (mut length, mut start) = (0, 0);
    while start < text.len() {
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at);
        if text[start] != b'>' {
            text.copy_within(start..end, length);
            length += end - start;
        }
        start = end + 1;
    }
    text.truncate(length);
    text
}

/// Replaces about a tenth of the bases.
fn mutated(bases: &[u8], copy: u64) -> Vec<u8> {
    let mut stream = Stream::nth(1, "copies", copy);
    let mut mutated = bases.to_vec();
    for four in mutated.chunks_mut(4) {
        let random = stream.next_u64();
        for (index, base) in four.iter_mut().enumerate() {
            let random = random >> (16 * index) & 0xffff;
            if random.is_multiple_of(10) && *base != b'N' {
                *base = b"ACGT"[(random / 10 % 4) as usize];
            }
        }
    }
    mutated
}

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: train GENOME.fa MERGES THREADS [TIES] [COPIES] [TOKENIZER.json]";
    let mut arguments = env::args().skip(1);
    let path = arguments.next().ok_or(usage)?;
    let merges = arguments.next().ok_or(usage)?.parse()?;
    let threads = arguments.next().ok_or(usage)?.parse()?;
    let ties = arguments.next().map_or(Ok(Ties::default()), |text| text.parse())?;
    let copies: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let output = arguments.next();

    let mut genome = bases(fs::read(path)?);
    let length = genome.len() as u64 * copies;
    let mut making = [0.0; 2];
    let sequences = (0..copies).map(|copy| {
        let clock = Clock::start();
        let last = copy + 1 == copies;
        let sequence = match (copy, last) {
            (0, true) => std::mem::take(&mut genome),
            (0, false) => genome.clone(),
            _ => mutated(&genome, copy),
        };
        let seconds = clock.seconds();
        making = [making[0] + seconds[0], making[1] + seconds[1]];
        Ok(sequence)
    });
    let clock = Clock::start();
    let trainer = Trainer { merges, ties, threads: Some(threads), ..Trainer::default() };
    let learned = trainer.train_from(sequences, &mut |_| ControlFlow::Continue(()))?;
    let [wall, processor] = clock.seconds();

    let mut merges = std::io::stdout().lock();
    for merge in learned.merges() {
        writeln!(merges, "{merge}")?;
    }
    if let Some(output) = output {
        learned.bpe()?.save(output)?;
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim();
    writeln!(
        std::io::stderr().lock(),
        "{} merges of {length} bases, N included: {:.3} s, {:.3} s on processors, at most {peak}",
        learned.merges().len(),
        wall - making[0],
        processor - making[1],
    )?;
    Ok(())
}
