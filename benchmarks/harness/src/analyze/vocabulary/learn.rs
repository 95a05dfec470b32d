//! The vocabularies: snapshots of one run of byte-pair encoding, and fixed k-mers.

use std::path::Path;

use dlm_genome::{acgt_runs, output};
use dlm_sdk::{Error, Locus, Result, Sequence, TokenBatch};
use serde::{Deserialize, Serialize};

use crate::{
    analyze::Subject,
    data::digest::digests,
    files::file_error,
    quickstart::{path_text, spelled},
    tokenizer::{self, each_record},
};

/// Bases of a sequence that tell how long the tokens of a vocabulary are.
const SAMPLE: usize = 1 << 20;

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

/// Returns the vocabulary of the shortest tokens, in which windows are counted: what fills a model's window in these tokens
/// fits it in those of all others, so that every model sees the same bases whole.
///
/// # Errors
///
/// The genome cannot be read, or a vocabulary is missing.
pub(super) fn reference<'v>(subject: &Subject<'_>, vocabularies: &'v [Vocabulary]) -> Result<&'v Vocabulary> {
    let registry = subject.context().registry();
    let tokenizers =
        vocabularies.iter().map(|it| registry.tokenizer(&it.spec)).collect::<Result<Vec<_>>>()?;
    let mut counts = vec![0; vocabularies.len()];
    let genome = [subject.genome()?.to_owned()];
    each_record(subject.context(), "comparing vocabularies", &genome, |record| {
        let mut left = SAMPLE;
        for run in acgt_runs(record.bases()) {
            let bases = &record.bases()[run];
            let bases = &bases[..bases.len().min(left)];
            left -= bases.len();
            for (count, tokenizer) in counts.iter_mut().zip(&tokenizers) {
                let mut batch = TokenBatch::default();
                tokenizer.tokenize(&[Sequence::new(bases)], &mut batch)?;
                *count += batch.rows().map(|row| row.ids.len()).sum::<usize>();
            }
            if left == 0 {
                break;
            }
        }
        Ok(())
    })?;
    let longest = (0..counts.len()).min_by_key(|&place| std::cmp::Reverse(counts[place]));
    longest.map(|place| &vocabularies[place]).ok_or_else(|| Error::internal("no vocabulary is there"))
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
        let merges = cycles.last().copied().unwrap_or(0);
        let learned = tokenizer::learn(context, genome, held_out, merges, cycles.clone())?;
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
