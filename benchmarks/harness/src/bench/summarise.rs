//! From cells to rows: means over seeds, intervals, gains, ranks, ties.

mod by_fold;

use std::collections::BTreeMap;

use dlm_sdk::{Result, metrics::Metric};

use self::by_fold::Joined;
use super::twin_of;
use crate::{
    results::{CellResult, Control, Gain, Gains, Mode, Status, Store, Summary, TaskRecord},
    statistics::{over_items, over_seeds, paired, two_level},
};

/// A row in the making.
struct Row {
    summary: Summary,
    /// The mean over seeds of the primary metric in each resample of the test items.
    resamples: Vec<f64>,
    /// The same with seeds resampled too.
    both: Vec<f64>,
    groups: usize,
    items: usize,
}

/// Folds cells over seeds and sets rows against the controls of their task, split, protocol and data.
///
/// The controls of a gain are chosen on validation; without a validation split there are no gains above controls. Under folds
/// each fold has a validation part of its own, and the best control is chosen fold by fold: what is compared with are the
/// answers of the control that its fold chose. A row
/// that is a control itself has fewer gains: a local control stands above context-free ones only, a context-free one
/// above none.
///
/// # Errors
///
/// A cell's resamples or predictions cannot be read.
pub fn summarise(cells: &[CellResult], tasks: &[TaskRecord], store: &Store) -> Result<Vec<Summary>> {
    let mut tables: Vec<Vec<&CellResult>> = Vec::new();
    let mut places = BTreeMap::new();
    for cell in cells {
        let key = (&cell.task, &cell.split, cell.protocol, &cell.data, cell.limit);
        let place = *places.entry(key).or_insert_with(|| {
            tables.push(Vec::new());
            tables.len() - 1
        });
        tables[place].push(cell);
    }
    let mut summaries = Vec::new();
    for table in tables {
        let mut rows = rows(&table, store)?;
        let joined = |control| by_fold::join(&rows, &table, control, tasks, store);
        let (free, local) = (joined(Control::ContextFree)?, joined(Control::Local)?);
        add_gains(&mut rows, free.as_ref(), local.as_ref());
        rank(&mut rows);
        add_detectable(&mut rows);
        summaries.extend(rows.into_iter().map(|row| row.summary));
    }
    Ok(summaries)
}

fn rows(table: &[&CellResult], store: &Store) -> Result<Vec<Row>> {
    let mut methods: Vec<(&str, Mode)> = Vec::new();
    for cell in table {
        if !methods.contains(&(cell.model.as_str(), cell.mode)) {
            methods.push((&cell.model, cell.mode));
        }
    }
    methods
        .into_iter()
        .map(|(model, mode)| {
            let mut cells: Vec<&CellResult> =
                table.iter().copied().filter(|cell| cell.model == model && cell.mode == mode).collect();
            cells.sort_by_key(|cell| cell.seed);
            row(&cells, store)
        })
        .collect()
}

fn row(cells: &[&CellResult], store: &Store) -> Result<Row> {
    let first = cells[0];
    let done: Vec<&CellResult> = cells.iter().copied().filter(|cell| cell.status == Status::Done).collect();
    let scores: Vec<f64> = done.iter().filter_map(|cell| cell.score()).collect();
    let per_seed = done.iter().map(|cell| store.resamples(&cell.key)).collect::<Result<Vec<_>>>()?;
    let mut resamples: Vec<f64> = per_seed.first().cloned().unwrap_or_default();
    for values in per_seed.iter().skip(1) {
        resamples.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    for sum in &mut resamples {
        *sum /= done.len() as f64;
    }
    let (groups, items) = done.first().map_or((0, 0), |cell| (cell.groups, cell.items[2]));
    let worst = cells.iter().find(|cell| cell.status != Status::Done);
    let all_of = |values: fn(&CellResult) -> &BTreeMap<String, f64>| {
        let mut means = BTreeMap::new();
        for name in done.first().map(|cell| values(cell).keys()).into_iter().flatten() {
            let all: Vec<f64> = done.iter().filter_map(|cell| values(cell).get(name).copied()).collect();
            if let Some(mean) = mean(&all) {
                means.insert(name.clone(), mean);
            }
        }
        means
    };
    let of = |value: fn(&CellResult) -> Option<f64>| {
        mean(&done.iter().filter_map(|cell| value(cell)).collect::<Vec<f64>>())
    };
    let metric = first.primary_metric();
    let summary = Summary {
        task: first.task.clone(),
        split: first.split.clone(),
        protocol: first.protocol,
        model: first.model.clone(),
        mode: first.mode,
        control: first.control,
        status: worst.map_or(Status::Done, |cell| cell.status),
        reason: worst.and_then(|cell| cell.reason.clone()),
        seeds: done.iter().map(|cell| cell.seed).collect(),
        rank: None,
        tied: String::new(),
        primary: first.primary.clone(),
        higher_is_better: metric.is_none_or(Metric::higher_is_better),
        score: mean(&scores),
        detectable: None,
        validation: all_of(|cell| &cell.validation).get(&first.primary).copied(),
        over_seeds: if first.seeded { over_seeds(&scores) } else { None },
        over_items: over_items(&resamples, groups, items),
        metrics: all_of(|cell| &cell.metrics),
        flip_rate: of(|cell| cell.strand.as_ref()?.flip_rate),
        both_strands: of(|cell| cell.strand.as_ref()?.averaged.get(&cell.primary).copied()),
        gains: Gains::default(),
        facts: done.first().map(|cell| cell.facts.clone()).unwrap_or_default(),
        parameters: done.first().and_then(|cell| cell.parameters),
        fit_seconds: of(|cell| Some(cell.cost.fit_seconds)),
        seconds_per_1000: of(|cell| cell.cost.seconds_per_1000),
        peak_memory: done.iter().filter_map(|cell| cell.cost.peak_memory).max(),
        truncated_bases: done.iter().map(|cell| cell.truncated_bases).max().unwrap_or(0),
        cells: done.iter().map(|cell| cell.key.clone()).collect(),
        data: first.data.clone(),
        limit: first.limit,
    };
    let both = two_level(&per_seed);
    Ok(Row { summary, resamples, both, groups, items })
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn add_gains(rows: &mut [Row], joined_free: Option<&Joined>, joined_local: Option<&Joined>) {
    let best = |control: Control| -> Option<usize> {
        let mut best: Option<(f64, usize)> = None;
        for (place, row) in rows.iter().enumerate() {
            let summary = &row.summary;
            let Some(validation) = summary.validation.filter(|_| summary.control == Some(control)) else {
                continue;
            };
            let value = if summary.higher_is_better { validation } else { -validation };
            if best.is_none_or(|(highest, _)| value > highest) {
                best = Some((value, place));
            }
        }
        best.map(|(_, place)| place)
    };
    let (free, local) = (best(Control::ContextFree), best(Control::Local));
    let gains: Vec<Gains> = rows
        .iter()
        .map(|row| {
            let above = |place: Option<usize>| place.and_then(|place| gain(row, &rows[place]));
            let best_of = |joined: Option<&Joined>, place: Option<usize>| match joined {
                Some(joined) => {
                    let by_fold = joined.by_fold.clone();
                    gain(row, &joined.row).map(|gain| Gain { by_fold, ..gain })
                }
                None => above(place),
            };
            let context = best_of(joined_free, free);
            match row.summary.control {
                Some(Control::Local) => Gains { context, ..Gains::default() },
                Some(_) => Gains::default(),
                None => {
                    let twin = twin_of(&row.summary.model);
                    let twin = twin.and_then(|twin| {
                        rows.iter().position(|other| {
                            other.summary.model == twin && other.summary.mode == row.summary.mode
                        })
                    });
                    Gains { context, local: best_of(joined_local, local), pretraining: above(twin) }
                }
            }
        })
        .collect();
    for (row, gains) in rows.iter_mut().zip(gains) {
        row.summary.gains = gains;
    }
}

fn gain(row: &Row, control: &Row) -> Option<Gain> {
    let sign = if row.summary.higher_is_better { 1.0 } else { -1.0 };
    let value = sign * (row.summary.score? - control.summary.score?);
    let signed = |values: &[f64]| -> Vec<f64> { values.iter().map(|value| sign * value).collect() };
    let difference = paired(&signed(&row.both), &signed(&control.both), &what(row, control));
    Some(Gain {
        value,
        interval: difference.map(|difference| difference.interval),
        control: control.summary.model.clone(),
        by_fold: Vec::new(),
    })
}

fn what(row: &Row, control: &Row) -> String {
    let items = if row.groups == row.items {
        format!("{} test items", row.items)
    } else {
        format!("{} groups of test items", row.groups)
    };
    if row.summary.cells.len() > 1 || control.summary.cells.len() > 1 {
        format!("seeds and {items}")
    } else {
        items
    }
}

/// States for each row the least difference from the best other row that would be found.
fn add_detectable(rows: &mut [Row]) {
    let mut order: Vec<usize> = (0..rows.len()).filter(|&place| rows[place].summary.rank.is_some()).collect();
    order.sort_by_key(|&place| rows[place].summary.rank);
    for place in order.clone() {
        let rival = order.iter().find(|&&other| other != place);
        let difference = rival.and_then(|&rival| paired(&rows[place].both, &rows[rival].both, ""));
        rows[place].summary.detectable = difference.map(|difference| difference.detectable);
    }
}

fn rank(rows: &mut [Row]) {
    let mut order: Vec<usize> =
        (0..rows.len()).filter(|&place| rows[place].summary.score.is_some()).collect();
    order.sort_by(|&a, &b| {
        let value = |place: usize| {
            let summary = &rows[place].summary;
            let score = summary.score.unwrap_or(f64::NAN);
            if summary.higher_is_better { -score } else { score }
        };
        value(a).total_cmp(&value(b))
    });
    let mut letter = b'a';
    for (rank, &place) in order.iter().enumerate() {
        rows[place].summary.rank = Some(rank + 1);
        if !rows[place].summary.tied.is_empty() {
            continue;
        }
        let mut members = vec![place];
        for &other in &order[rank + 1..] {
            let difference = paired(&rows[place].resamples, &rows[other].resamples, "");
            if difference.is_some_and(|difference| difference.interval.holds(0.0)) {
                members.push(other);
            }
        }
        // A row that is like no other needs no letter.
        if members.len() > 1 && letter <= b'z' {
            for member in members {
                rows[member].summary.tied.push(char::from(letter));
            }
            letter += 1;
        }
    }
}
