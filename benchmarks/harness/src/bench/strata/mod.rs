//! `dlm bench strata`: the scores of a finished run, stratum by stratum.
//!
//! One score over a test set hides where a method is good. Here the saved answers are scored again within each
//! chromosome, each tenth of GC content, each distance from the nearest training item and, where a table of repeats is
//! given, each share of repeats. Nothing is fitted and nothing is predicted: the task is read again for sequences and
//! places alone, and must be the one that was answered.
//!
//! A score that falls with the distance from training items tells of neighbours that are learnt by heart; one that is high
//! in a single chromosome, or in repeats alone, tells of a property of that place.

mod axes;
mod score;

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use clap::Args;
use dlm_genome::{Interval, IntervalSet, repeat_masker};
use dlm_sdk::{Error, Result, metrics::Metric};
use serde::Serialize;

use self::{
    axes::axes,
    score::{Answers, StratumScore},
};
use super::{DigestCache, data::TaskData};
use crate::{
    context::{Context, Outcome},
    results::{Document, Store, Summary, TaskRecord},
};

/// With fewer leakage groups than this in a stratum, resampling them makes an interval that is too narrow.
const FEWEST_GROUPS: usize = 20;
/// Above this, counts of classes say little.
const MOST_COUNTED: usize = 32;
/// Above this, they do not stand in a line of text.
const MOST_SHOWN: usize = 4;

/// Scores saved answers by chromosome, GC content, distance from training items, and repeats.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dlm bench strata results --genome chr21.fa.gz\n  \
                        dlm bench strata results --genome chr21.fa.gz --repeats rmsk.txt.gz --json")]
pub struct StrataArgs {
    /// Folder that bench run wrote to; --genome and --data are given as they were there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// UCSC's table of repeats, rmsk.txt (plain or gzip), of the assembly that the tasks are cut from
    #[arg(long, value_name = "RMSK")]
    repeats: Option<PathBuf>,
}

/// A task's scores by stratum.
#[derive(Debug, Serialize)]
struct TaskStrata {
    task: String,
    split: String,
    /// The metric that is shown.
    primary: String,
    /// How many test items were answered.
    items: usize,
    /// How many leakage groups they lie in.
    groups: usize,
    axes: Vec<AxisStrata>,
}

/// What test items are divided by.
#[derive(Debug, Serialize)]
struct AxisStrata {
    axis: &'static str,
    /// Why there are no strata.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    strata: Vec<Stratum>,
}

/// Some test items and how the methods do on them.
#[derive(Debug, Serialize)]
struct Stratum {
    #[serde(rename = "stratum")]
    label: String,
    items: usize,
    groups: usize,
    /// Whether there are too few groups for an interval that covers what it says.
    few_groups: bool,
    /// How many items each class has; empty for labels, values and above 32 classes.
    class_counts: Vec<usize>,
    scores: Vec<StratumScore>,
}

#[derive(Serialize)]
struct StrataDocument {
    tasks: Vec<TaskStrata>,
}

impl StrataArgs {
    pub(super) fn run(self, context: &Context) -> Result<Outcome> {
        let store = Store::open(self.folder)?;
        let document = store.document()?;
        let repeats = self.repeats.as_deref().map(Repeats::read).transpose()?;
        let mut digests = DigestCache::open(Some(store.folder()));
        let progress = context.progress("scoring strata", Some(document.tasks.len() as u64));
        let mut tasks = Vec::new();
        for record in &document.tasks {
            progress.message(format!("scoring strata of {}", record.task));
            let rows = rows(&document, record);
            if rows.is_empty() {
                context.note(format!("{} ({}): no method has finished it", record.task, record.split));
            } else {
                let strata = task_strata(&store, record, &rows, repeats.as_ref(), context, &mut digests);
                tasks.extend(strata.map_err(|error| error.within(format!("task {}", record.spec)))?);
            }
            progress.add(1);
        }
        drop(progress);
        let document = StrataDocument { tasks };
        context.print(&document, || text(&document))?;
        Ok(Outcome::Done)
    }
}

/// Returns the finished rows of a task as it is recorded; rows of other examples or another limit answered other items.
fn rows<'d>(document: &'d Document, record: &TaskRecord) -> Vec<&'d Summary> {
    let same = |row: &&Summary| {
        (&row.task, &row.split, &row.data, row.limit)
            == (&record.task, &record.split, &record.data, record.limit)
    };
    document.summary.iter().filter(same).filter(|row| !row.cells.is_empty()).collect()
}

/// Scores a task's strata; `None`, with a note, for one that was answered in other splits than its own.
fn task_strata(
    store: &Store,
    record: &TaskRecord,
    rows: &[&Summary],
    repeats: Option<&Repeats>,
    context: &Context,
    digests: &mut DigestCache,
) -> Result<Option<TaskStrata>> {
    let (_, config) = context.registry().resolve(dlm_sdk::Kind::Task, &record.spec)?;
    let task = context.registry().task(&record.spec)?;
    if task.spec().split.name() != record.split {
        // Each fold has training items of its own, so that no item has one nearest of them.
        let (task, split) = (&record.task, &record.split);
        context.note(format!("{task} ({split}): only answers to a task's own test split are divided"));
        return Ok(None);
    }
    if digests.task(&*task, &record.spec, &config, context.cancellation())?.all != record.data {
        return Err(Error::invalid("its examples are not those that were answered")
            .with_hint("give the same --genome and --data as to bench run, or run it again"));
    }
    let data = TaskData::load(&*task, record.limit)?;
    let spec = task.spec();
    let (train, test) = (data.train.view(), data.test.view());
    let (train, test) = (train.examples(), test.examples());
    let metric: Metric = rows[0].primary.parse()?;
    let answers: Vec<Answers<'_>> =
        rows.iter().map(|row| Answers::read(store, row, spec, test)).collect::<Result<_>>()?;
    let counted = spec.target.classes().filter(|&classes| classes <= MOST_COUNTED);
    let mut divided = Vec::new();
    for (name, axis) in axes(train.items, test.items, repeats)? {
        let axis = match axis {
            Ok(axis) => axis,
            Err(reason) => {
                divided.push(AxisStrata { axis: name, reason: Some(reason), strata: Vec::new() });
                continue;
            }
        };
        let mut strata = Vec::new();
        for (label, items) in axis.strata() {
            context.check()?;
            let mut class_counts = vec![0; counted.unwrap_or(0)];
            if counted.is_some() {
                for &item in &items {
                    class_counts[test.class(item)] += 1;
                }
            }
            let groups: Vec<u64> = items.iter().map(|&item| test.items.groups[item]).collect();
            let scores = answers.iter().map(|answers| answers.score(spec, metric, &items, &groups)).collect();
            let groups = groups.into_iter().collect::<BTreeSet<u64>>().len();
            strata.push(Stratum {
                label: label.to_owned(),
                items: items.len(),
                groups,
                few_groups: groups < FEWEST_GROUPS,
                class_counts,
                scores,
            });
        }
        divided.push(AxisStrata { axis: name, reason: None, strata });
    }
    Ok(Some(TaskStrata {
        task: record.task.clone(),
        split: record.split.clone(),
        primary: metric.id().to_owned(),
        items: test.len(),
        groups: data.resampling.groups(),
        axes: divided,
    }))
}

/// The repeats of an assembly.
#[derive(Debug)]
struct Repeats {
    path: PathBuf,
    names: BTreeSet<String>,
    bases: IntervalSet,
}

impl Repeats {
    fn read(path: &Path) -> Result<Self> {
        let mut names = BTreeSet::new();
        let mut intervals: Vec<Interval> = Vec::new();
        for row in repeat_masker::Reader::open(path)? {
            let interval = row?.interval().clone();
            if !names.contains(interval.chromosome()) {
                names.insert(interval.chromosome().to_owned());
            }
            intervals.push(interval);
        }
        Ok(Self { path: path.to_owned(), names, bases: intervals.iter().collect() })
    }
}

fn text(document: &StrataDocument) -> String {
    let mut text = String::new();
    let mut few = false;
    for task in &document.tasks {
        let _ = writeln!(
            text,
            "{}, {} split: {} of {} test items in {} groups",
            task.task, task.split, task.primary, task.items, task.groups
        );
        for axis in &task.axes {
            let _ = writeln!(text, "  by {}", axis.axis);
            if let Some(reason) = axis.reason {
                let _ = writeln!(text, "    none: {reason}");
            }
            for stratum in &axis.strata {
                few |= stratum.few_groups;
                stratum_text(&mut text, stratum);
            }
        }
    }
    if few {
        let _ = writeln!(text, "* fewer than {FEWEST_GROUPS} groups: the interval is too narrow");
    }
    text
}

fn stratum_text(text: &mut String, stratum: &Stratum) {
    let mark = if stratum.few_groups { "*" } else { "" };
    let _ = write!(text, "    {}: {} items in {}{mark} groups", stratum.label, stratum.items, stratum.groups);
    if (1..=MOST_SHOWN).contains(&stratum.class_counts.len()) {
        let counts: Vec<String> = stratum.class_counts.iter().map(usize::to_string).collect();
        let _ = write!(text, ", classes {}", counts.join("/"));
    }
    text.push('\n');
    for score in &stratum.scores {
        let _ = write!(text, "      {} [{}, {}] ", score.model, score.mode.name(), score.protocol);
        match (score.score, score.reason) {
            (Some(value), _) => {
                let _ = write!(text, "{value:.4}");
            }
            (None, reason) => text.push_str(reason.unwrap_or("not defined")),
        }
        if let Some(interval) = &score.interval {
            let _ = write!(text, " [{:.4}, {:.4}]", interval.low, interval.high);
        }
        text.push('\n');
    }
}
