//! Audits windows drawn from a chromosome and prints what it took: `measure_audit FASTA.gz [SEQUENCES] [BASES]`.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::{env, error::Error, fs, io::Read as _, time::Instant};

use dlm_audit::{Options, audit};
use dlm_sdk::{ExampleSet, SplitKind, Target, TaskSpec, random::Stream};
use flate2::read::MultiGzDecoder;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let path = arguments.next().ok_or("name a gzipped FASTA file")?;
    let sequences: usize = arguments.next().map_or(Ok(289_000), |text| text.parse())?;
    let length: usize = arguments.next().map_or(Ok(300), |text| text.parse())?;
    let mut text = String::new();
    MultiGzDecoder::new(fs::File::open(path)?).read_to_string(&mut text)?;
    let bases: Vec<u8> = text
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with('>'))
        .collect::<String>()
        .to_ascii_uppercase()
        .into();
    drop(text);
    let mut sets = [1; 3].map(ExampleSet::new);
    let mut stream = Stream::new(0, "windows");
    let mut drawn = 0;
    while drawn < sequences {
        let start = stream.below(bases.len() - length);
        let window = &bases[start..start + length];
        if window.contains(&b'N') {
            continue;
        }
        let split = [0, 0, 0, 0, 0, 0, 0, 0, 1, 2][drawn % 10];
        let class = f32::from(u8::from(stream.below(2) == 1));
        sets[split].add(drawn as u64, window, &[class], drawn as u64)?;
        drawn += 1;
    }
    let views = [0, 1, 2].map(|split: usize| sets[split].view());
    let splits = [views[0].examples(), views[1].examples(), views[2].examples()];
    let spec = TaskSpec::new("windows", Target::Binary, SplitKind::Given);
    let clock = Instant::now();
    let report = audit(&spec, &splits, &Options::default(), &|| Ok(()))?;
    let seconds = clock.elapsed().as_secs_f64();
    for check in &report.checks {
        println!("{}  {}  {}", check.status.name(), check.id, check.reason);
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM unknown");
    println!("{sequences} sequences of {length} bases: {seconds:.1} s, {peak}");
    Ok(())
}
