//! `dlm tokenizer report`.

mod cloud;
mod page;
mod plots;
mod summary;
mod survey;
mod tables;

use std::path::PathBuf;

use clap::Args;
use dlm_sdk::{Error, Result};

pub(crate) use self::{plots::plots, tables::tables};
pub use self::{
    summary::{CompositionRow, Dictionary, FrequencyRow, GenomeSize, LengthRow, Report, Survival, TokenRow},
    survey::Survey,
};
use super::sequences;
use crate::{context::Context, files::Folder};

/// The arguments of `dlm tokenizer report`.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// A path to tokenizer.json, or kmer:6, kmer:6:overlap, char
    #[arg(long, value_name = "SPEC")]
    tokenizer: String,
    /// FASTA files of the genome (plain, gzip or bgzip)
    #[arg(long, required = true, num_args = 1.., value_name = "FASTA")]
    fasta: Vec<PathBuf>,
    /// The folder for report.json, report.html, tables and plots
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
}

pub(super) fn run(args: &ReportArgs, context: &Context) -> Result<()> {
    let tokenizer = context.registry().tokenizer(&args.tokenizer)?;
    let mut folder = Folder::make(&args.output)?;
    let mut survey = Survey::new(&*tokenizer);
    sequences::each(context, "counting", &args.fasta, |record| survey.add(record.bases()))?;
    let report = survey.report()?;
    context.check()?;
    let plots = plots(&report);
    let json = serde_json::to_vec_pretty(&report)
        .map_err(|error| Error::internal("the report is no JSON").with_source(error))?;
    for (name, table) in tables(&report)? {
        folder.write(name, table)?;
    }
    for plot in &plots {
        folder.write(plot.file, &plot.svg)?;
    }
    folder.write("report.json", json)?;
    folder.write("report.html", page::page(&report, &plots))?;
    folder.keep();
    context.print(&report, || {
        let numbers = page::numbers(&report);
        let lines = numbers.iter().map(|(what, value)| format!("{what:<45} {value:>16}\n"));
        lines.chain([format!("{}\n", args.output.join("report.html").display())]).collect()
    })
}
