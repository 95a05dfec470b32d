//! `dlm tokenizer`: training, encoding and describing tokenizers.
//!
//! All four commands read FASTA files record by record, so that memory is that of one chromosome; training alone holds
//! all bases at once. Their files appear whole or not at all.

mod encode;
mod genome;
mod learn;
mod names;
mod pieces;
mod report;
mod sequences;
mod train;

use clap::Subcommand;
use dlm_sdk::Result;

pub use self::{
    encode::{EncodeArgs, Format},
    genome::GenomeArgs,
    report::{
        CompositionRow, Dictionary, FrequencyRow, GenomeSize, LengthRow, Report, ReportArgs, Survey,
        Survival, TokenRow,
    },
    train::TrainArgs,
};
pub(crate) use self::{
    learn::{held_out, learn},
    names::{shown, thousands},
    report::{plots as report_plots, tables as report_tables},
    sequences::{Counted, each as each_record},
};
use crate::context::{Context, Outcome};

/// Trains tokenizers and tokenizes sequences and genomes.
#[derive(Debug, Subcommand)]
pub enum TokenizerCommand {
    /// Learn a byte-pair vocabulary from FASTA files
    Train(TrainArgs),
    /// Tokenize the records of FASTA files, without special tokens
    Encode(EncodeArgs),
    /// Tokenize a genome into a store that is looked up by coordinate
    Genome(GenomeArgs),
    /// Describe a vocabulary and how it cuts a genome: numbers, tables, plots
    Report(ReportArgs),
}

impl TokenizerCommand {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Wrong input, a file that cannot be read or written, or a request to stop.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Train(args) => train::run(&args, context)?,
            Self::Encode(args) => encode::run(&args, context)?,
            Self::Genome(args) => genome::run(&args, context)?,
            Self::Report(args) => report::run(&args, context)?,
        }
        Ok(Outcome::Done)
    }
}
