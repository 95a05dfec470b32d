//! `dlm task init`: own data becomes a task.

use std::{fmt::Write as _, path::PathBuf};

use clap::Args;
use dlm_plugin_own_data::{Init, Made, SplitBy, TargetKind, init};
use dlm_sdk::Result;

use crate::context::Context;

/// What a task is made from. Intervals are cut from the genome of `--genome`.
#[derive(Args, Clone, Debug)]
pub struct InitArgs {
    /// Table (.csv, .tsv), FASTA (.fa, .fasta, .fna) or intervals (.bed, .narrowPeak), plain or gzipped
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// The negatives, in the same form; all of --from are then positives
    #[arg(long, value_name = "FILE")]
    pub negatives: Option<PathBuf>,
    /// Column of the label (tables; name or score in BED), or a regular expression whose first group is the label
    /// (FASTA headers)
    #[arg(long, value_name = "COLUMN|REGEX")]
    pub label: Option<String>,
    /// binary, multiclass, multilabel or regression [default: what the labels look like]
    #[arg(long, value_name = "KIND")]
    pub target: Option<TargetKind>,
    /// column, random, chromosome, block or group [default: a split column, else groups, else chromosomes, else random]
    #[arg(long, value_name = "WAY")]
    pub split_by: Option<SplitBy>,
    /// Seed of the splits
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub seed: u64,
    /// Name of the task in tables [default: that of the folder]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Folder to make
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
}

impl InitArgs {
    pub(super) fn run(self, context: &Context) -> Result<()> {
        context.check()?;
        let made = init(&Init {
            from: self.from,
            negatives: self.negatives,
            genome: context.genome().map(Into::into),
            label: self.label,
            target: self.target,
            split_by: self.split_by,
            seed: self.seed,
            name: self.name,
            output: self.output,
        })?;
        context.print(&made, || text(&made))
    }
}

fn text(made: &Made) -> String {
    let [train, validation, test] = made.sizes;
    let mut answer = format!(
        "{}: {} task, {train} examples in train, {validation} in validation, {test} in test ({})\n",
        made.name,
        format!("{:?}", made.target).to_lowercase(),
        made.split
    );
    if !made.classes.is_empty() {
        let _ = writeln!(answer, "classes: {}", made.classes.join(", "));
    }
    for note in &made.notes {
        let _ = writeln!(answer, "{note}");
    }
    let _ = writeln!(answer, "use it as --tasks {}", made.folder.display());
    answer
}
