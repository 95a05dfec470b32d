//! What folders of results hold of a published number, and in what it differs.

use dlm_sdk::Spec;
use serde::Serialize;

use super::published::{Methods, Published};
use crate::{
    results::{Document, Interval, Mode, ModelRecord, Protocol, Status, Summary, TaskRecord},
    tokenizer::thousands,
};

/// A number of this machine beside a published one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reproduced {
    /// The folder of results.
    pub folder: String,
    /// The model or baseline, as it was given to the run.
    pub method: String,
    /// The task's name; empty for scores of pretraining.
    pub task: String,
    /// How its splits were made; empty for scores of pretraining.
    pub split: String,
    /// The value, mean over seeds, in the metric's own unit.
    pub value: f64,
    /// Its interval over test items, where the metric is the one that ranks.
    pub over_items: Option<Interval>,
    /// Its interval over seeds, where the metric is the one that ranks.
    pub over_seeds: Option<Interval>,
    /// This value minus the published one.
    pub difference: Option<f64>,
    /// Whether the published value lies in the interval over items; `None` without one, or where a bound is published.
    pub inside: Option<bool>,
    /// In what data and setting differ from the published ones, as far as the results say.
    pub differences: Vec<String>,
}

/// Finds what a folder's results hold of a published number.
pub(super) fn find(
    number: &Published,
    methods: &Methods,
    folder: &str,
    document: &Document,
) -> Vec<Reproduced> {
    match number.how.as_str() {
        "finetune" | "probe" | "baseline" => {
            document.summary.iter().filter_map(|row| score(number, methods, folder, document, row)).collect()
        }
        "task" => document.tasks.iter().filter_map(|task| size(number, folder, task)).collect(),
        "pretraining" => document
            .models
            .iter()
            .filter(|model| methods.stands_for(&model.model, &number.model))
            .filter_map(|model| masked(number, folder, model))
            .collect(),
        _ => Vec::new(),
    }
}

fn score(
    number: &Published,
    methods: &Methods,
    folder: &str,
    document: &Document,
    row: &Summary,
) -> Option<Reproduced> {
    let other = other_task(&number.task, &row.task)?;
    let value = *row.metrics.get(&number.metric)?;
    let baseline = number.how == "baseline";
    if row.status != Status::Done
        || row.control.is_some() != baseline
        || !methods.stands_for(&row.model, &number.model)
    {
        return None;
    }
    let mut differences = other;
    if !baseline && (row.mode == Mode::Probe) != (number.how == "probe") {
        differences.push(match row.mode {
            Mode::Probe => "a probe of frozen states; published fine-tuned".to_owned(),
            _ => "fine-tuned; published as a probe of frozen states".to_owned(),
        });
    }
    if !baseline && row.protocol != Protocol::Paper {
        differences.push("settings chosen on validation; published with fixed ones".to_owned());
    }
    let record = document
        .tasks
        .iter()
        .find(|task| task.data == row.data && task.limit == row.limit && task.split == row.split);
    match record {
        Some(record) => of_task(record, &mut differences),
        None => differences.push("what the task's data were is not kept".to_owned()),
    }
    if let Some(model) = document.models.iter().find(|model| model.model == row.model) {
        differences.push(trained(model));
    }
    if row.truncated_bases > 0 {
        differences.push(format!("{} bases cut off", thousands(row.truncated_bases)));
    }
    if !number.note.is_empty() {
        differences.push(format!("published: {}", number.note));
    }
    let ranks = row.primary == number.metric;
    let over_items = row.over_items.clone().filter(|_| ranks);
    let exact = matches!(number.relation.as_str(), "=" | "~");
    Some(Reproduced {
        folder: folder.to_owned(),
        method: row.model.clone(),
        task: row.task.clone(),
        split: row.split.clone(),
        value,
        inside: over_items
            .as_ref()
            .zip(number.value)
            .filter(|_| exact)
            .map(|(interval, value)| interval.holds(value)),
        over_items,
        over_seeds: row.over_seeds.clone().filter(|_| ranks),
        difference: number.value.map(|published| value - published),
        differences,
    })
}

fn size(number: &Published, folder: &str, task: &TaskRecord) -> Option<Reproduced> {
    let mut differences = other_task(&number.task, &task.task)?;
    of_task(task, &mut differences);
    // A size is the same whatever the split is.
    differences.retain(|difference| !difference.ends_with(AT_RANDOM));
    let value = task.items.iter().sum::<usize>() as f64;
    Some(Reproduced {
        folder: folder.to_owned(),
        method: String::new(),
        task: task.task.clone(),
        split: task.split.clone(),
        value,
        over_items: None,
        over_seeds: None,
        difference: number.value.map(|published| value - published),
        inside: None,
        differences,
    })
}

fn masked(number: &Published, folder: &str, model: &ModelRecord) -> Option<Reproduced> {
    // The model stands first among the scores of its record.
    let score = model.masked.first()?;
    let value = match number.metric.as_str() {
        "masked_accuracy" => score.accuracy,
        "masked_top_tenth" => score.top_tenth,
        "masked_perplexity" => score.perplexity,
        _ => return None,
    };
    Some(Reproduced {
        folder: folder.to_owned(),
        method: model.model.clone(),
        task: String::new(),
        split: String::new(),
        value,
        over_items: None,
        over_seeds: None,
        difference: number.value.map(|published| value - published),
        inside: None,
        differences: vec![
            trained(model),
            format!(
                "{} hidden tokens of held-out stretches; published on windows at random",
                thousands(model.guessed)
            ),
        ],
    })
}

const AT_RANDOM: &str = "published as at random or as released";

/// Says in what a task's data differ from the published ones.
fn of_task(task: &TaskRecord, differences: &mut Vec<String>) {
    if !["paper", "given"].contains(&task.split.as_str()) {
        differences.push(format!("{} split; {AT_RANDOM}", task.split));
    }
    if let Some(limit) = task.limit {
        differences.push(format!("at most {} items a split", thousands(limit as u64)));
    }
    if let Ok(spec) = task.spec.parse::<Spec>() {
        for key in ["chromosome", "samples", "lift", "preset", "cut"] {
            if let Some(value) = spec.options.get(key) {
                differences.push(format!("{key}={value}"));
            }
        }
    }
    let [train, validation, test] = task.items.map(|items| thousands(items as u64));
    differences.push(format!("{train} train, {validation} validation, {test} test"));
    let warnings = task.notes.iter().filter_map(|note| note.strip_prefix("warning: "));
    differences.extend(warnings.map(str::to_owned));
    if let Some(audit) = task.audit.as_ref().filter(|audit| audit.verdict != dlm_audit::Status::Pass) {
        differences.push(format!("leak audit {audit}"));
    }
}

/// Says how a model was trained that has a record of it.
fn trained(model: &ModelRecord) -> String {
    let tokens = thousands(model.tokens);
    let preset = &model.preset;
    let short = if model.undertrained { ", undertrained" } else { "" };
    format!("weights pretrained by this program: {preset}, {tokens} tokens seen{short}")
}

/// Returns the options by which a task differs from a published one; `None` if it is another task.
pub(super) fn other_task(published: &str, label: &str) -> Option<Vec<String>> {
    let (wanted, found) = (published.parse::<Spec>().ok()?, label.parse::<Spec>().ok()?);
    if wanted.head() != found.head()
        || wanted.options.iter().any(|(key, value)| found.options.get(key) != Some(value))
    {
        return None;
    }
    // Where files lie is no difference; the rest of what is no part of the published task is.
    let more = found.options.iter().filter(|(key, _)| {
        !wanted.options.contains_key(*key)
            && ![
                "promoters",
                "tokenizer",
                "motif",
                "peaks",
                "chromosome",
                "samples",
                "lift",
                "preset",
                "cut",
                "seed",
            ]
            .contains(&key.as_str())
    });
    Some(more.map(|(key, value)| format!("another form of the task: {key}={value}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_task_are_told_apart() {
        assert_eq!(other_task("prom300", "prom300"), Some(Vec::new()));
        assert_eq!(
            other_task("prom300", "prom300,form=genomic"),
            Some(vec!["another form of the task: form=genomic".to_owned()])
        );
        assert_eq!(other_task("prom300,shuffle=kmer:4", "prom300"), None);
        assert_eq!(other_task("next-kmer:6", "next-kmer:5"), None);
        assert_eq!(other_task("ctcf", "ctcf,cut=7e-6"), Some(Vec::new()));
    }
}
