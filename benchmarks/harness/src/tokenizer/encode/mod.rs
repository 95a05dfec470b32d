//! `dlm tokenizer encode`.

mod jsonl;
mod npy;
mod parquet;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dlm_genome::fasta::Record;
use dlm_sdk::{Result, Sequence, TokenRow, Tokenizer, TokenizerExt as _};
use serde::Serialize;

use super::{
    names::{ratio, shown, thousands},
    sequences,
};
use crate::context::Context;

/// Bases that are tokenized together: enough for all threads, and little beside a chromosome.
const ROUND: usize = 1 << 23;

/// The arguments of `dlm tokenizer encode`.
#[derive(Args, Debug)]
pub struct EncodeArgs {
    /// A path to tokenizer.json, or kmer:6, kmer:6:overlap, char
    #[arg(long, value_name = "SPEC")]
    tokenizer: String,
    /// FASTA files to tokenize (plain, gzip or bgzip)
    #[arg(long, required = true, num_args = 1.., value_name = "FASTA")]
    fasta: Vec<PathBuf>,
    /// The form of the output
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Format,
    /// Where the tokens go
    #[arg(long, value_name = "OUT")]
    output: PathBuf,
}

/// The form of encoded tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// A line a record: {"name": .., "ids": [..], "spans": [[start, end], ..]}
    Jsonl,
    /// A structured array for NumPy: record, id, start, end of each token
    Npy,
    /// A row a record: name, ids, starts, ends
    Parquet,
}

/// Writes the tokens of one record after the other.
trait Encoding {
    fn write(&mut self, name: &str, row: TokenRow<'_>) -> Result<()>;

    /// Puts the file in its place.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// What encoding answers.
#[derive(Default, Serialize)]
struct Answer {
    output: String,
    tokenizer: String,
    records: u64,
    bases: u64,
    tokens: u64,
    bases_per_token: f64,
}

pub(super) fn run(args: &EncodeArgs, context: &Context) -> Result<()> {
    let tokenizer = context.registry().tokenizer(&args.tokenizer)?;
    let mut encoding: Box<dyn Encoding> = match args.format {
        Format::Jsonl => Box::new(jsonl::Jsonl::create(&args.output)?),
        Format::Npy => Box::new(npy::Npy::create(&args.output)?),
        Format::Parquet => Box::new(parquet::Parquet::create(&args.output)?),
    };
    let mut answer =
        Answer { output: shown(&args.output), tokenizer: tokenizer.spec().name.clone(), ..Answer::default() };
    let mut waiting: Vec<Record> = Vec::new();
    let mut bases = 0;
    sequences::each(context, "tokenizing", &args.fasta, |record| {
        bases += record.bases().len();
        waiting.push(record);
        if bases >= ROUND {
            bases = 0;
            write(&*tokenizer, &std::mem::take(&mut waiting), &mut *encoding, &mut answer, context)?;
        }
        Ok(())
    })?;
    write(&*tokenizer, &waiting, &mut *encoding, &mut answer, context)?;
    encoding.finish()?;
    answer.bases_per_token = ratio(answer.bases, answer.tokens);
    context.print(&answer, || {
        format!(
            "{}: {} tokens of {} bases in {} records, {:.3} bases a token\n",
            answer.output,
            thousands(answer.tokens),
            thousands(answer.bases),
            thousands(answer.records),
            answer.bases_per_token
        )
    })
}

fn write(
    tokenizer: &dyn Tokenizer,
    records: &[Record],
    encoding: &mut dyn Encoding,
    answer: &mut Answer,
    context: &Context,
) -> Result<()> {
    let sequences: Vec<Sequence<'_>> = records.iter().map(|record| Sequence::new(record.bases())).collect();
    let batch = tokenizer.batch(&sequences)?;
    for (record, row) in records.iter().zip(batch.rows()) {
        context.check()?;
        encoding
            .write(record.name(), row)
            .map_err(|error| error.within(format!("record {}", record.name())))?;
        answer.records += 1;
        answer.bases += record.bases().len() as u64;
        answer.tokens += row.ids.len() as u64;
    }
    Ok(())
}
