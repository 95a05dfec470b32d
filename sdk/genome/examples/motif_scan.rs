//! Scans the sequences of a FASTA file for a motif, on both strands, and writes the hits as BED.
//!
//! usage: `motif_scan MOTIF.pfm|MOTIF.meme GENOME.fa [P_VALUE] > hits.bed`
//!
//! Column 5 is the score in bits, column 7 the p-value. How long the scan took goes to the standard error.
#![expect(clippy::print_stderr, reason = "an example talks to a person")]

use std::{env, error::Error, io::Write, path::Path, time::Instant};

use dlm_genome::{
    Genome,
    motif::{Background, Scanner, Scores, jaspar, meme},
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [motif, genome, rest @ ..] = arguments.as_slice() else {
        return Err("usage: motif_scan MOTIF GENOME [P_VALUE]".into());
    };
    let is_meme = Path::new(motif).extension().is_some_and(|end| end.eq_ignore_ascii_case("meme"));
    let motif = if is_meme { meme::open(motif)?.motifs.remove(0) } else { jaspar::open(motif)?.remove(0) };
    let p_value = rest.first().map_or(Ok(1e-4), |text| text.parse())?;
    let genome = Genome::open(genome)?;
    let began = Instant::now();
    let scores = Scores::new(&motif, &Background::nrdb().over_both_strands(), 0.1)?;
    let scanner = Scanner::new(&scores, p_value)?;
    let hits: Vec<_> = genome.records().iter().map(|record| (record, scanner.scan(record.bases()))).collect();
    let seconds = began.elapsed().as_secs_f64();
    let count: usize = hits.iter().map(|(_, hits)| hits.len()).sum();
    eprintln!("{count} hits in {} bases, {seconds:.3} s", genome.total_bases());
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (record, hits) in hits {
        for hit in hits {
            let (start, end) = (hit.start, hit.start + motif.width());
            let (name, id, strand) = (record.name(), motif.id(), hit.strand.symbol());
            writeln!(out, "{name}\t{start}\t{end}\t{id}\t{:.4}\t{strand}\t{:.3e}", hit.score, hit.p_value)?;
        }
    }
    Ok(out.flush()?)
}
