//! `dlm task audit`: can the score on a task's test split be trusted?

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use clap::Args;
use dlm_audit::{Check, Item, Options, Report, Status, audit};
use dlm_sdk::{ExampleSet, Result, Split, Task, TaskSpec};
use parquet::data_type::{BoolType, FloatType, Int64Type};
use serde::Serialize;

use crate::{
    context::{Context, Outcome},
    files::Folder,
    tables::{ParquetFile, failed},
};

/// What to audit.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  dlm task audit gue/tf/0 --data released\n  \
                        dlm task audit ./my-task --output audit --json\n\n\
                        Exit code 1: a check failed.")]
pub struct AuditArgs {
    /// Task, such as gue/tf/0, or the path of a folder made by `dlm task init`
    #[arg(value_name = "TASK")]
    pub task: String,
    /// Folder for audit.json, and items.parquet with what was found about each test item
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// How many test items are looked up for homologs; 0 leaves them out
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub homology: usize,
    /// Chromosomes that a model was pretrained on
    #[arg(long, value_name = "CHROMOSOME,..", value_delimiter = ',')]
    pub pretrained_on: Vec<String>,
}

/// What `dlm task audit` answers.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    task: &'a str,
    spec: &'a str,
    split: &'static str,
    #[serde(flatten)]
    report: &'a Report,
}

/// A task's three splits in memory.
pub(super) struct Loaded {
    pub(super) spec: TaskSpec,
    pub(super) sets: [ExampleSet; 3],
}

impl Loaded {
    pub(super) fn new(text: &str, context: &Context) -> Result<Self> {
        let task = context.registry().task(text)?;
        let collect = |split: Split| -> Result<ExampleSet> {
            context.check()?;
            (&*task as &dyn Task).collect(split)
        };
        let sets = [collect(Split::Train)?, collect(Split::Validation)?, collect(Split::Test)?];
        Ok(Self { spec: task.spec().clone(), sets })
    }

    pub(super) fn audit(&self, options: &Options, context: &Context) -> Result<Report> {
        let views = [0, 1, 2].map(|split: usize| self.sets[split].view());
        let splits = [views[0].examples(), views[1].examples(), views[2].examples()];
        audit(&self.spec, &splits, options, &|| context.check())
    }
}

impl AuditArgs {
    pub(super) fn run(self, context: &Context) -> Result<Outcome> {
        // A folder that cannot be made is noticed now, not after the work.
        let folder = self.output.as_deref().map(Folder::make).transpose()?;
        let loaded = Loaded::new(&self.task, context)?;
        let options = Options { homology: self.homology, pretrained_on: self.pretrained_on };
        let progress = context.progress(format!("auditing {}", loaded.spec.name), None);
        let report = loaded.audit(&options, context)?;
        drop(progress);
        let answer = Answer {
            task: &loaded.spec.name,
            spec: &self.task,
            split: loaded.spec.split.name(),
            report: &report,
        };
        if let Some(mut folder) = folder {
            let json = serde_json::to_vec_pretty(&answer)
                .map_err(|error| dlm_sdk::Error::internal("the audit is no JSON").with_source(error))?;
            folder.write("audit.json", json)?;
            write_items(&folder.file("items.parquet"), &report.details)?;
            folder.keep();
        }
        context.print(&answer, || text(&loaded.spec.name, &report))?;
        Ok(Outcome::of(report.verdict != Status::Fail))
    }
}

pub(super) fn text(name: &str, report: &Report) -> String {
    let [train, validation, tested] = report.items;
    let mut text = format!(
        "{name}: {} ({train} train, {validation} validation, {tested} test)\n",
        report.verdict.name()
    );
    let width = report.checks.iter().map(|check| check.id.len()).max().unwrap_or_default();
    for Check { id, status, reason, title, .. } in &report.checks {
        let _ = writeln!(text, "  {}  {id:width$}  {title}: {reason}", status.name());
    }
    text
}

const SCHEMA: &str = "
message items {
    required int64 id (INTEGER(64, false));
    required int64 group (INTEGER(64, false));
    optional int64 class;
    required float known;
    optional int64 copy (INTEGER(64, false));
    optional int64 nearest (INTEGER(64, false));
    required float containment;
    required float collinear;
    optional int64 overlapping (INTEGER(64, false));
    required boolean shared_group;
    required boolean sampled;
    optional int64 homolog (INTEGER(64, false));
    optional int64 shuffled_twin (INTEGER(64, false));
    optional int64 segment_twin (INTEGER(64, false));
}";

/// A column: how its values are read from an item.
enum Column {
    Number(fn(&Item) -> u64),
    Perhaps(fn(&Item) -> Option<u64>),
    Share(fn(&Item) -> f32),
    Flag(fn(&Item) -> bool),
}

const COLUMNS: [Column; 14] = [
    Column::Number(|item| item.id),
    Column::Number(|item| item.group),
    Column::Perhaps(|item| item.class.map(u64::from)),
    Column::Share(|item| item.known),
    Column::Perhaps(|item| item.copy),
    Column::Perhaps(|item| item.nearest),
    Column::Share(|item| item.containment),
    Column::Share(|item| item.collinear),
    Column::Perhaps(|item| item.overlapping),
    Column::Flag(|item| item.shared_group),
    Column::Flag(|item| item.sampled),
    Column::Perhaps(|item| item.homolog),
    Column::Perhaps(|item| item.shuffled_twin),
    Column::Perhaps(|item| item.segment_twin),
];

/// Writes a row a test item.
fn write_items(path: &Path, items: &[Item]) -> Result<()> {
    let mut file = ParquetFile::create(path, SCHEMA)?;
    let mut rows = || -> std::result::Result<(), parquet::errors::ParquetError> {
        let mut group = file.group()?;
        for values in &COLUMNS {
            let Some(mut column) = group.next_column()? else { break };
            match values {
                Column::Number(read) => {
                    let values: Vec<i64> = items.iter().map(|item| read(item).cast_signed()).collect();
                    column.typed::<Int64Type>().write_batch(&values, None, None)?;
                }
                Column::Perhaps(read) => {
                    let present: Vec<i16> =
                        items.iter().map(|item| i16::from(read(item).is_some())).collect();
                    let values: Vec<i64> = items.iter().filter_map(read).map(u64::cast_signed).collect();
                    column.typed::<Int64Type>().write_batch(&values, Some(&present), None)?;
                }
                Column::Share(read) => {
                    let values: Vec<f32> = items.iter().map(read).collect();
                    column.typed::<FloatType>().write_batch(&values, None, None)?;
                }
                Column::Flag(read) => {
                    let values: Vec<bool> = items.iter().map(read).collect();
                    column.typed::<BoolType>().write_batch(&values, None, None)?;
                }
            }
            column.close()?;
        }
        group.close().map(|_| ())
    };
    rows().map_err(|error| failed(path, error))?;
    file.finish()
}
