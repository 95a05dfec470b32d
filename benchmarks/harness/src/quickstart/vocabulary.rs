//! The vocabulary of the quickstart: byte-pair encoding learned from what no task holds out.

use std::{fs, ops::ControlFlow, path::Path};

use dlm_genome::{Genome, output};
use dlm_plugin_bpe::{Ties, Trainer};
use dlm_sdk::{Error, Locus, Result};
use serde::{Deserialize, Serialize};

use super::models::spelled;
use crate::{context::Context, data::digest::digests, files::file_error};

/// Everything that decides a vocabulary, kept beside it.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Recipe {
    version: String,
    genome: String,
    merges: usize,
    held_out: Vec<String>,
    vocabulary: String,
}

/// Learns a vocabulary from a genome without the stretches that the tasks hold out, unless the file is already that.
pub(super) fn learn(
    context: &Context,
    fasta: &Path,
    held_out: &[Locus],
    merges: usize,
    path: &Path,
) -> Result<()> {
    let check = || context.check();
    let genome_digest = digests(fasta, &check)?.sha256;
    let mut recipe = Recipe {
        version: env!("CARGO_PKG_VERSION").into(),
        genome: genome_digest,
        merges,
        held_out: held_out.iter().map(spelled).collect(),
        vocabulary: String::new(),
    };
    let recipe_path = path.with_extension("recipe.json");
    if path.is_file() {
        recipe.vocabulary = digests(path, &check)?.sha256;
        let known = fs::read(&recipe_path).ok().and_then(|text| serde_json::from_slice::<Recipe>(&text).ok());
        if known.as_ref() == Some(&recipe) {
            return Ok(());
        }
    }
    let genome = Genome::open(fasta).map_err(file_error)?;
    context.check()?;
    let pieces: Vec<&[u8]> =
        genome.records().iter().flat_map(|record| outside(record.name(), record.bases(), held_out)).collect();
    if pieces.is_empty() {
        return Err(Error::invalid(format!("{}: nothing is left to learn from", fasta.display()))
            .with_hint("validation and test hold the whole genome; use a longer one"));
    }
    let progress = context.progress("learning the vocabulary", Some(merges as u64));
    let trainer = Trainer {
        merges,
        ties: Ties::SubwordNmt,
        snapshots: Vec::new(),
        threads: Some(rayon::current_num_threads()),
    };
    let learned = trainer.train(&pieces, &mut |now| {
        progress.set(now.merges as u64);
        if context.cancellation().signal().is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    output::write(path.with_extension("held-out.bed"), crate::task::bed(held_out)).map_err(file_error)?;
    output::write(path, learned.bpe()?.to_json()).map_err(file_error)?;
    recipe.vocabulary = digests(path, &check)?.sha256;
    let text = serde_json::to_vec_pretty(&recipe)
        .map_err(|error| Error::internal("the recipe is no JSON").with_source(error))?;
    output::write(&recipe_path, text).map_err(file_error)
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
pub(crate) fn outside<'b>(name: &str, bases: &'b [u8], held_out: &[Locus]) -> Vec<&'b [u8]> {
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
