//! The plots of a task's strata.

use super::{
    charts::{Chart, metric_name},
    numbers,
    section::Rows,
};
use crate::{
    plot::{DotPlot, DotRow},
    results::{AxisStrata, FEWEST_GROUPS_IN_STRATUM, Strata, StratumScore, TaskRecord, TaskStrata},
};

/// As many methods as there are marks.
const METHODS: usize = 6;

/// What the page shows of a task's strata.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// A plot for each way to divide items.
    pub(super) charts: Vec<Chart>,
    /// What is to be said beside them.
    pub(super) notes: Vec<String>,
}

/// Draws the strata of a task for the rows of a table; nothing if there are none.
pub(super) fn shown(
    strata: &Strata,
    task: &TaskRecord,
    rows: &Rows<'_>,
    all: &[&crate::results::Summary],
) -> Shown {
    let of_task = |strata: &&TaskStrata| (&strata.task, &strata.split) == (&task.task, &task.split);
    let Some(strata) = strata.tasks.iter().find(of_task) else { return Shown::default() };
    if !strata.are_of(all.iter().copied()) {
        return Shown {
            charts: Vec::new(),
            notes: vec![
                "The strata that were kept are of other answers; dlm bench strata makes them again.".into(),
            ],
        };
    }
    let methods: Vec<&str> = rows
        .list
        .iter()
        .filter(|row| row.score.is_some())
        .take(METHODS)
        .map(|row| row.model.as_str())
        .collect();
    let mut shown = Shown::default();
    for axis in &strata.axes {
        match &axis.reason {
            Some(reason) => shown.notes.push(format!("Not divided by {}: {reason}.", axis.axis)),
            None => shown.charts.push(chart(strata, axis, rows, &methods)),
        }
    }
    let more = rows.list.iter().filter(|row| row.score.is_some()).count() - methods.len();
    if more > 0 {
        shown
            .notes
            .push(format!("The {METHODS} methods with the best scores; strata.json holds {more} more."));
    }
    shown
}

fn chart(strata: &TaskStrata, axis: &AxisStrata, rows: &Rows<'_>, methods: &[&str]) -> Chart {
    let mut plot = DotPlot::new(format!("{} in the stratum", metric_name(&strata.primary)));
    plot.series = methods.iter().map(|model| numbers::label(model)).collect();
    let mut few = false;
    for stratum in &axis.strata {
        few |= stratum.few_groups;
        let mark = if stratum.few_groups { "*" } else { "" };
        let size = format!("{} items, {}{mark} groups", numbers::count(stratum.items as u64), stratum.groups);
        for (series, model) in methods.iter().enumerate() {
            let ours = |score: &&StratumScore| score.model == **model && score.protocol == rows.protocol;
            let Some(score) = stratum.scores.iter().find(ours) else { continue };
            let first = series == 0;
            plot.rows.push(DotRow {
                label: if first { stratum.label.clone() } else { String::new() },
                value: score.score,
                interval: score.interval.as_ref().map(|interval| (interval.low, interval.high)),
                series,
                note: match &score.reason {
                    Some(reason) => reason.clone(),
                    None if first => size.clone(),
                    None => String::new(),
                },
                ..DotRow::default()
            });
        }
    }
    let warning = if few {
        format!(" * fewer than {FEWEST_GROUPS_IN_STRATUM} leakage groups: the interval is too narrow.")
    } else {
        String::new()
    };
    Chart {
        title: format!("By {}", axis.axis),
        caption: format!(
            "Lines: 95 % intervals over the items of a stratum, resampled by leakage group, of the mean over seeds.{warning}"
        ),
        svg: plot.to_svg(),
        wide: true,
    }
}
