//! The vocabulary of the quickstart: byte-pair encoding learned from what no task holds out.

use std::{fs, path::Path};

use dlm_genome::output;
use dlm_sdk::{Error, Locus, Result};
use serde::{Deserialize, Serialize};

use super::models::spelled;
use crate::{context::Context, data::digest::digests, files::file_error, tokenizer};

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
    let learned = tokenizer::learn(context, fasta, held_out, merges, Vec::new())?;
    output::write(path.with_extension("held-out.bed"), crate::task::bed(held_out)).map_err(file_error)?;
    output::write(path, learned.bpe()?.to_json()).map_err(file_error)?;
    recipe.vocabulary = digests(path, &check)?.sha256;
    let text = serde_json::to_vec_pretty(&recipe)
        .map_err(|error| Error::internal("the recipe is no JSON").with_source(error))?;
    output::write(&recipe_path, text).map_err(file_error)
}
