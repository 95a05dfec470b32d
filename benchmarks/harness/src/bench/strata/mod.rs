//! `dlm bench strata`: the scores of a finished run, stratum by stratum.
//!
//! One score over a test set hides where a method is good. Here the saved answers are scored again within each
//! chromosome, each tenth of GC content, each distance from the nearest training item and, where a table of repeats is
//! given, each share of repeats. Nothing is fitted and nothing is predicted: the task is read again for sequences and
//! places alone, and must be the one that was answered.
//!
//! Under folds every item was answered by a method fitted without its fold: then the nearest training item is the nearest of
//! those. What is found is kept as `strata.json`, from which the report draws it.
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

use self::{
    axes::{Trained, axes},
    score::Answers,
};
use super::{DigestCache, data::TaskData, folds};
use crate::{
    context::{Context, Outcome},
    results::{
        AxisStrata, Document, FEWEST_GROUPS_IN_STRATUM, Store, Strata, Stratum, Summary, TaskRecord,
        TaskStrata,
    },
};

/// Above this, counts of classes say little.
const MOST_COUNTED: usize = 32;
/// Above this, they do not stand in a line of text.
const MOST_SHOWN: usize = 4;

/// Scores saved answers by chromosome, GC content, distance from training items, and repeats; dlm report shows them too.
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
                let count = folds_of(&document, &rows);
                let strata =
                    task_strata(&store, record, &rows, count, repeats.as_ref(), context, &mut digests);
                tasks.extend(strata.map_err(|error| error.within(format!("task {}", record.spec)))?);
            }
            progress.add(1);
        }
        drop(progress);
        let document = Strata { tasks };
        store.write("strata.json", &document)?;
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

/// Returns in how many folds rows were cross-validated; 0: they answered the task's own test split.
fn folds_of(document: &Document, rows: &[&Summary]) -> usize {
    let keys: BTreeSet<&str> = rows.iter().flat_map(|row| &row.cells).map(String::as_str).collect();
    let ours = document.cells.iter().filter(|cell| keys.contains(cell.key.as_str()));
    ours.map(|cell| cell.folds.len()).max().unwrap_or(0)
}

/// Scores a task's strata; `None`, with a note, for one that was answered in splits that are not made any more.
fn task_strata(
    store: &Store,
    record: &TaskRecord,
    rows: &[&Summary],
    count: usize,
    repeats: Option<&Repeats>,
    context: &Context,
    digests: &mut DigestCache,
) -> Result<Option<TaskStrata>> {
    let (_, config) = context.registry().resolve(dlm_sdk::Kind::Task, &record.spec)?;
    let task = context.registry().task(&record.spec)?;
    let own = digests.task(&*task, &record.spec, &config, context.cancellation())?.all;
    let (split, answered) = match count {
        0 => (task.spec().split.name(), own),
        _ => (folds::SPLIT, folds::digest(&own, count)),
    };
    if split != record.split {
        let (task, split) = (&record.task, &record.split);
        context.note(format!("{task} ({split}): answers to a task's own test split or to folds are divided"));
        return Ok(None);
    }
    if answered != record.data {
        return Err(Error::invalid("its examples are not those that were answered")
            .with_hint("give the same --genome and --data as to bench run, or run it again"));
    }
    let data = match count {
        0 => TaskData::load(&*task, record.limit)?,
        _ => TaskData::folded(&*task, record.limit, count)?,
    };
    let spec = task.spec();
    let (train, test) = (data.train.view(), data.test.view());
    let (train, test) = (train.examples(), test.examples());
    let trained = match count {
        0 => Trained::once(train.items, test.len())?,
        _ => Trained::by_fold(test.items, data.folds.iter().map(|fold| (&fold.train[..], &fold.test[..])))?,
    };
    let metric: Metric = rows[0].primary.parse()?;
    let answers: Vec<Answers<'_>> =
        rows.iter().map(|row| Answers::read(store, row, spec, test)).collect::<Result<_>>()?;
    let counted = spec.target.classes().filter(|&classes| classes <= MOST_COUNTED);
    let mut divided = Vec::new();
    for (name, axis) in axes(&trained, test.items, repeats)? {
        let axis = match axis {
            Ok(axis) => axis,
            Err(reason) => {
                divided.push(AxisStrata {
                    axis: name.to_owned(),
                    reason: Some(reason.to_owned()),
                    strata: Vec::new(),
                });
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
                few_groups: groups < FEWEST_GROUPS_IN_STRATUM,
                class_counts,
                scores,
            });
        }
        divided.push(AxisStrata { axis: name.to_owned(), reason: None, strata });
    }
    Ok(Some(TaskStrata {
        task: record.task.clone(),
        split: record.split.clone(),
        primary: metric.id().to_owned(),
        items: test.len(),
        groups: data.resampling.groups(),
        cells: rows.iter().flat_map(|row| row.cells.clone()).collect(),
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

fn text(document: &Strata) -> String {
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
            if let Some(reason) = &axis.reason {
                let _ = writeln!(text, "    none: {reason}");
            }
            for stratum in &axis.strata {
                few |= stratum.few_groups;
                stratum_text(&mut text, stratum);
            }
        }
    }
    if few {
        let _ = writeln!(text, "* fewer than {FEWEST_GROUPS_IN_STRATUM} groups: the interval is too narrow");
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
        match (score.score, &score.reason) {
            (Some(value), _) => {
                let _ = write!(text, "{value:.4}");
            }
            (None, reason) => text.push_str(reason.as_deref().unwrap_or("not defined")),
        }
        if let Some(interval) = &score.interval {
            let _ = write!(text, " [{:.4}, {:.4}]", interval.low, interval.high);
        }
        text.push('\n');
    }
}
