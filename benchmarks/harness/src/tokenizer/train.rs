//! `dlm tokenizer train`.

use std::{
    ffi::OsString,
    fmt::Write as _,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use clap::Args;
use dlm_genome::{
    IntervalSet, Lengths, bed,
    fasta::Record,
    output::{self, Output},
};
use dlm_plugin_bpe::{End, Ties, Trained, Trainer};
use dlm_sdk::{Error, Result, Tokenizer as _};
use serde::Serialize;
use std::io::Write as _;

use super::{
    names::{shown, thousands},
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
    let mut records = Vec::new();
    sequences::each(context, "reading", &args.fasta, |record| {
        records.push(record);
        Ok(())
    })?;
    let excluded = excluded(args, &records, context)?;
    let (pieces, left_out) = pieces(&records, &excluded);
    let bases = pieces.iter().map(|piece| known(piece)).sum();
    let trained = train(args, &pieces, context)?;
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
        bases,
        excluded_bases: left_out,
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

fn train(args: &TrainArgs, pieces: &[&[u8]], context: &Context) -> Result<Trained> {
    let progress = context.progress("learning merges", Some(args.merges as u64));
    let trainer = Trainer {
        merges: args.merges,
        ties: args.ties,
        snapshots: args.snapshots.clone(),
        threads: Some(rayon::current_num_threads()),
    };
    trainer.train(pieces, &mut |now| {
        progress.set(now.merges as u64);
        if context.cancellation().signal().is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
}

fn excluded(args: &TrainArgs, records: &[Record], context: &Context) -> Result<IntervalSet> {
    let Some(path) = &args.exclude else { return Ok(IntervalSet::default()) };
    let lengths: Lengths =
        records.iter().map(|record| (record.name(), record.bases().len() as u64)).collect();
    let mut table = bed::Reader::open(path)?.within(lengths);
    let mut intervals = Vec::new();
    for row in &mut table {
        intervals.push(row?.interval().clone());
    }
    if table.skipped() > 0 {
        context.note(format!(
            "{}: {} rows lie on sequences that are not learned from",
            path.display(),
            table.skipped()
        ));
    }
    Ok(intervals.iter().collect())
}

/// Returns what lies between the excluded stretches, and how many known bases they hold.
fn pieces<'r>(records: &'r [Record], excluded: &IntervalSet) -> (Vec<&'r [u8]>, u64) {
    let mut pieces = Vec::new();
    let mut left_out = 0;
    for record in records {
        let mut start = 0;
        for stretch in excluded.stretches(record.name()) {
            let (from, to) = (stretch.start as usize, stretch.end as usize);
            pieces.push(&record.bases()[start..from]);
            left_out += known(&record.bases()[from..to]);
            start = to;
        }
        pieces.push(&record.bases()[start..]);
    }
    pieces.retain(|piece| !piece.is_empty());
    (pieces, left_out)
}

fn known(bases: &[u8]) -> u64 {
    bases.iter().filter(|&&base| dlm_sdk::dna::code(base).is_some()).count() as u64
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
