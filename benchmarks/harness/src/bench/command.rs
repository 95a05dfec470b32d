//! `dlm bench`: plan, run, status, strata.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use dlm_sdk::{Error, Result};
use serde::Serialize;

use super::{
    DigestCache, Plan, Selection,
    estimate::{Estimate, estimate},
    run::run,
    status::StatusArgs,
    strata::StrataArgs,
    table::table,
};
use crate::{
    context::{Context, Outcome},
    results::{CellResult, PlannedCell, Status, Store},
};

/// Plans and runs benchmarks: models and baselines, times tasks, times seeds.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show cells, which of them are done, and what the others will take; start nothing
    Plan(PlanArgs),
    /// Run the cells that are not done; an interrupted run goes on where it stopped
    Run(RunArgs),
    /// Show how far a run has come
    Status(StatusArgs),
    /// Show the scores of a run by chromosome, GC content, distance from training items, and repeats
    Strata(StrataArgs),
}

/// Arguments of `bench plan`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dlm bench plan --config bench.toml\n  \
                        dlm bench plan --tasks next-kmer:6 --baselines majority,ngram:12 --genome chr21.fa.gz")]
pub struct PlanArgs {
    #[command(flatten)]
    selection: Selection,
}

/// Arguments of `bench run`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dlm bench run --config bench.toml --output-path results\n  \
                        dlm bench run --tasks next-kmer:6,split=grouped --baselines majority,markov:3,ngram:12 \
                        --baselines tfidf:kmer:6 --trees 100,250 --genome chr21.fa.gz --output-path results\n  \
                        dlm bench run --config bench.toml --limit 200 --output-path try --json")]
pub struct RunArgs {
    #[command(flatten)]
    selection: Selection,
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Wrong input, an environment that cannot do it, or a request to stop.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Plan(arguments) => plan_command(arguments.selection, context),
            Self::Run(arguments) => run_command(arguments.selection, context),
            Self::Status(arguments) => arguments.run(context),
            Self::Strata(arguments) => arguments.run(context),
        }
    }
}

fn run_command(selection: Selection, context: &Context) -> Result<Outcome> {
    let (settings, context) = selection.settle(context)?;
    let Some(output) = settings.output.clone() else {
        return Err(Error::invalid("no folder for results is given").with_hint("name one by --output-path"));
    };
    let mut digests = DigestCache::open(Some(&output));
    let plan = Plan::new(settings, &context, &mut digests)?;
    let store = Store::create(output)?;
    let document = run(&plan, &store, &context, &digests)?;
    context.print(&document, || table(&document))?;
    let ours = |cell: &&CellResult| plan.cells.iter().any(|planned| planned.key == cell.key);
    // A model that is not here was asked for and has no score.
    let failed = document
        .cells
        .iter()
        .filter(ours)
        .any(|cell| matches!(cell.status, Status::Failed | Status::Missing));
    Ok(Outcome::of(!failed))
}

#[derive(Serialize)]
struct PlannedRow {
    #[serde(flatten)]
    cell: PlannedCell,
    cached: bool,
    /// Why the model is not on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<Estimate>,
}

#[derive(Serialize)]
struct PlanDocument {
    cells: Vec<PlannedRow>,
    cached: usize,
    to_run: usize,
    /// Cells whose model is not on this machine.
    missing: usize,
    /// Seconds of all cells that are to be run.
    seconds: f64,
    /// Bytes of the largest of them.
    memory: u64,
    /// Bytes of all of them.
    disk: u64,
}

fn plan_command(selection: Selection, context: &Context) -> Result<Outcome> {
    let (settings, context) = selection.settle(context)?;
    let store = settings.output.as_ref().filter(|folder| folder.is_dir()).map(Store::at);
    let mut digests = DigestCache::open(store.as_ref().map(Store::folder));
    let plan = Plan::new(settings, &context, &mut digests)?;
    let known = match &store {
        Some(store) => store.finished_cells()?,
        None => Vec::new(),
    };
    let mut document = PlanDocument {
        cells: Vec::new(),
        cached: 0,
        to_run: 0,
        missing: 0,
        seconds: 0.0,
        memory: 0,
        disk: 0,
    };
    for cell in &plan.cells {
        let cached = known.iter().any(|known| known.key == cell.key && known.status == Status::Done);
        let missing = plan.methods[cell.method].missing.clone();
        let run = !cached && missing.is_none();
        let estimate = run.then(|| estimate(&plan, cell, &known));
        if let Some(estimate) = &estimate {
            document.seconds += estimate.seconds;
            document.memory = document.memory.max(estimate.memory);
            document.disk += estimate.disk;
        }
        document.cached += usize::from(cached);
        document.to_run += usize::from(run);
        document.missing += usize::from(missing.is_some());
        document.cells.push(PlannedRow { cell: plan.planned(cell), cached, missing, estimate });
    }
    context.print(&document, || text(&document))?;
    Ok(Outcome::Done)
}

fn text(document: &PlanDocument) -> String {
    let mut text = String::new();
    for row in &document.cells {
        let cell = &row.cell;
        let what = match (&row.missing, &row.estimate) {
            (Some(reason), _) => format!("missing: {reason}"),
            (None, Some(estimate)) => format!("about {:.1} s by {}", estimate.seconds, estimate.from),
            (None, None) => "done".to_owned(),
        };
        let _ = writeln!(
            text,
            "{} ({}) {} [{}] seed {}: {what}",
            cell.task,
            cell.split,
            cell.model,
            cell.mode.name(),
            cell.seed
        );
    }
    let _ = writeln!(
        text,
        "{} cells, {} done, {} missing, {} to run: about {:.0} s, {} MiB of memory, {} MiB on disk",
        document.cells.len(),
        document.cached,
        document.missing,
        document.to_run,
        document.seconds,
        document.memory >> 20,
        document.disk.div_ceil(1 << 20)
    );
    text
}
