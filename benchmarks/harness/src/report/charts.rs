//! The plots of one task.

use dlm_sdk::metrics::{ConfusionMatrix, calibration, pr_curve, roc_curve};
use serde::Serialize;

use super::{curves::Answers, numbers, section::Rows};
use crate::{
    plot::{DotPlot, DotRow, Heatmap, Line, LinePlot, Reference, Straight},
    results::{Control, Interval, Summary, TaskRecord},
};

/// At most so many curves are drawn into one plot: as many as there are marks.
const CURVES: usize = 6;
/// A curve of more points is thinned.
const POINTS: usize = 300;

/// A plot with its words.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) caption: String,
    pub(super) svg: String,
    /// Whether it takes the whole width.
    pub(super) wide: bool,
}

const KINDS: [&str; 4] = ["context-free control", "local control", "artefact control", "model"];

/// Returns the series of a method: what it can see.
fn kind(row: &Summary) -> usize {
    match row.control {
        Some(Control::ContextFree) => 0,
        Some(Control::Local) => 1,
        Some(Control::Artefact) => 2,
        None => 3,
    }
}

/// Draws all plots of a task.
pub(super) fn charts(task: &TaskRecord, rows: &Rows<'_>, answers: &[Answers]) -> Vec<Chart> {
    let mut charts = vec![scores(task, rows)];
    charts.extend(gains(rows));
    if task.target == "multiclass" && task.outputs > 32 && rows.primary != "accuracy" {
        charts.push(accuracy(task, rows));
    }
    if task.target == "binary" && !answers.is_empty() {
        charts.extend([roc(answers), precision_recall(answers), reliability(answers)]);
    }
    if (2..=12).contains(&task.outputs) && matches!(task.target.as_str(), "binary" | "multiclass") {
        charts.extend(answers.first().and_then(|best| confusion(task, best)));
    }
    charts
}

fn ends(interval: Option<&Interval>) -> Option<(f64, f64)> {
    interval.map(|interval| (interval.low, interval.high))
}

fn unfinished(row: &Summary) -> DotRow {
    DotRow {
        label: numbers::label(&row.model),
        note: row.status.name().to_owned(),
        series: kind(row),
        ..DotRow::default()
    }
}

fn dots(axis: &str) -> DotPlot {
    DotPlot { series: KINDS.map(str::to_owned).to_vec(), ..DotPlot::new(axis) }
}

fn scores(task: &TaskRecord, rows: &Rows<'_>) -> Chart {
    let mut plot = dots(&format!("{} on test", metric_name(rows.primary)));
    for row in &rows.list {
        let Some(score) = row.score else {
            plot.rows.push(unfinished(row));
            continue;
        };
        plot.rows.push(DotRow {
            label: numbers::label(&row.model),
            value: Some(score),
            interval: ends(row.over_items.as_ref()),
            band: ends(row.over_seeds.as_ref()),
            points: rows.seed_scores(row),
            series: kind(row),
            note: if row.tied.is_empty() { String::new() } else { format!("ties: {}", row.tied) },
        });
    }
    let guess = match rows.primary {
        "mcc" => Some(0.0),
        "accuracy" => task.chance,
        "auroc" => Some(0.5),
        _ => None,
    };
    plot.references.extend(guess.map(|value| Reference { value, label: "guessing".into() }));
    Chart {
        title: "Scores".into(),
        caption: "Marker: mean over seeds. Line with caps: interval over test items. Pale bar: interval over seeds. Small \
                  dots: single seeds. Methods that share a letter at the right cannot be told apart by this test set."
            .into(),
        svg: plot.to_svg(),
        wide: true,
    }
}

fn gains(rows: &Rows<'_>) -> Option<Chart> {
    let mut plot = dots(&format!("context gain in {}", metric_name(rows.primary)));
    for row in &rows.list {
        let Some(gain) = &row.gains.context else { continue };
        plot.rows.push(DotRow {
            label: numbers::label(&row.model),
            value: Some(gain.value),
            interval: ends(gain.interval.as_ref()),
            series: kind(row),
            note: if gain.control == row.model { "the control".into() } else { String::new() },
            ..DotRow::default()
        });
    }
    let control = numbers::label(&rows.list.iter().find_map(|row| row.gains.context.as_ref())?.control);
    plot.references.push(Reference { value: 0.0, label: control.clone() });
    Some(Chart {
        title: "Context gain".into(),
        caption: format!(
            "How far each method lies above {control}, the context-free control with the best validation score. Intervals \
             are paired over test items; one that crosses the dashed line is no evidence of a difference."
        ),
        svg: plot.to_svg(),
        wide: true,
    })
}

fn accuracy(task: &TaskRecord, rows: &Rows<'_>) -> Chart {
    let mut plot = dots("accuracy on test, percent");
    for row in &rows.list {
        let value = row.metrics.get("accuracy").map(|accuracy| accuracy * 100.0);
        let note = value.map_or_else(|| row.status.name().to_owned(), |value| format!("{value:.2} %"));
        plot.rows.push(DotRow {
            label: numbers::label(&row.model),
            value,
            series: kind(row),
            note,
            ..DotRow::default()
        });
    }
    if let Some(chance) = task.chance {
        let label = format!("chance {}", numbers::percent(chance));
        plot.references.push(Reference { value: chance * 100.0, label });
    }
    Chart {
        title: "Accuracy against chance".into(),
        caption: format!(
            "Chance is one in {}. The row of majority says what the commonest class alone gives.",
            task.outputs
        ),
        svg: plot.to_svg(),
        wide: true,
    }
}

fn curve(x: &str, y: &str) -> LinePlot {
    LinePlot {
        x_range: Some((0.0, 1.0)),
        y_range: Some((0.0, 1.0)),
        width: 400.0,
        height: 320.0,
        ..LinePlot::new(x, y)
    }
}

fn thin(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let last = points.len().saturating_sub(1);
    let step = points.len().div_ceil(POINTS).max(1);
    points
        .into_iter()
        .enumerate()
        .filter(|(index, _)| index % step == 0 || *index == last)
        .map(|(_, point)| point)
        .collect()
}

fn roc(answers: &[Answers]) -> Chart {
    let mut plot = curve("false positive rate", "true positive rate");
    plot.reference = Some(Straight { from: (0.0, 0.0), to: (1.0, 1.0), label: "guessing".into() });
    for (series, answer) in answers.iter().take(CURVES).enumerate() {
        let points =
            roc_curve(&answer.scores, &answer.positive).iter().map(|point| (point.x, point.y)).collect();
        plot.lines.push(Line {
            label: numbers::label(&answer.model),
            points: thin(points),
            series,
            ..Line::default()
        });
    }
    Chart {
        title: "Receiver operating characteristic".into(),
        caption: "First seed; the best methods by rank.".into(),
        svg: plot.to_svg(),
        wide: false,
    }
}

fn precision_recall(answers: &[Answers]) -> Chart {
    let mut plot = curve("recall", "precision");
    if let Some(first) = answers.first() {
        let share = first.positive.iter().filter(|positive| **positive).count() as f64
            / first.positive.len().max(1) as f64;
        plot.reference = Some(Straight { from: (0.0, share), to: (1.0, share), label: "guessing".into() });
    }
    for (series, answer) in answers.iter().take(CURVES).enumerate() {
        let points =
            pr_curve(&answer.scores, &answer.positive).iter().map(|point| (point.x, point.y)).collect();
        plot.lines.push(Line {
            label: numbers::label(&answer.model),
            points: thin(points),
            series,
            ..Line::default()
        });
    }
    Chart {
        title: "Precision and recall".into(),
        caption: "First seed; the best methods by rank.".into(),
        svg: plot.to_svg(),
        wide: false,
    }
}

fn reliability(answers: &[Answers]) -> Chart {
    let mut plot = curve("mean confidence in the prediction", "share of predictions that are right");
    plot.x_range = Some((0.5, 1.0));
    plot.reference =
        Some(Straight { from: (0.0, 0.0), to: (1.0, 1.0), label: "perfectly calibrated".into() });
    for (series, answer) in answers.iter().take(CURVES).enumerate() {
        let items = answer.scores.iter().zip(&answer.positive).map(|(score, positive)| {
            let score = f64::from(*score);
            (score.max(1.0 - score), (score > 0.5) == *positive)
        });
        let bins = calibration(items);
        let points =
            bins.iter().filter(|bin| bin.items >= 5).map(|bin| (bin.confidence, bin.accuracy)).collect();
        plot.lines.push(Line {
            label: numbers::label(&answer.model),
            points,
            markers: true,
            series,
            ..Line::default()
        });
    }
    Chart {
        title: "Calibration".into(),
        caption: "Ten bins of confidence, those with at least five items; first seed. Below the dashed line a method is \
                  more confident than right."
            .into(),
        svg: plot.to_svg(),
        wide: false,
    }
}

fn confusion(task: &TaskRecord, best: &Answers) -> Option<Chart> {
    let counts = ConfusionMatrix::count(task.outputs, best.classes.iter().copied()).ok()?;
    let names: Vec<String> = (0..task.outputs).map(|class| class_name(task, class)).collect();
    let map = Heatmap {
        row_axis: "target".into(),
        column_axis: "prediction".into(),
        rows: names.clone(),
        columns: names,
        values: counts.rows().flatten().map(|&count| Some(count as f64)).collect(),
        decimals: 0,
    };
    Some(Chart {
        title: format!("Confusion of {}", numbers::label(&best.model)),
        caption: "Test items by target and prediction; first seed of the best method.".into(),
        svg: map.to_svg(),
        wide: false,
    })
}

/// Returns the name of a class, its number if it has none.
pub(super) fn class_name(task: &TaskRecord, class: usize) -> String {
    task.class_names.get(class).cloned().unwrap_or_else(|| class.to_string())
}

/// Returns a metric's name as words.
pub(super) fn metric_name(id: &str) -> &str {
    match id {
        "mcc" => "MCC",
        "accuracy" => "accuracy",
        "f1" => "macro F1",
        "precision" => "macro precision",
        "recall" => "macro recall",
        "balanced_accuracy" => "balanced accuracy",
        "auroc" => "AUROC",
        "auprc" => "AUPRC",
        "top5_accuracy" => "top-5 accuracy",
        "perplexity" => "perplexity",
        "bits_per_nucleotide" => "bits per nucleotide",
        "calibration_error" => "calibration error",
        "pearson" => "Pearson r",
        "spearman" => "Spearman \u{3c1}",
        "r2" => "R\u{b2}",
        other => other,
    }
}
