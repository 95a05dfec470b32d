//! Promoter windows and their tokens.

use dlm_genome::{Interval, Strand, Tss};
use dlm_sdk::{Coverage, Error, Result, Sequence, Tokenizer, TokenizerExt as _, dna};

use crate::Tokens;

/// Bases before the start.
pub(crate) const UPSTREAM: u64 = 249;
/// Bases from the start on, itself included.
pub(crate) const DOWNSTREAM: u64 = 51;
/// Bases around a window with which it is cut into tokens. Byte-pair encoding finds back to the same cuts within some
/// tens of bases.
const CONTEXT: u64 = 2_000;

/// Returns the window of a start that lies on a chromosome, `None` off it.
pub(crate) fn around(site: &Tss, length: u64) -> Option<Interval> {
    site.window(UPSTREAM, DOWNSTREAM).filter(|window| window.end() <= length)
}

/// Returns bases as they are shown to models: forward, or in reading direction.
pub(crate) fn shown(bases: &[u8], strand: Option<Strand>, reading: bool) -> Vec<u8> {
    match strand {
        Some(Strand::Reverse) if reading => dna::reverse_complement(bases),
        _ => bases.to_vec(),
    }
}

/// A window's sequence and the ends of its tokens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Cut {
    pub(crate) bases: Vec<u8>,
    pub(crate) ends: Vec<u32>,
}

impl Cut {
    /// Returns the tokens as texts.
    pub(crate) fn tokens(&self) -> Vec<&[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bases[start as usize..end as usize]).collect()
    }

    /// Joins tokens.
    pub(crate) fn of(tokens: &[&[u8]]) -> Self {
        let mut end = 0;
        let ends = tokens.iter().map(|token| {
            end += token.len() as u32;
            end
        });
        Self { ends: ends.collect(), bases: tokens.concat() }
    }
}

/// Checks that tokens tile the sequence.
pub(crate) fn check(tokenizer: &dyn Tokenizer) -> Result<()> {
    match tokenizer.spec().coverage {
        Coverage::Partition => Ok(()),
        _ => Err(Error::unsupported(format!("tokens of {} do not lie side by side", tokenizer.spec().name))
            .with_hint("tokens are shuffled; take a byte-pair tokenizer or shuffle=kmer:6")),
    }
}

/// Cuts a window, or the tokens of the genome that lie whole within it; the cut is in the direction that is shown.
pub(crate) fn cut(
    chromosome: &[u8],
    window: &Interval,
    reading: bool,
    tokens: Tokens,
    tokenizer: &dyn Tokenizer,
) -> Result<Cut> {
    let around = match tokens {
        Tokens::Genome => CONTEXT,
        Tokens::Window => 0,
    };
    let start = window.start().saturating_sub(around);
    let end = (window.end() + around).min(chromosome.len() as u64);
    let context = shown(&chromosome[start as usize..end as usize], window.strand(), reading);
    let turned = reading && window.strand() == Some(Strand::Reverse);
    let offset = (if turned { end - window.end() } else { window.start() - start }) as u32;
    let batch = tokenizer.batch(&[Sequence::new(&context)])?;
    let inside = offset..offset + window.len() as u32;
    let within: Vec<&[u8]> = batch
        .row(0)
        .spans
        .iter()
        .filter(|span| inside.start <= span.start && span.end <= inside.end)
        .map(|span| &context[span.start as usize..span.end as usize])
        .collect();
    Ok(Cut::of(&within))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_join_to_what_they_were_cut_from() {
        let cut = Cut { bases: b"ACGTT".to_vec(), ends: vec![1, 4, 5] };
        assert_eq!(cut.tokens(), [&b"A"[..], b"CGT", b"T"]);
        assert_eq!(Cut::of(&cut.tokens()), cut);
    }

    #[test]
    fn windows_have_three_hundred_bases_and_the_start_at_249() {
        let site = |position, strand| Tss::new("c", position, strand, None);
        let forward = around(&site(1_000, Strand::Forward), 2_000).unwrap();
        assert_eq!((forward.start(), forward.end()), (751, 1_051));
        let reverse = around(&site(1_000, Strand::Reverse), 2_000).unwrap();
        assert_eq!((reverse.start(), reverse.end()), (950, 1_250));
        assert_eq!(around(&site(1_000, Strand::Forward), 1_050), None);
        assert_eq!(around(&site(248, Strand::Forward), 2_000), None);
        assert_eq!(shown(b"ACC", Some(Strand::Reverse), true), b"GGT");
        assert_eq!(shown(b"ACC", Some(Strand::Reverse), false), b"ACC");
    }
}
