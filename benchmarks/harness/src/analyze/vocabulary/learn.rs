//! The vocabularies: snapshots of one run of byte-pair encoding, and fixed k-mers.

use std::{ops::ControlFlow, path::Path};

use dlm_genome::{Genome, output};
use dlm_plugin_bpe::{Ties, Trainer};
use dlm_sdk::{Error, Locus, Result};
use serde::{Deserialize, Serialize};

use crate::{
    analyze::Subject,
    data::digest::digests,
    files::file_error,
    quickstart::{outside, path_text, spelled},
};

/// Windows are counted in tokens of the snapshot that is nearest to this many cycles: the paper's choice.
const REFERENCE: usize = 600;

/// A vocabulary.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Vocabulary {
    /// Its name in tables: `bpe-600`, `kmer-6`.
    pub(super) name: String,
    /// Its tokenizer's spec.
    pub(super) spec: String,
    /// After how many cycles it was taken; `None` of fixed k-mers.
    pub(super) cycles: Option<usize>,
    /// How many tokens it is set at on the axis of cycles: its cycles, or the number of its k-mers.
    pub(super) size: usize,
}

/// Everything that decides the snapshots, kept beside them.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Recipe {
    version: String,
    genome: String,
    cycles: Vec<usize>,
    held_out: Vec<String>,
}

/// Returns the snapshot in whose tokens windows are counted.
pub(super) fn reference(vocabularies: &[Vocabulary]) -> Option<&Vocabulary> {
    vocabularies.iter().filter(|it| it.cycles.is_some()).min_by_key(|it| it.size.abs_diff(REFERENCE))
}

/// Learns the vocabularies from what no task holds out, unless they are there.
///
/// # Errors
///
/// The genome cannot be read, gives fewer merges than are asked for, or a file cannot be written.
pub(super) fn vocabularies(
    subject: &Subject<'_>,
    genome: &Path,
    held_out: &[Locus],
) -> Result<Vec<Vocabulary>> {
    let context = subject.context();
    let mut cycles = subject.options().cycles.clone();
    cycles.sort_unstable();
    let folder = subject.folder().join("vocabularies");
    std::fs::create_dir_all(&folder).map_err(|error| crate::files::write_error(&folder, error))?;
    let path = |cycles: usize| folder.join(format!("bpe-{cycles}.json"));
    let recipe = Recipe {
        version: env!("CARGO_PKG_VERSION").into(),
        genome: digests(genome, &|| context.check())?.sha256,
        cycles: cycles.clone(),
        held_out: held_out.iter().map(spelled).collect(),
    };
    let recipe_path = folder.join("recipe.json");
    let known =
        std::fs::read(&recipe_path).ok().and_then(|text| serde_json::from_slice::<Recipe>(&text).ok());
    if known.as_ref() != Some(&recipe) || !cycles.iter().all(|&cycles| path(cycles).is_file()) {
        let genome = Genome::open(genome).map_err(file_error)?;
        let pieces: Vec<&[u8]> = genome
            .records()
            .iter()
            .flat_map(|record| outside(record.name(), record.bases(), held_out))
            .collect();
        let merges = cycles.last().copied().unwrap_or(0);
        let progress = context.progress("learning vocabularies", Some(merges as u64));
        let trainer = Trainer {
            merges,
            ties: Ties::SubwordNmt,
            snapshots: cycles.clone(),
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
        context.check()?;
        for &wanted in &cycles {
            let snapshot = learned.snapshots().find(|(merges, _)| *merges == wanted);
            let (_, bpe) = snapshot.ok_or_else(|| {
                Error::invalid(format!("the genome gives fewer than {wanted} merges"))
                    .with_hint("ask for fewer --cycles, or name a longer genome")
            })?;
            output::write(path(wanted), bpe?.to_json()).map_err(file_error)?;
        }
        let text = serde_json::to_vec_pretty(&recipe)
            .map_err(|error| Error::internal("a recipe is no JSON").with_source(error))?;
        output::write(&recipe_path, text).map_err(file_error)?;
    }
    let mut vocabularies = Vec::new();
    for cycles in cycles {
        vocabularies.push(Vocabulary {
            name: format!("bpe-{cycles}"),
            spec: path_text(&path(cycles))?,
            cycles: Some(cycles),
            size: cycles,
        });
    }
    vocabularies.extend(subject.options().kmers.iter().map(|&k| Vocabulary {
        name: format!("kmer-{k}"),
        spec: format!("kmer:{k}"),
        cycles: None,
        size: 1 << (2 * k),
    }));
    Ok(vocabularies)
}
