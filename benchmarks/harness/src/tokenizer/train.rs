//! `dlm tokenizer train`.

use std::{
    ffi::OsString,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use clap::Args;
use dlm_genome::output::{self, Output};
use dlm_plugin_bpe::{End, Ties, Trained, Trainer};
use dlm_sdk::{Error, Result, Tokenizer as _};
use serde::Serialize;
use std::io::Write as _;

use super::{
    learn::watch,
    names::{shown, thousands},
    pieces::Pieces,
    sequences,
};
use crate::{context::Context, files::write_error};

/// The arguments of `dlm tokenizer train`.
#[derive(Args, Debug)]
pub struct TrainArgs {
    /// FASTA files to learn from (plain, gzip or bgzip)
    #[arg(long, required = true, num_args = 1.., value_name = "FASTA")]
    fasta: Vec<PathBuf>,
    /// How many merges to learn; 600 gives GROVER's vocabulary
    #[arg(long, value_name = "N", default_value_t = 600)]
    merges: usize,
    /// Which of two equally frequent pairs is merged first: subword-nmt or huggingface
    #[arg(long, default_value = "subword-nmt", value_name = "RULE")]
    ties: Ties,
    /// Also write the vocabularies after these numbers of merges, as tokenizer-N.json beside the output
    #[arg(long, value_delimiter = ',', value_name = "N,N,..")]
    snapshots: Vec<usize>,
    /// BED file of stretches to leave out, such as the blocks of validation and test
    #[arg(long, value_name = "BED")]
    exclude: Option<PathBuf>,
    /// Where the vocabulary goes
    #[arg(long, value_name = "JSON")]
    output: PathBuf,
}

/// What training answers.
#[derive(Serialize)]
struct Answer {
    output: String,
    name: String,
    fingerprint: String,
    vocab_size: u32,
    merges: usize,
    asked: usize,
    ties: &'static str,
    bases: u64,
    excluded_bases: u64,
    first_merges: Vec<String>,
    snapshots: Vec<Snapshot>,
}

#[derive(Serialize)]
struct Snapshot {
    merges: usize,
    output: String,
}

pub(super) fn run(args: &TrainArgs, context: &Context) -> Result<()> {
    check(args)?;
    // A folder that cannot be written to is noticed now, not after the work.
    let mut output = Output::create(&args.output)?;
    let mut pieces = Pieces::new(args.exclude.as_deref(), context)?;
    let trained = train(args, &mut pieces, context)?;
    if trained.end() == End::Exhausted {
        context.warn(format!(
            "no pair of tokens occurs twice after {} of {} merges",
            trained.merges().len(),
            args.merges
        ));
    }
    let mut snapshots = Vec::new();
    for (cycles, bpe) in trained.snapshots() {
        let path = snapshot_path(&args.output, cycles);
        output::write(&path, bpe?.to_json())?;
        snapshots.push(Snapshot { merges: cycles, output: shown(&path) });
    }
    let bpe = trained.bpe()?;
    output.write_all(bpe.to_json().as_bytes()).map_err(|error| write_error(&args.output, error))?;
    output.commit()?;
    let spec = bpe.spec();
    let answer = Answer {
        output: shown(&args.output),
        name: spec.name.clone(),
        fingerprint: spec.fingerprint.clone(),
        vocab_size: spec.vocab_size,
        merges: trained.merges().len(),
        asked: args.merges,
        ties: args.ties.name(),
        bases: pieces.bases,
        excluded_bases: pieces.left_out,
        first_merges: trained.merges().iter().take(10).map(ToString::to_string).collect(),
        snapshots,
    };
    context.print(&answer, || text(&answer))
}

fn text(answer: &Answer) -> String {
    let mut text = format!(
        "{}: {} merges from {} bases, {} ids, ties by {}\n",
        answer.output,
        thousands(answer.merges as u64),
        thousands(answer.bases),
        thousands(u64::from(answer.vocab_size)),
        answer.ties
    );
    if answer.excluded_bases > 0 {
        let _ = writeln!(text, "left out: {} bases", thousands(answer.excluded_bases));
    }
    let _ = writeln!(text, "first merges: {}", answer.first_merges.join(", "));
    for snapshot in &answer.snapshots {
        let _ = writeln!(text, "{}: {} merges", snapshot.output, thousands(snapshot.merges as u64));
    }
    text
}

fn check(args: &TrainArgs) -> Result<()> {
    if let Some(cycles) = args.snapshots.iter().find(|&&cycles| cycles > args.merges) {
        return Err(Error::invalid(format!("--snapshots {cycles}: only {} merges are learned", args.merges))
            .with_hint("raise --merges to the largest snapshot"));
    }
    if args.snapshots.contains(&0) {
        return Err(Error::invalid("--snapshots 0: a vocabulary without merges is the tokenizer char"));
    }
    Ok(())
}

fn train(args: &TrainArgs, pieces: &mut Pieces<'_>, context: &Context) -> Result<Trained> {
    let reading = sequences::progress(context, "reading", &args.fasta);
    let records = sequences::records(context, &args.fasta, &reading);
    let trainer = Trainer {
        merges: args.merges,
        ties: args.ties,
        snapshots: args.snapshots.clone(),
        threads: Some(rayon::current_num_threads()),
    };
    trainer.train_from(pieces.all(records), &mut watch(context, args.merges))
}

/// Returns `tokenizer-100.json` for `tokenizer.json`.
fn snapshot_path(output: &Path, merges: usize) -> PathBuf {
    let mut name = output.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{merges}"));
    if let Some(extension) = output.extension() {
        name.push(OsString::from("."));
        name.push(extension);
    }
    output.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_lie_beside_the_output() {
        assert_eq!(snapshot_path(Path::new("a/tokenizer.json"), 100), Path::new("a/tokenizer-100.json"));
        assert_eq!(snapshot_path(Path::new("bpe"), 5), Path::new("bpe-5"));
    }
}
