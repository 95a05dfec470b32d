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

/// What a feature of a gene annotation is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Gene,
    Transcript,
    Exon,
    Utr,
}

/// A gene, a transcript, an exon or an untranslated region: what is needed of a feature, so that whole annotations fit into
/// memory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GenePart {
    interval: Interval,
    kind: Kind,
}

impl GenePart {
    /// Takes what is needed of a feature; `None` of one of another kind.
    pub fn of(feature: &Feature) -> Option<Self> {
        let kind = match feature.kind() {
            "gene" => Kind::Gene,
            "exon" => Kind::Exon,
            kind if TRANSCRIPTS.contains(&kind) => Kind::Transcript,
            kind if UTRS.contains(&kind) => Kind::Utr,
            _ => return None,
        };
        Some(Self { interval: feature.interval().clone(), kind })
    }

    /// Returns where it lies.
    pub fn interval(&self) -> &Interval {
        &self.interval
    }
}

/// Returns genes with their strand; transcripts, if the file has no genes.
pub(super) fn bodies(parts: &[GenePart]) -> impl Iterator<Item = Interval> {
    let kind = if parts.iter().any(|part| part.kind == Kind::Gene) { Kind::Gene } else { Kind::Transcript };
    parts.iter().filter(move |part| part.kind == kind).map(|part| part.interval.clone())
}

/// Returns the parts of all genes, none overlapping another.
pub(super) fn elements(parts: &[GenePart], promoter: Promoter) -> Result<Vec<(Interval, String)>> {
    let of = |kind: Kind| -> IntervalSet {
        parts.iter().filter(|part| part.kind == kind).map(GenePart::interval).collect()
    };
    let starts =
        if parts.iter().any(|part| part.kind == Kind::Transcript) { Kind::Transcript } else { Kind::Gene };
    let promoters = parts
        .iter()
        .filter(|part| part.kind == starts)
        .map(|part| around(&part.interval, promoter))
        .collect::<Result<Vec<_>>>()?;
    let promoters: IntervalSet = promoters.iter().collect();
    let utrs = of(Kind::Utr).subtract(&promoters);
    let taken = promoters.union(&utrs);
    let exons = of(Kind::Exon).subtract(&taken);
    let taken = taken.union(&exons);
    let introns = of(Kind::Gene).union(&of(Kind::Transcript)).subtract(&taken);
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
