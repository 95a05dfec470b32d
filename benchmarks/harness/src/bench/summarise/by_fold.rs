//! The best control of each fold.
//!
//! Under folds no single control is the best one known beforehand: each fold has a validation part, and what is best there
//! answers the fold. A control that is chosen on all validation parts together would be chosen on items that it answers, as
//! every item validates one fold and is answered in another.

use std::collections::BTreeMap;

use dlm_sdk::{Result, SplitKind, Target, TaskSpec, metrics::Metric};

use super::{super::scoring::Scored, Row, mean};
use crate::{
    results::{CellResult, Control, Prediction, Status, Store, Summary, TaskRecord},
    statistics::{Resampling, over_items, two_level},
};

/// The answers of several controls, each in the folds that chose it, as one row.
pub(super) struct Joined {
    pub(super) row: Row,
    /// The control of each fold; empty if all chose one.
    pub(super) by_fold: Vec<String>,
}

/// Joins the controls that folds chose; `None` without folds, or where there are not several to choose from.
///
/// # Errors
///
/// Predictions cannot be read.
pub(super) fn join(
    rows: &[Row],
    table: &[&CellResult],
    control: Control,
    tasks: &[TaskRecord],
    store: &Store,
) -> Result<Option<Joined>> {
    let candidates: Vec<Candidate<'_>> = rows
        .iter()
        .filter(|row| row.summary.control == Some(control) && row.summary.score.is_some())
        .map(|row| Candidate::new(row, table))
        .filter(|candidate| !candidate.cells.is_empty())
        .collect();
    let Some(first) = candidates.first() else { return Ok(None) };
    let folds = first.cells[0].folds.len();
    if candidates.len() < 2
        || folds == 0
        || candidates.iter().any(|other| other.cells.iter().any(|cell| cell.folds.len() != folds))
    {
        return Ok(None);
    }
    let sign = if first.row.summary.higher_is_better { 1.0 } else { -1.0 };
    let mut chosen = Vec::new();
    for fold in 0..folds {
        let mut best: Option<(f64, usize)> = None;
        for (place, candidate) in candidates.iter().enumerate() {
            let Some(validation) = candidate.validation(fold).map(|value| sign * value) else { continue };
            if best.is_none_or(|(highest, _)| validation > highest) {
                best = Some((validation, place));
            }
        }
        // Where no control's score is defined none is better than another.
        chosen.push(best.map_or(0, |(_, place)| place));
    }
    let record = tasks.iter().find(|task| {
        let cell = first.cells[0];
        (&task.task, &task.split, &task.data, task.limit) == (&cell.task, &cell.split, &cell.data, cell.limit)
    });
    let Some(spec) = record.and_then(scored_by) else { return Ok(None) };
    let per_seed = answers(&candidates, &chosen, store)?;
    let row = row(&candidates, &chosen, &spec, &per_seed)?;
    let several = chosen.iter().any(|place| *place != chosen[0]);
    let names = chosen.iter().filter(|_| several).map(|&place| candidates[place].row.summary.model.clone());
    Ok(Some(Joined { row, by_fold: names.collect() }))
}

/// A control with its finished cells, in the order of the seeds.
struct Candidate<'a> {
    row: &'a Row,
    cells: Vec<&'a CellResult>,
}

impl<'a> Candidate<'a> {
    fn new(row: &'a Row, table: &[&'a CellResult]) -> Self {
        let ours =
            |key: &String| table.iter().copied().find(|cell| cell.status == Status::Done && cell.key == *key);
        Self { row, cells: row.summary.cells.iter().filter_map(ours).collect() }
    }

    /// Returns the score on a fold's validation part, mean over seeds.
    fn validation(&self, fold: usize) -> Option<f64> {
        let of: Option<Vec<f64>> = self.cells.iter().map(|cell| cell.folds[fold].validation).collect();
        mean(&of?)
    }
}

/// Returns the answers of the chosen controls, of as many seeds as the one with the most has.
fn answers(candidates: &[Candidate<'_>], chosen: &[usize], store: &Store) -> Result<Vec<Vec<Prediction>>> {
    let seeds = chosen.iter().map(|&place| candidates[place].cells.len()).max().unwrap_or(0);
    let mut read: BTreeMap<&str, Vec<Prediction>> = BTreeMap::new();
    let mut per_seed = vec![Vec::new(); seeds];
    for (seed, joined) in per_seed.iter_mut().enumerate() {
        let mut start = 0;
        for (fold, &place) in chosen.iter().enumerate() {
            // A method without randomness answers every seed alike.
            let cells = &candidates[place].cells;
            let cell = cells[seed % cells.len()];
            if !read.contains_key(cell.key.as_str()) {
                read.insert(&cell.key, store.predictions(&cell.key)?);
            }
            let end = start + cell.folds[fold].items;
            joined.extend(read[cell.key.as_str()].get(start..end).unwrap_or_default().iter().cloned());
            start = end;
        }
    }
    Ok(per_seed)
}

fn row(
    candidates: &[Candidate<'_>],
    chosen: &[usize],
    spec: &TaskSpec,
    per_seed: &[Vec<Prediction>],
) -> Result<Row> {
    let primary = spec.primary();
    let mut scores = Vec::new();
    let mut per_resample = Vec::new();
    let (mut groups, mut items) = (0, 0);
    for predictions in per_seed {
        let answered = Scored::of_predictions(spec, predictions)?;
        let resampling =
            Resampling::new(&predictions.iter().map(|prediction| prediction.group).collect::<Vec<u64>>());
        (groups, items) = (resampling.groups(), predictions.len());
        scores.extend(answered.metric_of(spec, primary, &(0..items).collect::<Vec<usize>>()));
        per_resample.push(resampling.map(|items| answered.metric_of(spec, primary, items)));
    }
    let resamples: Vec<f64> = (0..per_resample.first().map_or(0, Vec::len))
        .map(|resample| {
            per_resample.iter().map(|values| values[resample]).sum::<f64>() / per_resample.len() as f64
        })
        .collect();
    let both = two_level(&per_resample);
    let first = &candidates[chosen[0]].row.summary;
    let summary = Summary {
        model: named(candidates, chosen),
        score: mean(&scores),
        over_items: over_items(&resamples, groups, items),
        // What follows is of no single control.
        cells: vec![String::new(); per_seed.len()],
        metrics: BTreeMap::new(),
        validation: None,
        facts: Vec::new(),
        ..first.clone()
    };
    Ok(Row { summary, resamples, both, groups, items })
}

/// Names the chosen controls, the one of most folds first.
fn named(candidates: &[Candidate<'_>], chosen: &[usize]) -> String {
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for &place in chosen {
        match counts.iter_mut().find(|(_, other)| *other == place) {
            Some((count, _)) => *count += 1,
            None => counts.push((1, place)),
        }
    }
    counts.sort_by_key(|&(count, _)| std::cmp::Reverse(count));
    let name = |place: usize| candidates[place].row.summary.model.as_str();
    if let &[(_, place)] = counts.as_slice() {
        return name(place).to_owned();
    }
    let each: Vec<String> =
        counts.iter().map(|&(count, place)| format!("{} in {count}", name(place))).collect();
    format!("{} of {} folds", each.join(", "), chosen.len())
}

/// Returns as much of a task as its metrics need; `None` if it is of a later version.
fn scored_by(record: &TaskRecord) -> Option<TaskSpec> {
    let target = match record.target.as_str() {
        "binary" => Target::Binary,
        "multiclass" => Target::Multiclass(record.outputs),
        "multilabel" => Target::Multilabel(record.outputs),
        "regression" => Target::Regression(record.outputs),
        _ => return None,
    };
    let metrics: Vec<Metric> =
        record.metrics.iter().map(|metric| metric.parse()).collect::<Result<_>>().ok()?;
    let mut spec = TaskSpec::new(record.task.as_str(), target, SplitKind::Grouped);
    spec.metrics = metrics;
    Some(spec)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::super::summarise, *};

    const FOLD: usize = 40;

    /// A finished cell of three folds that is right in some of them and wrong in the others, and what its folds' validation
    /// parts say.
    fn put(store: &Store, model: &str, control: Value, right: [bool; 3], validation: [f64; 3]) -> CellResult {
        let folds: Vec<Value> = validation
            .iter()
            .map(|value| json!({"items": FOLD, "score": null, "validation": value}))
            .collect();
        let mut items = Vec::new();
        for item in 0..3 * FOLD {
            let target = item % 2;
            let predicted = if right[item / FOLD] { target } else { 1 - target };
            items.push(json!({
                "id": item, "group": item, "target": target, "prediction": predicted,
                "scores": [1 - predicted, predicted],
            }));
        }
        let predictions: Vec<Prediction> = serde_json::from_value(Value::from(items)).unwrap();
        let scored = Scored::of_predictions(&spec(), &predictions).unwrap();
        let mcc = |items: &[usize]| scored.metric_of(&spec(), Metric::Mcc, items);
        let cell: CellResult = serde_json::from_value(json!({
            "model": model, "task": "planted", "split": "grouped-cv", "mode": "baseline", "protocol": "paper",
            "seed": 0, "status": "done", "metrics": {"mcc": mcc(&(0..3 * FOLD).collect::<Vec<usize>>())},
            "validation": {"mcc": validation.iter().sum::<f64>() / 3.0}, "primary": "mcc", "control": control,
            "seeded": false, "items": [FOLD, FOLD, 3 * FOLD], "groups": 3 * FOLD, "facts": [],
            "truncated_bases": 0, "cost": {"fit_seconds": 0.0, "threads": 1}, "key": model, "data": "d", "folds": folds,
        }))
        .unwrap();
        let groups: Vec<u64> = (0..3 * FOLD as u64).collect();
        store.put(&cell, &predictions, &Resampling::new(&groups).map(mcc)).unwrap();
        cell
    }

    fn spec() -> TaskSpec {
        TaskSpec::new("planted", Target::Binary, SplitKind::Grouped)
    }

    fn record() -> TaskRecord {
        serde_json::from_value(json!({
            "task": "planted", "split": "grouped-cv", "spec": "planted", "target": "binary", "outputs": 2,
            "class_names": [], "metrics": ["mcc"], "items": [FOLD, FOLD, 3 * FOLD], "groups": 3 * FOLD,
            "class_counts": [], "chance": 0.5, "strand_specific": false, "citation": "", "license": "", "notes": [],
            "data": "d",
        }))
        .unwrap()
    }

    /// Summarises one model above two controls, the first right in the first fold, the second in the others.
    fn gain(first: [f64; 3], second: [f64; 3]) -> crate::results::Gain {
        let place = tempfile::tempdir().unwrap();
        let store = Store::create(place.path()).unwrap();
        let free = json!("context-free");
        let cells = [
            put(&store, "first", free.clone(), [true, false, false], first),
            put(&store, "second", free, [false, true, true], second),
            put(&store, "model", Value::Null, [true; 3], [1.0; 3]),
        ];
        let rows = summarise(&cells, &[record()], &store).unwrap();
        rows.iter().find(|row| row.model == "model").unwrap().gains.context.clone().unwrap()
    }

    #[test]
    fn each_fold_is_answered_by_the_control_that_it_chose() {
        let gain = gain([0.9, 0.1, 0.1], [0.2, 0.8, 0.3]);
        assert_eq!(gain.by_fold, ["first", "second", "second"]);
        assert_eq!((gain.value, gain.control.as_str()), (0.0, "second in 2, first in 1 of 3 folds"));
        let interval = gain.interval.unwrap();
        assert_eq!((interval.low, interval.high), (0.0, 0.0));
    }

    #[test]
    fn validation_chooses_even_where_it_is_mistaken() {
        // Each fold chooses the control that is wrong in it: what was answered must not choose.
        let mistaken = gain([0.1, 0.9, 0.9], [0.2, 0.1, 0.1]);
        assert_eq!(mistaken.by_fold, ["second", "first", "first"]);
        assert_eq!(mistaken.value, 2.0);
        // All folds agree: then it is that control, and no list of folds.
        let one = gain([0.1, 0.1, 0.1], [0.2, 0.2, 0.2]);
        assert_eq!((one.control.as_str(), one.by_fold.len()), ("second", 0));
        let expected = 1.0 - 1.0 / 3.0;
        assert!((one.value - expected).abs() < 1e-12, "{}", one.value);
    }
}
