//! A byte-pair vocabulary of a genome without what tasks hold out.

use std::{ops::ControlFlow, path::Path};

use dlm_genome::Genome;
use dlm_plugin_bpe::{Progress, Ties, Trained, Trainer};
use dlm_sdk::{Error, Locus, Result};

use crate::{context::Context, files::file_error};

/// Learns merges, and keeps the vocabularies after some of them, from a genome without the stretches that are held out.
///
/// # Errors
///
/// The genome cannot be read, everything is held out, or somebody asked to stop.
pub(crate) fn learn(
    context: &Context,
    fasta: &Path,
    held_out: &[Locus],
    merges: usize,
    snapshots: Vec<usize>,
) -> Result<Trained> {
    let genome = Genome::open(fasta).map_err(file_error)?;
    context.check()?;
    let pieces: Vec<&[u8]> =
        genome.records().iter().flat_map(|record| outside(record.name(), record.bases(), held_out)).collect();
    if pieces.is_empty() {
        return Err(Error::invalid(format!("{}: nothing is left to learn from", fasta.display()))
            .with_hint("validation and test hold the whole genome; use a longer one"));
    }
    let threads = Some(rayon::current_num_threads());
    let trainer = Trainer { merges, ties: Ties::SubwordNmt, snapshots, threads };
    let learned = trainer.train(&pieces, &mut watch(context, merges))?;
    context.check()?;
    Ok(learned)
}

/// Returns what a training tells how far it is: a bar, which opens at the first merge, and a stop where somebody asked for
/// one.
pub(super) fn watch(context: &Context, merges: usize) -> impl FnMut(Progress) -> ControlFlow<()> + Send {
    let mut bar = None;
    move |now| {
        bar.get_or_insert_with(|| context.progress("learning merges", Some(merges as u64)))
            .set(now.merges as u64);
        match context.cancellation().signal() {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    }
}

/// Returns the stretches that any of some tasks holds out, sorted and joined.
pub(crate) fn held_out(context: &Context, tasks: &[String]) -> Result<Vec<Locus>> {
    let mut held_out = Vec::new();
    for task in tasks {
        context.check()?;
        held_out.extend(context.registry().task(task)?.held_out()?);
    }
    Ok(merged(held_out))
}

/// Sorts stretches and joins those that touch, strands aside.
fn merged(mut loci: Vec<Locus>) -> Vec<Locus> {
    loci.sort();
    let mut merged: Vec<Locus> = Vec::new();
    for locus in loci {
        match merged.last_mut() {
            Some(last) if last.chromosome == locus.chromosome && locus.start <= last.end => {
                last.end = last.end.max(locus.end);
            }
            _ => merged.push(Locus { strand: None, ..locus }),
        }
    }
    merged
}

/// Returns what lies between the stretches of a chromosome.
fn outside<'b>(name: &str, bases: &'b [u8], held_out: &[Locus]) -> Vec<&'b [u8]> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    for locus in held_out.iter().filter(|locus| &*locus.chromosome == name) {
        let (from, to) = ((locus.start as usize).min(bases.len()), (locus.end as usize).min(bases.len()));
        pieces.push(&bases[start.min(from)..from]);
        start = to;
    }
    pieces.push(&bases[start..]);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locus(chromosome: &str, start: u64, end: u64) -> Locus {
        Locus { chromosome: chromosome.into(), start, end, strand: None }
    }

    #[test]
    fn touching_stretches_are_one() {
        let loci = vec![locus("b", 0, 5), locus("a", 4, 8), locus("a", 0, 4), locus("a", 10, 12)];
        assert_eq!(merged(loci), [locus("a", 0, 8), locus("a", 10, 12), locus("b", 0, 5)]);
    }

    #[test]
    fn nothing_held_out_is_learned_from() {
        let held_out = [locus("a", 0, 2), locus("a", 4, 5), locus("b", 0, 99), locus("a", 8, 99)];
        assert_eq!(outside("a", b"ACGTACGTAC", &held_out), [&b"GT"[..], b"CGT"]);
        assert_eq!(outside("b", b"ACGT", &held_out), [&b""[..]; 0]);
        assert_eq!(outside("c", b"ACGT", &held_out), [b"ACGT"]);
    }
}
