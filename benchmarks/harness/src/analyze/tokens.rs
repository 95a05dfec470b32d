//! What is known of each token: how frequent, how composed, and in what annotations its occurrences lie.

use dlm_analysis::annotation::{Overlap, Track};
use dlm_genome::{Interval, acgt_runs};
use dlm_sdk::{Error, Result, Sequence, Span, TokenBatch, TokenId, Tokenizer};
use rayon::prelude::*;
use serde::Serialize;

use super::{Subject, annotations::Annotations};
use crate::tokenizer::each_record;

/// Tokens whose annotations are counted together.
const ROUND: usize = 1 << 17;
/// How many such rounds are held at once.
const AT_ONCE: usize = 16;

/// A quantity of each token.
#[derive(Clone, Debug)]
pub(super) struct Quantity {
    /// What it is called.
    pub(super) name: String,
    /// Whether it is a functional annotation, from which the part that follows GC can be taken out.
    pub(super) functional: bool,
    /// A value a token; not a number where nothing is known.
    pub(super) values: Vec<f64>,
}

/// The tokens of a genome that stand for bases.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    /// Their ids, ascending.
    pub(super) ids: Vec<TokenId>,
    /// Their bases.
    pub(super) texts: Vec<String>,
    /// How often each occurs in the genome.
    pub(super) counts: Vec<u64>,
    /// Frequency, GC, AG, AC and length, then annotations.
    pub(super) quantities: Vec<Quantity>,
}

/// The sums over the occurrences of every id.
struct Sums {
    counts: Vec<u64>,
    /// By track and id.
    overlaps: Vec<Vec<Overlap>>,
    /// The sum of timing over bases that have one, and how many those are.
    timing: Vec<(f64, u64)>,
}

impl Sums {
    fn new(ids: usize, tracks: usize) -> Self {
        Self {
            counts: vec![0; ids],
            overlaps: vec![vec![Overlap::default(); ids]; tracks],
            timing: vec![(0.0, 0); ids],
        }
    }

    fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(sum, more)| *sum += more);
        for (sums, more) in self.overlaps.iter_mut().zip(&other.overlaps) {
            sums.iter_mut().zip(more).for_each(|(sum, more)| sum.add(more));
        }
        for (sum, more) in self.timing.iter_mut().zip(&other.timing) {
            *sum = (sum.0 + more.0, sum.1 + more.1);
        }
    }
}

/// Consecutive tokens of a sequence, with the timing of the bases that they cover.
struct Round<'r> {
    chromosome: &'r str,
    offset: u64,
    ids: &'r [TokenId],
    spans: &'r [Span],
    timing: Vec<(u64, u64, f64)>,
}

impl Round<'_> {
    fn count(&self, ids: usize, tracks: &[&Track]) -> Sums {
        let mut sums = Sums::new(ids, tracks.len());
        let mut stretch = 0;
        for (&id, span) in self.ids.iter().zip(self.spans) {
            let (start, end) = (self.offset + u64::from(span.start), self.offset + u64::from(span.end));
            sums.counts[id as usize] += 1;
            for (track, overlaps) in tracks.iter().zip(&mut sums.overlaps) {
                track.add(self.chromosome, start, end, &mut overlaps[id as usize]);
            }
            while self.timing.get(stretch).is_some_and(|stretch| stretch.1 <= start) {
                stretch += 1;
            }
            for &(from, to, value) in self.timing[stretch..].iter().take_while(|stretch| stretch.0 < end) {
                let bases = to.min(end) - from.max(start);
                let timing = &mut sums.timing[id as usize];
                *timing = (timing.0 + value * bases as f64, timing.1 + bases);
            }
        }
        sums
    }
}

/// Tokenizes the genome and sums up what every token's occurrences are annotated as.
///
/// # Errors
///
/// The genome cannot be read, or no token stands for bases.
pub(super) fn tokens(
    subject: &Subject<'_>,
    tokenizer: &dyn Tokenizer,
    annotations: &Annotations,
) -> Result<Tokens> {
    let ids = tokenizer.spec().vocab_size as usize;
    let tracks = annotations.tracks();
    let mut sums = Sums::new(ids, tracks.len());
    each_record(subject.context(), "annotating tokens", &[subject.genome()?.to_owned()], |record| {
        for run in acgt_runs(record.bases()) {
            let mut batch = TokenBatch::default();
            tokenizer.tokenize(&[Sequence::new(&record.bases()[run.clone()])], &mut batch)?;
            let Some(row) = batch.rows().next() else { continue };
            let pieces: Vec<_> = row.ids.chunks(ROUND).zip(row.spans.chunks(ROUND)).collect();
            for pieces in pieces.chunks(AT_ONCE) {
                let mut rounds = Vec::with_capacity(pieces.len());
                for &(ids, spans) in pieces {
                    let (offset, chromosome) = (run.start as u64, record.name());
                    let timing = timing(annotations, chromosome, offset, spans)?;
                    rounds.push(Round { chromosome, offset, ids, spans, timing });
                }
                let counted: Vec<Sums> = rounds.par_iter().map(|round| round.count(ids, &tracks)).collect();
                subject.context().check()?;
                // In order, so that sums of decimals do not depend on threads.
                for part in &counted {
                    sums.add(part);
                }
            }
        }
        Ok(())
    })?;
    let special: Vec<TokenId> = tokenizer.spec().special.ids().collect();
    let is_base = |byte: u8| matches!(byte, b'A' | b'C' | b'G' | b'T');
    let known: Vec<(TokenId, String)> = (0..ids as TokenId)
        .filter(|id| sums.counts[*id as usize] > 0 && !special.contains(id))
        .filter_map(|id| Some((id, tokenizer.token(id)?.to_owned())))
        .filter(|(_, text)| !text.is_empty() && text.bytes().all(is_base))
        .collect();
    if known.len() < 3 {
        return Err(Error::unsupported(format!("{} tokens stand for bases of this genome", known.len()))
            .with_hint("the analysis of tokens needs a tokenizer of words of A, C, G and T, and a genome with known bases"));
    }
    let (ids, texts): (Vec<TokenId>, Vec<String>) = known.into_iter().unzip();
    let counts: Vec<u64> = ids.iter().map(|&id| sums.counts[id as usize]).collect();
    let quantities = quantities(&ids, &texts, &counts, &tracks, &sums, annotations.replication.is_some());
    Ok(Tokens { ids, texts, counts, quantities })
}

/// Returns the timing of the bases that some tokens cover.
fn timing(
    annotations: &Annotations,
    chromosome: &str,
    offset: u64,
    spans: &[Span],
) -> Result<Vec<(u64, u64, f64)>> {
    let (Some(signal), Some(first), Some(last)) = (&annotations.replication, spans.first(), spans.last())
    else {
        return Ok(Vec::new());
    };
    let interval = Interval::new(chromosome, offset + u64::from(first.start), offset + u64::from(last.end))?;
    let values = signal.borrow_mut().values(&interval)?;
    Ok(values.iter().map(|row| (row.interval().start(), row.interval().end(), row.value())).collect())
}

fn quantities(
    ids: &[TokenId],
    texts: &[String],
    counts: &[u64],
    tracks: &[&Track],
    sums: &Sums,
    timing: bool,
) -> Vec<Quantity> {
    let share = |of: &'static str| {
        let share = move |text: &String| {
            text.chars().filter(|base| of.contains(*base)).count() as f64 / text.len() as f64
        };
        texts.iter().map(share).collect()
    };
    let plain = |name: &str, values| Quantity { name: name.to_owned(), functional: false, values };
    let mut quantities = vec![
        plain("frequency", counts.iter().map(|&count| count as f64).collect()),
        plain("GC", share("GC")),
        plain("AG", share("AG")),
        plain("AC", share("AC")),
        plain("length", texts.iter().map(|text| text.len() as f64).collect()),
    ];
    for (track, overlaps) in tracks.iter().zip(&sums.overlaps) {
        for (class, name) in track.classes().iter().enumerate() {
            let of = |value: &dyn Fn(&Overlap) -> f64| {
                ids.iter().map(|&id| value(&overlaps[id as usize])).collect()
            };
            let functional = |name: String, values| Quantity { name, functional: true, values };
            quantities.push(functional(name.clone(), of(&|overlap| overlap.share(class))));
            if track.name() == "genes" {
                let forward = of(&|overlap| overlap.forward(class).unwrap_or(f64::NAN));
                quantities.push(functional("genes, forward share".to_owned(), forward));
            }
        }
    }
    if timing {
        let mean = |&id: &TokenId| match sums.timing[id as usize] {
            (_, 0) => f64::NAN,
            (sum, bases) => sum / bases as f64,
        };
        let values = ids.iter().map(mean).collect();
        quantities.push(Quantity { name: REPLICATION.to_owned(), functional: true, values });
    }
    quantities
}

const REPLICATION: &str = "replication timing";

impl Tokens {
    /// Returns the values of a quantity.
    pub(super) fn quantity(&self, name: &str) -> Option<&[f64]> {
        self.quantities
            .iter()
            .find(|quantity| quantity.name == name)
            .map(|quantity| quantity.values.as_slice())
    }

    /// Writes tokens and their quantities as comma-separated values.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(super) fn write(&self, subject: &Subject<'_>) -> Result<()> {
        #[derive(Serialize)]
        struct Cell<'a> {
            token: &'a str,
            quantity: &'a str,
            value: f64,
        }
        let mut rows = Vec::new();
        for quantity in &self.quantities {
            let cells = self.texts.iter().zip(&quantity.values);
            rows.extend(cells.map(|(token, &value)| Cell { token, quantity: &quantity.name, value }));
        }
        subject.write_csv(
            "tokens.csv",
            "every token's frequency, composition, length, and share of its bases in each annotation",
            &rows,
        )
    }
}
