//! A task's examples in memory, as the cells of a run use them.

use std::collections::BTreeSet;

use dlm_sdk::{ExampleSet, ExampleSink as _, Result, Split, Target, Task, TaskSpec, random::Stream};

use super::{
    PlannedTask,
    folds::{self, Fold},
};
use crate::{
    context::Cancellation,
    results::{AuditRecord, TaskRecord},
    statistics::Resampling,
};

/// Above this, counts of classes say little.
const MOST_COUNTED: usize = 32;

/// A task's examples.
#[derive(Debug)]
pub(super) struct TaskData {
    pub(super) train: ExampleSet,
    pub(super) validation: ExampleSet,
    /// Under folds all examples, fold by fold; train and validation are then those of the first fold.
    pub(super) test: ExampleSet,
    pub(super) resampling: Resampling,
    /// The folds, as places in `test`; empty: the task's own splits.
    pub(super) folds: Vec<Fold>,
}

impl TaskData {
    /// Loads a task, keeping at most some items of each split. Which items stay depends on their number alone.
    pub(super) fn load(task: &dyn Task, limit: Option<usize>) -> Result<Self> {
        let test = some(task, Split::Test, limit)?;
        let resampling = Resampling::new(test.view().examples().items.groups);
        let (train, validation) = (some(task, Split::Train, limit)?, some(task, Split::Validation, limit)?);
        Ok(Self { train, validation, test, resampling, folds: Vec::new() })
    }

    /// Loads a task and deals the groups of all its splits to folds.
    pub(super) fn folded(task: &dyn Task, limit: Option<usize>, count: usize) -> Result<Self> {
        let mut all = ExampleSet::new(task.spec().target.width());
        for split in Split::ALL {
            // A set in memory takes everything.
            let _ = all.push(some(task, split, limit)?.view().examples());
        }
        let view = all.view();
        let examples = view.examples();
        let labels = folds::labels(task.spec(), examples);
        let fold_of = folds::deal(examples.items.groups, &labels, count)?;
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by_key(|&item| fold_of[item]);
        let test = all.subset(&order);
        let folds = folds::folds(&order.iter().map(|&item| fold_of[item]).collect::<Vec<usize>>(), count);
        let resampling = Resampling::new(test.view().examples().items.groups);
        let (train, validation) = (test.subset(&folds[0].train), test.subset(&folds[0].validation));
        Ok(Self { train, validation, test, resampling, folds })
    }

    pub(super) fn items(&self) -> [usize; 3] {
        [self.train.len(), self.validation.len(), self.test.len()]
    }

    /// Says what the task is and whether its scores can be trusted, for the report.
    pub(super) fn record(
        &self,
        task: &PlannedTask,
        limit: Option<usize>,
        cancellation: &Cancellation,
    ) -> Result<TaskRecord> {
        let spec = &task.spec;
        let first = self.folds.first().map(|fold| self.test.subset(&fold.test));
        let tested = first.as_ref().unwrap_or(&self.test);
        let views = [self.train.view(), self.validation.view(), tested.view()];
        let splits = [views[0].examples(), views[1].examples(), views[2].examples()];
        let groups: BTreeSet<u64> =
            splits.iter().flat_map(|examples| examples.items.groups).copied().collect();
        // The search for homologs takes longer than many a cell; dlm task audit does it.
        let options = dlm_audit::Options { homology: 0, ..dlm_audit::Options::default() };
        let report = dlm_audit::audit(spec, &splits, &options, &|| cancellation.check())?;
        let classes = spec.target.classes();
        let mut class_counts = vec![0; classes.filter(|&classes| classes <= MOST_COUNTED).unwrap_or(0)];
        if !class_counts.is_empty() {
            for class in self.test.view().examples().classes() {
                class_counts[class] += 1;
            }
        }
        let mut notes = spec.notes.clone();
        if !self.folds.is_empty() {
            let labels = folds::labels(spec, self.test.view().examples());
            notes.push(folds::balance(&self.folds, &labels, self.resampling.groups()));
        }
        Ok(TaskRecord {
            items: self.items(),
            groups: self.resampling.groups(),
            class_counts,
            chance: classes.map(|classes| 1.0 / classes as f64),
            notes,
            all_groups: groups.len(),
            audit: Some(AuditRecord::from(&report)),
            ..task.record(limit)
        })
    }
}

/// Loads a split, or a sample of it.
fn some(task: &dyn Task, split: Split, limit: Option<usize>) -> Result<ExampleSet> {
    let all = task.collect(split)?;
    Ok(match limit {
        Some(limit) if limit < all.len() => {
            all.subset(&Stream::new(0, &format!("limit/{}", split.name())).sample(all.len(), limit))
        }
        _ => all,
    })
}

/// Returns whether a task has exactly one class an item, and if not, whether its columns are labels.
pub(super) fn kind_of(spec: &TaskSpec) -> Columns {
    match spec.target {
        Target::Multilabel(_) => Columns::Labels,
        Target::Regression(_) => Columns::Values,
        _ => Columns::Classes,
    }
}

/// What the columns of a score row are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Columns {
    Classes,
    Labels,
    Values,
}
