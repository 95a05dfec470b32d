//! The command line: parsing, running, exit codes.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | a cell or a check failed |
//! | 2 | wrong input or usage, or an environment that cannot do it |
//! | 130, 143 | interrupted, terminated |

mod exit;
mod signals;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use dlm_sdk::{Error, Result};

use crate::{
    analyze::AnalyzeArgs,
    compare::CompareArgs,
    context::{Cancellation, Context, Flags, Outcome},
    data::DataCommand,
    doctor::DoctorArgs,
    embed::EmbedArgs,
    finetune::FinetuneArgs,
    model::ModelCommand,
    parity::ParityArgs,
    predict::PredictArgs,
    pretrain::PretrainArgs,
    quickstart::QuickstartArgs,
    report::ReportArgs,
    runtime::RuntimeCommand,
    task::TaskCommand,
    tokenizer::TokenizerCommand,
    word2vec::Word2vecArgs,
};

/// Compares DNA language models with what token frequencies alone reach.
#[derive(Debug, Parser)]
#[command(
    name = "dlm",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 done; 1 a cell or check failed; 2 wrong input, usage or environment; 130 interrupted; \
                  143 terminated."
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of every command")]
struct Global {
    /// Print one JSON document to standard output, and nothing else there
    #[arg(long, global = true)]
    json: bool,
    /// Show neither progress nor notes
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Use at most this many threads [default: one a processor]; results do not depend on it
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
    /// FASTA file (plain, gzip or bgzip) of the genome that tasks and commands read
    #[arg(long, global = true, value_name = "FASTA")]
    genome: Option<PathBuf>,
    /// Folder of released benchmarks: DIR/gue/.., DIR/nt/..
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// The commands. One that a later version adds goes here and into `run`.
#[derive(Debug, Subcommand)]
enum Command {
    /// Look at what a model learned: data, plots and one offline report
    Analyze(Box<AnalyzeArgs>),
    /// Plan and run benchmarks: models and baselines, times tasks, times seeds
    #[command(subcommand)]
    Bench(Box<crate::bench::Command>),
    /// Compare two methods item by item on every task that both have finished
    Compare(CompareArgs),
    /// Find, fetch and verify data packs
    #[command(subcommand)]
    Data(DataCommand),
    /// Say what was found on this machine, and what to do about what was not
    Doctor(DoctorArgs),
    /// Turn sequences into vectors by a model
    Embed(EmbedArgs),
    /// Fine-tune a model on a task and keep it
    Finetune(FinetuneArgs),
    /// List, show, import and export models
    #[command(subcommand)]
    Model(ModelCommand),
    /// Set published numbers beside what results hold of them
    Parity(ParityArgs),
    /// Write, check, find, trust and install plugins
    #[command(subcommand)]
    Plugin(crate::plugin::PluginCommand),
    /// Answer sequences by a fine-tuned model
    Predict(PredictArgs),
    /// Pretrain a model on a genome by masked-language modelling
    Pretrain(PretrainArgs),
    /// Run the main job on embedded defaults: fetch, train, compare, report
    Quickstart(QuickstartArgs),
    /// Write one offline HTML file from the results of a run
    Report(ReportArgs),
    /// Install the ONNX Runtime library that runs models
    #[command(subcommand)]
    Runtime(RuntimeCommand),
    /// List, show and make tasks
    #[command(subcommand)]
    Task(TaskCommand),
    /// Train tokenizers and tokenize sequences and genomes
    #[command(subcommand)]
    Tokenizer(TokenizerCommand),
    /// Learn one vector a token from a genome
    Word2vec(Word2vecArgs),
}

impl Command {
    fn run(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Analyze(arguments) => arguments.run(context),
            Self::Bench(command) => command.run(context),
            Self::Compare(arguments) => arguments.run(context),
            Self::Data(command) => command.run(context),
            Self::Doctor(arguments) => arguments.run(context),
            Self::Embed(arguments) => arguments.run(context),
            Self::Finetune(arguments) => arguments.run(context),
            Self::Model(command) => command.run(context),
            Self::Parity(arguments) => arguments.run(context),
            Self::Predict(arguments) => arguments.run(context),
            Self::Plugin(command) => command.run(context),
            Self::Pretrain(arguments) => arguments.run(context),
            Self::Quickstart(arguments) => arguments.run(context),
            Self::Report(arguments) => arguments.run(context),
            Self::Runtime(command) => command.run(context),
            Self::Task(command) => command.run(context),
            Self::Tokenizer(command) => command.run(context),
            Self::Word2vec(arguments) => arguments.run(context),
        }
    }
}

/// Runs the program and ends the process with its exit code.
pub fn main() -> ! {
    let cli = Cli::parse();
    let json = cli.global.json;
    let cancellation = Cancellation::default();
    let work = {
        let cancellation = cancellation.clone();
        move || run(cli, cancellation)
    };
    let code = exit::report(signals::supervise(&cancellation, work), &cancellation, json);
    signals::leave(code)
}

fn run(cli: Cli, cancellation: Cancellation) -> Result<Outcome> {
    let Cli { global, command } = cli;
    if global.threads == Some(0) {
        return Err(Error::invalid("--threads 0: at least one is needed"));
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(global.threads.unwrap_or(0))
        .build_global()
        .map_err(|error| Error::internal("the threads cannot be started").with_source(error))?;
    let flags = Flags { json: global.json, quiet: global.quiet, genome: global.genome, data: global.data };
    command.run(&Context::new(flags, cancellation)?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
