//! What the page says about one task.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    charts::{Chart, class_name, metric_name},
    numbers,
};
use crate::results::{
    CellResult, Control, Document, FEWEST_GROUPS, Gain, Protocol, PublishedScore, Status, Summary, TaskRecord,
};

/// Fewer leakage groups than this make intervals over items unreliable.
const FEW_GROUPS: usize = 20;
/// An interval over items with arms longer than this hides differences of that size.
const LONG_ARM: f64 = 0.05;

/// The rows of one table: a task, its split and a protocol, best first.
#[derive(Clone, Debug)]
pub(super) struct Rows<'a> {
    pub(super) protocol: Protocol,
    pub(super) primary: &'a str,
    pub(super) list: Vec<&'a Summary>,
    cells: BTreeMap<&'a str, &'a CellResult>,
}

impl<'a> Rows<'a> {
    /// Returns the rows of a task, of all protocols.
    pub(super) fn all(document: &'a Document, task: &'a TaskRecord) -> impl Iterator<Item = &'a Summary> {
        document.summary.iter().filter(|row| {
            row.task == task.task
                && row.split == task.split
                && row.data == task.data
                && row.limit == task.limit
        })
    }

    /// Collects the tables of a task, one a protocol.
    pub(super) fn of(document: &'a Document, task: &'a TaskRecord) -> Vec<Self> {
        let primary = task.metrics.first().map_or("accuracy", String::as_str);
        let cells: BTreeMap<&str, &CellResult> =
            document.cells.iter().map(|cell| (cell.key.as_str(), cell)).collect();
        let mut protocols: Vec<Protocol> = Self::all(document, task).map(|row| row.protocol).collect();
        protocols.sort_unstable();
        protocols.dedup();
        let table = |protocol| {
            let mut rows: Vec<&Summary> =
                Self::all(document, task).filter(|row| row.protocol == protocol).collect();
            rows.sort_by_key(|row| (row.score.is_none(), row.rank.unwrap_or(usize::MAX)));
            Self { protocol, primary, list: rows, cells: cells.clone() }
        };
        protocols.into_iter().map(table).collect()
    }

    /// Returns the primary score of each seed of a row.
    pub(super) fn seed_scores(&self, row: &Summary) -> Vec<f64> {
        let scores = row.cells.iter().filter_map(|key| self.cells.get(key.as_str())?.score());
        if row.cells.len() > 1 { scores.collect() } else { Vec::new() }
    }

    /// Returns the context-free and the local control that gains were taken above.
    pub(super) fn controls(&self) -> (Option<&'a str>, Option<&'a str>) {
        let control = |gain: fn(&Summary) -> Option<&Gain>| {
            self.list.iter().find_map(|&row| gain(row)).map(|gain| gain.control.as_str())
        };
        (control(|row| row.gains.context.as_ref()), control(|row| row.gains.local.as_ref()))
    }

    /// Returns how many decimals its scores are written with.
    pub(super) fn decimals(&self) -> usize {
        numbers::decimals(self.list.iter().filter_map(|row| row.score))
    }
}

/// A cell of a table: what is read, and what is sorted by.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Field {
    pub(super) text: String,
    pub(super) sort: Option<f64>,
    pub(super) title: String,
}

impl Field {
    fn number(value: Option<f64>, write: impl Fn(f64) -> String) -> Self {
        match value {
            Some(value) => Self { text: write(value), sort: Some(value), title: String::new() },
            None => Self::none(""),
        }
    }

    fn none(why: &str) -> Self {
        Self { text: "\u{2013}".into(), sort: None, title: why.into() }
    }
}

/// A row of a task's table.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) rank: Field,
    pub(super) model: String,
    pub(super) spec: String,
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    pub(super) reason: String,
    pub(super) tied: String,
    pub(super) score: Field,
    pub(super) over_items: Field,
    pub(super) over_seeds: Field,
    pub(super) detectable: Field,
    pub(super) context: Field,
    pub(super) local: Field,
    pub(super) pretraining: Field,
    pub(super) validation: Field,
    pub(super) fit: Field,
    pub(super) latency: Field,
    pub(super) parameters: Field,
    pub(super) memory: Field,
    pub(super) facts: String,
}

/// A published score as a row of a task's table.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PublishedRow {
    model: String,
    how: String,
    /// In the column of the score if it is of the same metric, else named.
    score: Field,
    source: String,
    note: String,
}

impl PublishedRow {
    fn new(score: &PublishedScore, primary: &str, decimals: usize) -> Self {
        let relation = if score.relation == "=" { String::new() } else { format!("{} ", score.relation) };
        let value = format!("{relation}{}", numbers::fixed(score.value, decimals));
        let same = score.metric == primary;
        Self {
            model: score.model.clone(),
            how: score.how.clone(),
            score: Field {
                text: if same { value } else { format!("{value} ({})", metric_name(&score.metric)) },
                sort: Some(score.value).filter(|_| same),
                title: "as published, not run here".into(),
            },
            source: score.source.clone(),
            note: score.note.clone(),
        }
    }
}

/// The size of a class in the test split.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Class {
    name: String,
    items: String,
    share: String,
    width: f64,
}

/// What the page says about one task.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each says whether the page has a column")]
pub(super) struct Section {
    pub(super) anchor: String,
    pub(super) task: String,
    pub(super) split: String,
    pub(super) protocol: &'static str,
    pub(super) metric: String,
    pub(super) higher_is_better: bool,
    pub(super) verdict: Vec<String>,
    pub(super) badges: Vec<Badge>,
    pub(super) facts: Vec<(String, String)>,
    pub(super) classes: Vec<Class>,
    pub(super) notes: Vec<String>,
    pub(super) citation: String,
    pub(super) license: String,
    pub(super) rows: Vec<Row>,
    pub(super) published: Vec<PublishedRow>,
    pub(super) small: bool,
    pub(super) local: bool,
    pub(super) pretraining: bool,
    pub(super) charts: Vec<Chart>,
    pub(super) strata: Vec<Chart>,
    pub(super) strata_notes: Vec<String>,
    pub(super) metrics: MetricTable,
}

/// A warning in two words, with its reason.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Badge {
    name: &'static str,
    reason: String,
}

/// All metrics of all methods.
#[derive(Clone, Debug, Serialize)]
pub(super) struct MetricTable {
    pub(super) names: Vec<String>,
    pub(super) rows: Vec<(String, Vec<Field>)>,
}

impl Section {
    /// Says everything about a task but its plots.
    pub(super) fn new(
        number: usize,
        task: &TaskRecord,
        rows: &Rows<'_>,
        published: &[PublishedScore],
    ) -> Self {
        let higher = rows.list.first().is_none_or(|row| row.higher_is_better);
        Self {
            anchor: format!("task-{number}"),
            task: task.task.clone(),
            split: task.split.clone(),
            protocol: rows.protocol.name(),
            metric: metric_name(rows.primary).to_owned(),
            higher_is_better: higher,
            verdict: verdict(rows),
            badges: badges(task, rows),
            facts: facts(task, rows),
            classes: classes(task),
            notes: task.notes.clone(),
            citation: task.citation.clone(),
            license: task.license.clone(),
            rows: rows
                .list
                .iter()
                .map(|summary| Row {
                    rank: rank(summary, task),
                    ..row(summary, rows.decimals(), rows.controls())
                })
                .collect(),
            published: published
                .iter()
                .filter(|score| score.task == task.task)
                .map(|score| PublishedRow::new(score, rows.primary, rows.decimals()))
                .collect(),
            small: task.underpowered(),
            local: rows.list.iter().any(|row| row.gains.local.is_some()),
            pretraining: rows.list.iter().any(|row| row.gains.pretraining.is_some()),
            charts: Vec::new(),
            strata: Vec::new(),
            strata_notes: Vec::new(),
            metrics: metric_table(task, rows),
        }
    }
}

/// Returns the place of a row, which is none on a task too small to rank by.
fn rank(summary: &Summary, task: &TaskRecord) -> Field {
    let place = summary.rank.map(|rank| rank as f64);
    if task.underpowered() {
        let why = format!("underpowered: {} leakage groups, fewer than {FEWEST_GROUPS}", task.all_groups);
        return Field { sort: place, ..Field::none(&why) };
    }
    Field::number(place, |rank| format!("{rank:.0}"))
}

fn row(summary: &Summary, decimals: usize, controls: (Option<&str>, Option<&str>)) -> Row {
    let interval = |interval: Option<&crate::results::Interval>, why: &str| match interval {
        Some(around) => Field {
            text: numbers::interval(around, decimals),
            sort: Some(around.high - around.low),
            title: format!("{:.0} %, {}", around.level * 100.0, around.method),
        },
        None => Field::none(why),
    };
    let gain = |gain: Option<&Gain>, control: Option<&str>| match gain {
        _ if control == Some(&summary.model) => {
            Field { text: "the control".into(), sort: Some(0.0), title: "chosen on validation".into() }
        }
        Some(gain) => Field {
            text: numbers::gain(gain, decimals),
            sort: Some(gain.value),
            title: format!("above {}, chosen on validation", numbers::label(&gain.control)),
        },
        None => Field::none("a control itself, or no control to stand above"),
    };
    let done = summary.score.is_some();
    let no_seeds = if done { "a method without randomness, or fewer than three seeds" } else { "" };
    Row {
        rank: Field::default(),
        model: numbers::label(&summary.model),
        spec: summary.model.clone(),
        kind: kind_name(summary),
        status: summary.status.name(),
        reason: summary.reason.clone().unwrap_or_default(),
        tied: summary.tied.clone(),
        score: Field::number(summary.score, |score| numbers::fixed(score, decimals)),
        over_items: interval(summary.over_items.as_ref(), ""),
        over_seeds: interval(summary.over_seeds.as_ref(), no_seeds),
        detectable: Field::number(summary.detectable, |least| numbers::fixed(least, decimals)),
        context: gain(summary.gains.context.as_ref(), controls.0),
        local: gain(summary.gains.local.as_ref(), controls.1),
        pretraining: gain(summary.gains.pretraining.as_ref(), None),
        validation: Field::number(summary.validation, |score| numbers::fixed(score, decimals)),
        fit: Field::number(summary.fit_seconds, numbers::duration),
        latency: Field::number(summary.seconds_per_1000, numbers::duration),
        parameters: Field::number(summary.parameters.map(|count| count as f64), |count| {
            numbers::count(count as u64)
        }),
        memory: Field::number(summary.peak_memory.map(|bytes| bytes as f64), |bytes| {
            numbers::bytes(bytes as u64)
        }),
        facts: summary
            .facts
            .iter()
            .map(|fact| format!("{} {}", fact.name, fact.value))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// Returns what a method is, in words for a table.
pub(super) fn kind_name(row: &Summary) -> &'static str {
    row.control.map_or_else(|| row.mode.name(), Control::name)
}

/// Says in sentences what the table shows.
fn verdict(rows: &Rows<'_>) -> Vec<String> {
    let decimals = rows.decimals();
    let metric = metric_name(rows.primary);
    let Some(best) = rows.list.iter().find(|row| row.score.is_some()) else {
        return vec!["No method has a score on this task.".into()];
    };
    let around = best.over_items.as_ref().map(|around| format!(" {}", numbers::interval(around, decimals)));
    let score = best.score.map(|score| numbers::fixed(score, decimals)).unwrap_or_default();
    let mut sentences = vec![format!(
        "Best: {}, {metric} {score}{}.",
        numbers::label(&best.model),
        around.unwrap_or_default()
    )];
    let rival = rows.list.iter().find(|row| {
        row.score.is_some()
            && matches!(row.control, None | Some(Control::Local))
            && row.gains.context.is_some()
    });
    if let Some(rival) = rival
        && let Some(gain) = &rival.gains.context
    {
        let written = numbers::gain(gain, decimals);
        let meaning = match &gain.interval {
            Some(around) if around.low > 0.0 => "more than token frequencies alone",
            Some(around) if around.high < 0.0 => "less than token frequencies alone",
            Some(_) => "not told apart from token frequencies alone",
            None => "without an interval, no evidence",
        };
        sentences.push(format!(
            "Best method that sees more than frequencies: {}, context gain {written} above {} ({meaning}).",
            numbers::label(&rival.model),
            numbers::label(&gain.control)
        ));
    }
    sentences
}

fn badges(task: &TaskRecord, rows: &Rows<'_>) -> Vec<Badge> {
    let mut badges = Vec::new();
    if let Some(audit) = task.audit.as_ref().filter(|audit| audit.verdict > dlm_audit::Status::Pass) {
        let name =
            if audit.verdict == dlm_audit::Status::Fail { "leak audit failed" } else { "leak audit warns" };
        badges.push(Badge { name, reason: audit.to_string() });
    }
    let arm = rows
        .list
        .iter()
        .find_map(|row| row.over_items.as_ref())
        .map_or(0.0, |around| (around.high - around.low) / 2.0);
    if task.underpowered() {
        badges.push(Badge {
            name: "underpowered",
            reason: format!(
                "{} leakage groups in all splits, fewer than {FEWEST_GROUPS}: methods are not ranked{}",
                task.all_groups,
                task.advice().map(|advice| format!("; {advice}")).unwrap_or_default()
            ),
        });
    } else if task.groups < FEW_GROUPS {
        badges.push(Badge {
            name: "underpowered",
            reason: format!("only {} leakage groups in test: intervals over items are rough", task.groups),
        });
    } else if arm > LONG_ARM {
        badges.push(Badge {
            name: "underpowered",
            reason: format!("the best method's interval over items reaches {arm:.3} to either side"),
        });
    }
    for (status, name) in
        [(Status::Failed, "failed"), (Status::Unsupported, "unsupported"), (Status::Missing, "missing")]
    {
        let count = rows.list.iter().filter(|row| row.status == status).count();
        if count > 0 {
            badges.push(Badge { name, reason: format!("{count} of {} methods", rows.list.len()) });
        }
    }
    if let Some(limit) = task.limit {
        badges.push(Badge { name: "limited", reason: format!("at most {limit} items of each split") });
    }
    badges
}

fn facts(task: &TaskRecord, rows: &Rows<'_>) -> Vec<(String, String)> {
    let [train, validation, test] = task.items.map(|items| numbers::count(items as u64));
    let target = match task.target.as_str() {
        "binary" => "one of two classes".to_owned(),
        "multiclass" => format!("one of {} classes", numbers::count(task.outputs as u64)),
        "multilabel" => format!("any of {} labels", task.outputs),
        _ if task.outputs == 1 => "a number".to_owned(),
        _ => format!("{} numbers", task.outputs),
    };
    let mut facts = vec![
        ("Predicts".to_owned(), target),
        ("Items".to_owned(), format!("{train} train, {validation} validation, {test} test")),
        ("Leakage groups in test".to_owned(), numbers::count(task.groups as u64)),
    ];
    facts.extend(task.chance.map(|chance| ("Accuracy of guessing".to_owned(), numbers::percent(chance))));
    let strand =
        if task.strand_specific { "the answer depends on it" } else { "the answer is the same on both" };
    facts.push(("Strand".to_owned(), strand.to_owned()));
    let flips: Vec<String> = rows
        .list
        .iter()
        .filter_map(|row| Some((numbers::label(&row.model), row.flip_rate?, row.both_strands)))
        .map(|(model, flips, both)| {
            let both = both.map(|score| format!(", {} over both", numbers::fixed(score, rows.decimals())));
            format!("{model} {}{}", numbers::percent(flips), both.unwrap_or_default())
        })
        .collect();
    if !flips.is_empty() {
        facts.push(("Answers that flip on the other strand".to_owned(), flips.join("; ")));
    }
    facts.extend(task.audit.as_ref().map(|audit| ("Leak audit".to_owned(), audit.to_string())));
    let least = rows.list.iter().find_map(|row| row.detectable);
    facts.extend(least.map(|least| {
        let sentence = format!("{} between the first two, in four of five cases", numbers::fixed(least, 3));
        ("Difference that is found".to_owned(), sentence)
    }));
    facts.push(("Spec".to_owned(), task.spec.clone()));
    facts
}

fn classes(task: &TaskRecord) -> Vec<Class> {
    let total: usize = task.class_counts.iter().sum();
    if task.class_counts.len() > 12 || total == 0 {
        return Vec::new();
    }
    let class = |(index, &items): (usize, &usize)| {
        let share = items as f64 / total as f64;
        Class {
            name: class_name(task, index),
            items: numbers::count(items as u64),
            share: numbers::percent(share),
            width: (share * 1000.0).round() / 10.0,
        }
    };
    task.class_counts.iter().enumerate().map(class).collect()
}

fn metric_table(task: &TaskRecord, rows: &Rows<'_>) -> MetricTable {
    let field = |row: &Summary, id: &String| {
        Field::number(row.metrics.get(id).copied(), |value| numbers::fixed(value, 3))
    };
    let done = rows.list.iter().filter(|row| row.score.is_some());
    MetricTable {
        names: task.metrics.iter().map(|id| metric_name(id).to_owned()).collect(),
        rows: done
            .map(|row| (numbers::label(&row.model), task.metrics.iter().map(|id| field(row, id)).collect()))
            .collect(),
    }
}
