//! Finds the sites of the motif.

use std::path::Path;

use dlm_genome::{
    fasta::Record,
    motif::{Background, Hit, Motif, Scanner, Scores, Stored, jaspar, meme},
};
use dlm_sdk::{Error, Result};

use crate::Cut;

/// FIMO's threshold when nobody sets one.
const P_VALUE: f64 = 1e-4;
/// FIMO's store when nobody sets one.
const STORED: usize = 100_000;
/// The cut that a full store comes to on the human genome.
const EQUIVALENT: f64 = 7e-6;
/// From how many bases on a genome counts as whole.
const WHOLE: u64 = 1_000_000_000;
const PSEUDOCOUNT: f64 = 0.1;

/// Reads the one motif of a file.
pub(crate) fn motif(path: &Path) -> Result<Motif> {
    let is_meme = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("meme"));
    let mut motifs = if is_meme { meme::open(path)?.motifs } else { jaspar::open(path)? };
    match motifs.len() {
        1 => Ok(motifs.remove(0)),
        count => Err(Error::invalid(format!("{}: holds {count} motifs, not one", path.display()))
            .with_hint("keep the matrix MA0139.1 alone in the file")),
    }
}

/// Sites of each sequence, by start, and how they were chosen.
pub(crate) struct Found {
    pub(crate) sites: Vec<Vec<Hit>>,
    pub(crate) how: String,
}

/// Scans sequences on both strands.
pub(crate) fn find(motif: &Motif, records: &[&Record], cut: Cut) -> Result<Found> {
    let total: u64 = records.iter().map(|record| record.bases().len() as u64).sum();
    let cut = match cut {
        Cut::Auto if total < WHOLE => Cut::PValue(EQUIVALENT),
        Cut::Auto => std::num::NonZeroUsize::new(STORED).map_or(Cut::PValue(EQUIVALENT), Cut::Stored),
        cut => cut,
    };
    let scores = Scores::new(motif, &Background::nrdb().over_both_strands(), PSEUDOCOUNT)?;
    let scan = |p_value| {
        let scanner = Scanner::new(&scores, p_value)?;
        Ok::<_, Error>(records.iter().map(|record| scanner.scan(record.bases())).collect::<Vec<_>>())
    };
    match cut {
        Cut::PValue(p_value) => Ok(Found { sites: scan(p_value)?, how: format!("p at most {p_value:e}") }),
        Cut::Auto => Err(Error::internal("the cut was left open")),
        Cut::Stored(room) => {
            let mut stored = Stored::new(room);
            let hits = scan(P_VALUE)?;
            // What is stored knows its sequence by the place in which it arrived.
            let mut ends = Vec::new();
            let mut count = 0;
            for hits in &hits {
                for hit in hits {
                    stored.add(Hit { start: count, ..*hit });
                    count += 1;
                }
                ends.push(count);
            }
            let all: Vec<Hit> = hits.into_iter().flatten().collect();
            let how = format!(
                "p at most {P_VALUE:e}, of these what a store of {room} keeps: p at most {:.2e}",
                stored.p_value()
            );
            let mut sites = vec![Vec::new(); records.len()];
            for hit in stored.into_hits() {
                let record = ends.partition_point(|&end| end <= hit.start);
                sites[record].push(all[hit.start]);
            }
            Ok(Found { sites, how })
        }
    }
}
