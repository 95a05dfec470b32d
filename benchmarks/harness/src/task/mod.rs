//! `dlm task`: listing, showing, making, building, auditing and splitting tasks.

mod audit;
mod build;
mod card;
mod init;
mod list;
mod resplit;
#[cfg(test)]
mod tests;

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use dlm_genome::output;
use dlm_sdk::{Error, Locus, Result};

pub use self::{
    audit::AuditArgs,
    build::BuildArgs,
    card::{Balance, Card, HeldOut, Lengths, Part, Spread},
    init::InitArgs,
    list::{Listed, ListedOption},
    resplit::ResplitArgs,
};
use crate::context::{Context, Outcome};

/// Lists, shows, makes, audits and splits tasks.
#[derive(Debug, Subcommand)]
pub enum TaskCommand {
    /// List the tasks that can be named, with their options
    List,
    /// Show a task's card: sizes, classes, lengths, what is known about its data, what is held out
    Show(ShowArgs),
    /// Make a task from own data, without code
    Init(InitArgs),
    /// Write a task's examples and card into a folder that can be named as a task
    Build(BuildArgs),
    /// Look for leaks between splits and for shortcuts: PASS, WARN or FAIL
    Audit(AuditArgs),
    /// Split a task anew so that what is shared stays on one side
    Resplit(ResplitArgs),
}

/// What to show.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// Task, such as gue/tf/0, promoter-tss,tss=F, or the path of a folder made by `dlm task init`
    #[arg(value_name = "TASK")]
    pub task: String,
    /// Write the stretches of validation and test there, which no tokenizer and no pretraining should see
    #[arg(long, value_name = "BED")]
    pub held_out: Option<PathBuf>,
}

impl TaskCommand {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// The input is wrong, or a file cannot be read or written.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::List => {
                let listed = list::list(context.registry());
                context.print(&listed, || list::text(&listed))?;
            }
            Self::Show(arguments) => {
                let task = context.registry().task(&arguments.task)?;
                let card = Card::new(&arguments.task, &*task, || context.check())?;
                if let Some(path) = &arguments.held_out {
                    held_out(&arguments.task, &task.held_out()?, path)?;
                }
                context.print(&card, || card.text())?;
            }
            Self::Init(arguments) => arguments.run(context)?,
            Self::Build(arguments) => arguments.run(context)?,
            Self::Audit(arguments) => return arguments.run(context),
            Self::Resplit(arguments) => return arguments.run(context),
        }
        Ok(Outcome::Done)
    }
}

/// Writes the stretches that a task holds out.
///
/// # Errors
///
/// There are none, since the task does not say where its sequences lie; or the file cannot be written.
fn held_out(task: &str, loci: &[Locus], path: &Path) -> Result<()> {
    if loci.is_empty() {
        return Err(Error::unsupported(format!(
            "{task} holds out no stretch of a genome: it does not say where its sequences lie, or its split is not by place"
        )));
    }
    Ok(output::write(path, bed(loci))?)
}

/// Writes stretches as BED.
pub(crate) fn bed(loci: &[Locus]) -> String {
    let mut text = String::new();
    for locus in loci {
        // Writing to a string never fails.
        let _ = writeln!(text, "{}\t{}\t{}", locus.chromosome, locus.start, locus.end);
    }
    text
}
