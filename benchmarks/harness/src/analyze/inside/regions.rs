//! Where a model is looked into: intervals of a BED file, or a few drawn from what is held out.

use dlm_genome::{Interval, IntervalSet};
use dlm_sdk::{Error, Result, Sequence, Span, Strand, TokenBatch, TokenId, Tokenizer, dna, random::Stream};
use dlm_train::data::HoldOut;

use crate::{analyze::Subject, rows::RowArgs, tokenizer::each_record};

/// How many regions are drawn where none are named.
const DRAWN: usize = 3;
/// How many bases a drawn region has.
const DRAWN_BASES: usize = 300;

/// A stretch that a model is looked into.
#[derive(Clone, Debug)]
pub(super) struct Region {
    pub(super) name: String,
    pub(super) interval: Interval,
    /// Its bases in reading direction.
    pub(super) bases: Vec<u8>,
    pub(super) ids: Vec<TokenId>,
    /// The bases each token covers, in reading direction.
    pub(super) spans: Vec<Span>,
}

impl Region {
    /// Cuts a stretch into tokens.
    ///
    /// # Errors
    ///
    /// It has more tokens than the model takes, or none.
    pub(super) fn new(
        name: &str,
        interval: Interval,
        bases: Vec<u8>,
        tokenizer: &dyn Tokenizer,
        most: Option<usize>,
    ) -> Result<Self> {
        let (ids, spans) = tokens(tokenizer, &bases)?;
        if let Some(most) = most.filter(|most| ids.len() > *most) {
            return Err(Error::invalid(format!(
                "region {name}: has {} tokens, and the model takes {most}",
                ids.len()
            ))
            .with_hint("name shorter regions"));
        }
        if ids.is_empty() {
            return Err(Error::invalid(format!("region {name}: has no tokens")));
        }
        Ok(Self { name: name.to_owned(), interval, bases, ids, spans })
    }

    /// Returns the place in the genome of a base in reading direction.
    pub(super) fn place(&self, base: usize) -> u64 {
        match self.interval.strand() {
            Some(Strand::Reverse) => self.interval.end() - 1 - base as u64,
            _ => self.interval.start() + base as u64,
        }
    }

    /// Gives each base the value of the tokens that cover it: shared out among a token's bases, so that the sum stays, or
    /// whole, where several tokens cover a base their mean.
    pub(super) fn per_base(&self, values: &[f64], shared: bool) -> Vec<f64> {
        let mut bases = vec![0.0; self.bases.len()];
        let mut covered = vec![0_u32; self.bases.len()];
        for (span, value) in self.spans.iter().zip(values) {
            let range = span.start as usize..span.end as usize;
            let part = if shared { value / range.len().max(1) as f64 } else { *value };
            for base in range {
                bases[base] += part;
                covered[base] += 1;
            }
        }
        if !shared {
            for (value, times) in bases.iter_mut().zip(covered) {
                *value /= f64::from(times.max(1));
            }
        }
        bases
    }
}

/// Cuts bases into tokens.
pub(super) fn tokens(tokenizer: &dyn Tokenizer, bases: &[u8]) -> Result<(Vec<TokenId>, Vec<Span>)> {
    let mut batch = TokenBatch::default();
    tokenizer.tokenize(&[Sequence::new(bases)], &mut batch)?;
    let row = batch.rows().next().ok_or_else(|| Error::internal("a sequence has no row of tokens"))?;
    Ok((row.ids.to_vec(), row.spans.to_vec()))
}

/// Reads or draws the regions, and says where they come from.
///
/// # Errors
///
/// A file cannot be read, a region does not lie on the genome or is too long, or nothing can be drawn.
pub(super) fn regions(
    subject: &Subject<'_>,
    tokenizer: &dyn Tokenizer,
    most: Option<usize>,
) -> Result<(Vec<Region>, String)> {
    let mut regions = Vec::new();
    if let Some(bed) = &subject.options().regions {
        let rows = RowArgs { fasta: None, bed: Some(bed.clone()) };
        let mut names: Vec<String> = Vec::new();
        rows.each(subject.context(), "reading regions", |rows| {
            for row in rows {
                if names.contains(&row.name) {
                    return Err(Error::invalid(format!(
                        "{}: two regions are called {}",
                        bed.display(),
                        row.name
                    ))
                    .with_hint("give each a name of its own in column 4"));
                }
                names.push(row.name.clone());
                let region = Region::new(&row.name, row.interval.clone(), row.bases.clone(), tokenizer, most)
                    .map_err(|error| error.within(bed.display().to_string()))?;
                regions.push(region);
            }
            Ok(())
        })?;
        return Ok((regions, format!("The regions are those of {}.", bed.display())));
    }
    let (hold_out, _) = subject.hold_out()?;
    let mut stream = Stream::new(subject.seed(), "regions to look into");
    let mut drawn: Vec<(Interval, Vec<u8>)> = Vec::new();
    let mut seen = 0;
    let fasta = [subject.genome()?.to_owned()];
    each_record(subject.context(), "drawing regions", &fasta, |record| {
        let bases = record.bases();
        for start in (0..bases.len().saturating_sub(DRAWN_BASES - 1)).step_by(DRAWN_BASES) {
            let end = start + DRAWN_BASES;
            let interval = Interval::new(record.name(), start as u64, end as u64)?;
            let known = bases[start..end].iter().all(|&base| dna::code(base).is_some());
            if !known || !held_out(&hold_out, &interval, bases.len()) {
                continue;
            }
            // A reservoir: every stretch is as likely as any other, and one pass suffices.
            seen += 1;
            let region = (interval, bases[start..end].to_vec());
            if drawn.len() < DRAWN {
                drawn.push(region);
            } else {
                let place = stream.below(seen);
                if place < DRAWN {
                    drawn[place] = region;
                }
            }
        }
        Ok(())
    })?;
    for (interval, bases) in drawn {
        let name = format!("{}:{}-{}", interval.chromosome(), interval.start() + 1, interval.end());
        regions.push(Region::new(&name, interval, bases, tokenizer, most)?);
    }
    if regions.is_empty() {
        return Err(Error::invalid(format!("no {DRAWN_BASES} known bases in a row are held out"))
            .with_hint("name regions by --regions, or what is held out by --held-out"));
    }
    let about = format!(
        "No regions were named; {} of {DRAWN_BASES} bases were drawn from what is held out.",
        regions.len()
    );
    Ok((regions, about))
}

fn held_out(hold_out: &HoldOut, interval: &Interval, length: usize) -> bool {
    match hold_out {
        HoldOut::Last(share) => interval.start() as f64 >= length as f64 * (1.0 - share),
        HoldOut::Intervals(set) => {
            let one: IntervalSet = [interval].into_iter().collect();
            one.intersect(set).total_bases() == interval.len()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(strand: Option<Strand>) -> Region {
        Region {
            name: "r".into(),
            interval: Interval::new("c", 100, 106).unwrap().with_strand(strand),
            bases: b"ACGTAC".to_vec(),
            ids: vec![5, 6],
            spans: vec![Span { start: 0, end: 4 }, Span { start: 3, end: 6 }],
        }
    }

    #[test]
    fn shares_keep_the_sum_and_whole_values_are_means() {
        let region = region(None);
        let shared = region.per_base(&[8.0, 3.0], true);
        assert_eq!(shared, [2.0, 2.0, 2.0, 3.0, 1.0, 1.0]);
        assert_eq!(shared.iter().sum::<f64>(), 11.0);
        assert_eq!(region.per_base(&[8.0, 3.0], false), [8.0, 8.0, 8.0, 5.5, 3.0, 3.0]);
    }

    #[test]
    fn the_reverse_strand_is_read_from_its_end() {
        assert_eq!([0, 5].map(|base| region(None).place(base)), [100, 105]);
        assert_eq!([0, 5].map(|base| region(Some(Strand::Reverse)).place(base)), [105, 100]);
    }
}
