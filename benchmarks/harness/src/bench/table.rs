//! The table in the terminal.

use std::fmt::Write as _;

use crate::{
    results::{
        Document, FEWEST_GROUPS, Gain, Interval, ModelRecord, PublishedScore, Status, Summary, TaskRecord,
    },
    tokenizer::thousands,
};

/// Draws a table a task, split and protocol: rows by rank, intervals, the context gain first among the gains, and what it
/// took: seconds to fit and for 1,000 items, megabytes of memory, numbers that were fitted.
pub fn table(document: &Document) -> String {
    let mut text = String::new();
    let mut rest: Vec<&Summary> = document.summary.iter().collect();
    while let Some(first) = rest.first().copied() {
        let same = |row: &&Summary| {
            (&row.task, &row.split, row.protocol, &row.data, row.limit)
                == (&first.task, &first.split, first.protocol, &first.data, first.limit)
        };
        let (mut rows, others): (Vec<&Summary>, Vec<&Summary>) = rest.into_iter().partition(same);
        rest = others;
        rows.sort_by_key(|row| row.rank.unwrap_or(usize::MAX));
        if !text.is_empty() {
            text.push('\n');
        }
        one(&mut text, &rows, document);
    }
    for model in &document.models {
        masked(&mut text, model);
    }
    text
}

/// Draws what a pretrained model and its controls reach at hidden tokens.
fn masked(text: &mut String, model: &ModelRecord) {
    let _ = writeln!(
        text,
        "\n{}: {} weights, {} steps, {} tokens and {} bases seen{}",
        model.model,
        thousands(model.parameters),
        thousands(model.steps),
        thousands(model.tokens),
        thousands(model.bases),
        if model.undertrained { "; undertrained" } else { "" }
    );
    let _ = writeln!(
        text,
        "  {:<28}{:>10}{:>12}{:>12}{:>10}   {} hidden tokens of held-out stretches",
        "masked tokens",
        "accuracy",
        "top tenth",
        "perplexity",
        "bits/nt",
        thousands(model.guessed)
    );
    for score in &model.masked {
        let _ = writeln!(
            text,
            "  {:<28}{:>10.4}{:>12.4}{:>12.1}{:>10.4}",
            score.method, score.accuracy, score.top_tenth, score.perplexity, score.bits_per_base
        );
    }
}

fn one(text: &mut String, rows: &[&Summary], document: &Document) {
    let first = rows[0];
    let record = document.tasks.iter().find(|task| task.data == first.data && task.limit == first.limit);
    let _ = write!(text, "{}, {} split, protocol {}", first.task, first.split, first.protocol);
    if let Some(task) = record {
        let [train, validation, tested] = task.items;
        let _ =
            write!(text, ": {train} train, {validation} validation, {tested} test in {} groups", task.groups);
        if let Some(chance) = task.chance {
            let _ = write!(text, ", chance accuracy {chance:.4}");
        }
        if let Some(audit) = &task.audit {
            let _ = write!(text, "\n  leak audit: {audit}");
        }
        if task.underpowered() {
            let _ = write!(
                text,
                "\n  underpowered: {} leakage groups in all splits, fewer than {FEWEST_GROUPS}; in the order of their \
                 scores, not a ranking",
                task.all_groups
            );
            if let Some(least) = rows.iter().find_map(|row| row.detectable) {
                let _ = write!(
                    text,
                    "; of the first two, a true difference of {least:.4} would be found in 4 of 5 cases"
                );
            }
            if let Some(advice) = task.advice() {
                let _ = write!(text, "\n  {advice}");
            }
        }
    }
    text.push('\n');
    let primary = first.primary.as_str();
    let second = if primary == "accuracy" { "mcc" } else { "accuracy" };
    let header = [
        "method",
        primary,
        "over items",
        "over seeds",
        "detectable",
        second,
        "strand flips",
        "both strands",
        "context gain",
        "beyond local",
        "pretraining",
        "tied",
        "fit s",
        "s/1000",
        "MB",
        "weights",
        "note",
    ];
    let mut cells: Vec<Vec<String>> = vec![header.map(str::to_owned).to_vec()];
    for row in rows {
        cells.push(vec![
            if row.control.is_some() {
                row.model.clone()
            } else {
                format!("{} [{}]", row.model, row.mode.name())
            },
            number(row.score),
            interval(row.over_items.as_ref()),
            interval(row.over_seeds.as_ref()),
            number(row.detectable.filter(|_| record.is_some_and(TaskRecord::underpowered))),
            number(row.metrics.get(second).copied()),
            number(row.flip_rate),
            number(row.both_strands),
            gain(row.gains.context.as_ref()),
            gain(row.gains.local.as_ref()),
            gain(row.gains.pretraining.as_ref()),
            row.tied.clone(),
            row.fit_seconds.map_or_else(String::new, |seconds| format!("{seconds:.1}")),
            row.seconds_per_1000.map_or_else(String::new, |seconds| format!("{seconds:.2}")),
            row.peak_memory.map_or_else(String::new, |bytes| (bytes / 1_000_000).to_string()),
            row.parameters.map_or_else(String::new, thousands),
            note(row, document),
        ]);
    }
    for score in document.published.iter().filter(|score| score.task == first.task) {
        cells.push(published(score, &header));
    }
    // A column that nobody fills says nothing.
    let filled: Vec<usize> =
        (0..header.len()).filter(|&column| cells.iter().skip(1).any(|row| !row[column].is_empty())).collect();
    for row in &cells {
        let mut line = String::new();
        for &column in &filled {
            let width = cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
            let cell = &row[column];
            if column == 0 || column + 1 == header.len() {
                let _ = write!(line, "  {cell:<width$}");
            } else {
                let _ = write!(line, "  {cell:>width$}");
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    sources_and_controls(text, rows, document);
}

/// Says where published rows are from and what gains are above.
fn sources_and_controls(text: &mut String, rows: &[&Summary], document: &Document) {
    let mut sources: Vec<&str> = Vec::new();
    for score in document.published.iter().filter(|score| score.task == rows[0].task) {
        if !sources.contains(&score.source.as_str()) {
            sources.push(&score.source);
        }
    }
    for source in sources {
        let _ = writeln!(text, "  published: {source}");
    }
    let controls: Vec<String> = [
        ("context gain", rows.iter().find_map(|row| row.gains.context.as_ref())),
        ("beyond local", rows.iter().find_map(|row| row.gains.local.as_ref())),
    ]
    .into_iter()
    .filter_map(|(name, gain)| Some(format!("{name} is above {}", gain?.control)))
    .collect();
    if !controls.is_empty() {
        let _ = writeln!(text, "  {}, chosen on validation", controls.join(", "));
    }
}

/// Makes the row of a published score: its value where the table has that metric, and nothing that was measured here.
fn published(score: &PublishedScore, header: &[&str]) -> Vec<String> {
    let relation = if score.relation == "=" { String::new() } else { format!("{} ", score.relation) };
    let value = format!("{relation}{:.4}", score.value);
    let mut row = vec![String::new(); header.len()];
    row[0].clone_from(&score.model);
    let mut notes = vec![format!("published ({}), not run here", score.how)];
    match header.iter().position(|name| *name == score.metric) {
        Some(column) => row[column] = value,
        None => notes.push(format!("{} {value}", score.metric)),
    }
    notes.extend(Some(score.note.clone()).filter(|note| !note.is_empty()));
    row[header.len() - 1] = notes.join("; ");
    row
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.4}"))
}

fn interval(interval: Option<&Interval>) -> String {
    interval.map_or_else(String::new, |interval| format!("[{:.4}, {:.4}]", interval.low, interval.high))
}

fn gain(gain: Option<&Gain>) -> String {
    gain.map_or_else(String::new, |gain| match &gain.interval {
        Some(interval) => format!("{:+.4} [{:+.4}, {:+.4}]", gain.value, interval.low, interval.high),
        None => format!("{:+.4}", gain.value),
    })
}

fn note(row: &Summary, document: &Document) -> String {
    let mut notes = Vec::new();
    if let Some(model) = document.models.iter().find(|model| model.model == row.model) {
        notes.push(format!("{} tokens seen", thousands(model.tokens)));
        if model.undertrained {
            notes.push("undertrained".to_owned());
        }
    }
    if let Some(control) = row.control {
        notes.push(control.name().to_owned());
    }
    if row.status != Status::Done {
        notes.push(format!("{}: {}", row.status.name(), row.reason.as_deref().unwrap_or("no reason known")));
    }
    if row.truncated_bases > 0 {
        notes.push(format!("{} bases cut off", row.truncated_bases));
    }
    notes.join("; ")
}
