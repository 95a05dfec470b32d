//! What every task must hold.

use std::{collections::BTreeMap, ops::ControlFlow};

use super::{Report, Runner, ensure};
use crate::{
    ErrorKind, ExampleSet, ExampleSink, Examples, Split, SplitKind, Target, Task, dna::reverse_complement,
};

type Checked = Result<(), String>;

/// Checks a task. It is loaded twice.
pub fn task(task: &dyn Task) -> Report {
    task_where(task, &mut |_| true)
}

/// Runs those of the checks whose ids are wanted.
pub fn task_where(task: &dyn Task, wanted: &mut dyn FnMut(&'static str) -> bool) -> Report {
    let mut report = Runner::new(wanted);
    let sets = match load(task) {
        Ok(sets) => sets,
        Err(reason) => {
            report
                .add("K1", "train and test hold examples, the same in the same order twice", || Err(reason));
            return report.report;
        }
    };
    report.add("K1", "train and test hold examples, the same in the same order twice", || twice(task, &sets));
    report.add("K2", "targets are finite and in range, every class is in train", || targets(task, &sets));
    let grouped = task.spec().split == SplitKind::Grouped;
    if grouped {
        report.add("K3", "no sequence and no group lies in two splits", || leakage(&sets));
    } else {
        report.warn("K3", "no sequence and no group lies in two splits", || leakage(&sets));
    }
    report.add("K4", "metrics are there and fit the target", || metrics(task));
    report.add("K5", "a sink that stops is not called again", || stops(task));
    report.add("K6", "ids are unique, cuts and lengths hold what the spec says", || shape(task, &sets));
    report.report
}

fn load(task: &dyn Task) -> Result<Vec<ExampleSet>, String> {
    Split::ALL.into_iter().map(|split| task.collect(split).map_err(|error| error.chain())).collect()
}

fn twice(task: &dyn Task, sets: &[ExampleSet]) -> Checked {
    ensure(!sets[0].is_empty() && !sets[2].is_empty(), || "train or test is empty".into())?;
    ensure(load(task)? == sets, || "a second load gave other examples".into())
}

fn targets(task: &dyn Task, sets: &[ExampleSet]) -> Checked {
    let target = task.spec().target;
    let in_range = |value: f32| match target {
        Target::Regression(_) => value.is_finite(),
        Target::Multilabel(_) => value == 0.0 || value == 1.0,
        Target::Binary | Target::Multiclass(_) => {
            value >= 0.0 && value.fract() == 0.0 && (value as usize) < target.outputs()
        }
    };
    for set in sets {
        let view = set.view();
        for (index, value) in view.examples().targets.iter().enumerate() {
            ensure(in_range(*value), || format!("target {index} is {value}"))?;
        }
    }
    // A continuation has thousands of classes, most of them rare: it is enough that the common ones occur.
    if let (Some(classes), None) = (target.classes(), task.spec().continuation) {
        let view = sets[0].view();
        let mut seen = vec![false; classes];
        view.examples().classes().for_each(|class| seen[class] = true);
        if let Some(class) = seen.iter().position(|seen| !seen) {
            return Err(format!("class {class} is not in train"));
        }
    }
    Ok(())
}

fn leakage(sets: &[ExampleSet]) -> Checked {
    let mut groups: BTreeMap<u64, Split> = BTreeMap::new();
    let mut sequences: BTreeMap<Vec<u8>, Split> = BTreeMap::new();
    let (mut shared_groups, mut shared_sequences) = (0, 0);
    for (split, set) in Split::ALL.into_iter().zip(sets) {
        let view = set.view();
        let items = view.examples().items;
        for (group, sequence) in items.groups.iter().zip(items.sequences) {
            shared_groups += usize::from(*groups.entry(*group).or_insert(split) != split);
            let forward = sequence.bases().to_ascii_uppercase();
            let canonical = forward.clone().min(reverse_complement(&forward));
            shared_sequences += usize::from(*sequences.entry(canonical).or_insert(split) != split);
        }
    }
    ensure(shared_groups == 0 && shared_sequences == 0, || {
        format!("{shared_groups} examples share a group and {shared_sequences} a sequence with another split")
    })
}

fn metrics(task: &dyn Task) -> Checked {
    let spec = task.spec();
    let fitting = crate::metrics::Metric::defaults(&spec.target);
    let primary = spec.metrics.first().ok_or("the task names no metric")?;
    let extra = [
        crate::metrics::Metric::Top5Accuracy,
        crate::metrics::Metric::Perplexity,
        crate::metrics::Metric::BitsPerNucleotide,
    ];
    let fits =
        |metric| fitting.contains(metric) || (spec.target.classes().is_some() && extra.contains(metric));
    let odd = spec.metrics.iter().find(|metric| !fits(metric));
    match odd {
        Some(metric) => Err(format!("{metric} does not fit a {} target", spec.target.name())),
        None => ensure(fitting.contains(primary), || format!("{primary} cannot rank")),
    }
}

fn stops(task: &dyn Task) -> Checked {
    struct Stop(usize);
    impl ExampleSink for Stop {
        fn push(&mut self, _examples: Examples<'_>) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Break(())
        }
    }
    let mut stop = Stop(0);
    match task.load(Split::Train, &mut stop) {
        Err(error) if error.kind() != ErrorKind::Cancelled => return Err(error.chain()),
        _ => {}
    }
    ensure(stop.0 == 1, || format!("the sink was called {} times", stop.0))
}

fn shape(task: &dyn Task, sets: &[ExampleSet]) -> Checked {
    let mut ids: Vec<u64> = Vec::new();
    for set in sets {
        let view = set.view();
        let items = view.examples().items;
        ids.extend(items.ids);
        for (id, sequence) in items.ids.iter().zip(items.sequences) {
            ensure(!sequence.bases().is_empty(), || format!("example {id} has no bases"))?;
            if let Some(length) = task.spec().sequence_length {
                ensure(sequence.bases().len() == length as usize, || {
                    format!("example {id} has {} bases, the spec says {length}", sequence.bases().len())
                })?;
            }
        }
    }
    let n = ids.len();
    ids.sort_unstable();
    ids.dedup();
    ensure(ids.len() == n, || format!("{} ids are used twice", n - ids.len()))
}
