//! One table of all tasks: the primary score of each method.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    charts::metric_name,
    numbers,
    section::{Field, Rows, kind_name},
};
use crate::results::TaskRecord;

/// The primary score of each method on each task.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Overview {
    pub(super) tasks: Vec<Column>,
    pub(super) rows: Vec<Line>,
}

/// A task in the table's head.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) split: String,
    pub(super) metric: String,
    pub(super) anchor: String,
}

/// A method's scores.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    pub(super) model: String,
    pub(super) kind: &'static str,
    pub(super) scores: Vec<Score>,
}

/// A score in the table.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Score {
    pub(super) field: Field,
    pub(super) best: bool,
}

impl Overview {
    /// Collects the scores, methods in the order of their mean rank.
    pub(super) fn new(tables: &[(String, &TaskRecord, Rows<'_>)]) -> Self {
        let mut lines: BTreeMap<&str, Line> = BTreeMap::new();
        let mut ranks: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, (_, task, table)) in tables.iter().enumerate() {
            for row in &table.list {
                let line = lines.entry(&row.model).or_insert_with(|| Line {
                    model: numbers::label(&row.model),
                    kind: kind_name(row),
                    scores: vec![
                        Score {
                            field: Field { text: "\u{2013}".into(), ..Field::default() },
                            best: false
                        };
                        tables.len()
                    ],
                });
                ranks.entry(&row.model).or_default().push(row.rank.unwrap_or(table.list.len()));
                let text = match row.score {
                    Some(score) => numbers::fixed(score, table.decimals()),
                    None => row.status.name().to_owned(),
                };
                line.scores[index] = Score {
                    field: Field { text, sort: row.score, title: row.reason.clone().unwrap_or_default() },
                    best: row.rank == Some(1) && !task.underpowered(),
                };
            }
        }
        let mean = |model: &str| {
            ranks
                .get(model)
                .map_or(f64::MAX, |ranks| ranks.iter().sum::<usize>() as f64 / ranks.len().max(1) as f64)
        };
        let mut rows: Vec<(&str, Line)> = lines.into_iter().collect();
        rows.sort_by(|a, b| mean(a.0).total_cmp(&mean(b.0)));
        let rows = rows.into_iter().map(|(_, line)| line).collect();
        let column = |(anchor, task, table): &(String, &TaskRecord, Rows<'_>)| Column {
            name: task.task.clone(),
            split: task.split.clone(),
            metric: metric_name(table.primary).to_owned(),
            anchor: anchor.clone(),
        };
        Self { tasks: tables.iter().map(column).collect(), rows }
    }
}
