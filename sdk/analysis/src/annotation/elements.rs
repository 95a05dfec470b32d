//! The parts of genes.

use dlm_genome::{Interval, IntervalSet, gff::Feature};
use dlm_sdk::{Error, Result, Strand};

/// How far a promoter reaches around where a transcript begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Promoter {
    /// Bases before the first transcribed one.
    pub upstream: u64,
    /// Bases from the first transcribed one on; at least one.
    pub downstream: u64,
}

impl Default for Promoter {
    /// Returns 1,000 bases before and 100 from the start on.
    fn default() -> Self {
        Self { upstream: 1_000, downstream: 100 }
    }
}

const TRANSCRIPTS: [&str; 5] = ["transcript", "mRNA", "lnc_RNA", "ncRNA", "primary_transcript"];
const UTRS: [&str; 7] =
    ["UTR", "five_prime_UTR", "three_prime_UTR", "five_prime_utr", "three_prime_utr", "5UTR", "3UTR"];

/// Returns genes with their strand; transcripts, if the file has no genes.
pub(super) fn bodies(features: &[Feature]) -> impl Iterator<Item = Interval> {
    let has = |kinds: &[&str]| features.iter().any(|feature| kinds.contains(&feature.kind()));
    let kinds: &[&str] = if has(&["gene"]) { &["gene"] } else { &TRANSCRIPTS };
    features
        .iter()
        .filter(move |feature| kinds.contains(&feature.kind()))
        .map(|feature| feature.interval().clone())
}

/// Returns the parts of all genes, none overlapping another.
pub(super) fn elements(features: &[Feature], promoter: Promoter) -> Result<Vec<(Interval, String)>> {
    let of = |kinds: &[&str]| -> IntervalSet {
        features.iter().filter(|feature| kinds.contains(&feature.kind())).map(Feature::interval).collect()
    };
    let has_transcripts = features.iter().any(|feature| TRANSCRIPTS.contains(&feature.kind()));
    let starts: &[&str] = if has_transcripts { &TRANSCRIPTS } else { &["gene"] };
    let promoters = features
        .iter()
        .filter(|feature| starts.contains(&feature.kind()))
        .map(|feature| around(feature.interval(), promoter))
        .collect::<Result<Vec<_>>>()?;
    let promoters: IntervalSet = promoters.iter().collect();
    let utrs = of(&UTRS).subtract(&promoters);
    let taken = promoters.union(&utrs);
    let exons = of(&["exon"]).subtract(&taken);
    let taken = taken.union(&exons);
    let introns = of(&["gene"]).union(&of(&TRANSCRIPTS)).subtract(&taken);
    let parts = [("promoter", promoters), ("UTR", utrs), ("exon", exons), ("intron", introns)];
    Ok(parts
        .iter()
        .flat_map(|(name, set)| set.intervals().map(|interval| (interval, (*name).to_owned())))
        .collect())
}

/// Returns the bases around the start of a transcript, which is its end on the reverse strand.
fn around(transcript: &Interval, promoter: Promoter) -> Result<Interval> {
    if promoter.downstream == 0 {
        return Err(Error::invalid("a promoter holds at least the first transcribed base"));
    }
    let (start, end) = if transcript.strand() == Some(Strand::Reverse) {
        let first = transcript.end();
        (first.saturating_sub(promoter.downstream), first + promoter.upstream)
    } else {
        let first = transcript.start();
        (first.saturating_sub(promoter.upstream), first + promoter.downstream)
    };
    Ok(Interval::new(transcript.shared_chromosome(), start, end)?)
}
