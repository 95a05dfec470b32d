//! The layout people know from lm-evaluation-harness: a folder a method, results and samples by time.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use dlm_sdk::{Error, Result, metrics::Metric};
use serde_json::{Map, Value, json};

use super::{Plan, manifest::timestamp};
use crate::{
    files::{file_error, write_error},
    results::{CellResult, Document, Status, Store, Summary, sanitise},
};

/// Writes results and samples of every method of the plan that has fresh cells, or has none written yet.
pub(super) fn write(plan: &Plan, document: &Document, fresh: &[String], store: &Store) -> Result<()> {
    let fresh: BTreeSet<&str> = fresh.iter().map(String::as_str).collect();
    let now = SystemTime::now();
    let time = timestamp(now).trim_end_matches('Z').replace(':', "-");
    let mut written = BTreeSet::new();
    for method in &plan.methods {
        let id = sanitise(&method.spec);
        let cells: Vec<&CellResult> =
            document.cells.iter().filter(|cell| cell.model == method.spec).collect();
        let folder = store.folder().join(&id);
        let news = cells.iter().any(|cell| fresh.contains(cell.key.as_str()));
        let again = !written.insert(id);
        if again || (!news && folder.exists()) {
            continue;
        }
        if !cells.iter().any(|cell| cell.status == Status::Done) {
            continue;
        }
        std::fs::create_dir_all(&folder)
            .map_err(|error| Error::io(format!("{}: cannot be made", folder.display()), error))?;
        let rows: Vec<&Summary> = document.summary.iter().filter(|row| row.model == method.spec).collect();
        let mut samples: BTreeMap<String, Vec<&CellResult>> = BTreeMap::new();
        for cell in &cells {
            if cell.status == Status::Done {
                samples.entry(name(&cell.task, &cell.split)).or_default().push(cell);
            }
        }
        for (task, cells) in samples {
            write_samples(&folder.join(format!("samples_{}_{time}.jsonl", sanitise(&task))), &cells, store)?;
        }
        let results = results(plan, &method.spec, &rows, document, now);
        let text = serde_json::to_vec_pretty(&results)
            .map_err(|error| Error::internal("results are no JSON").with_source(error))?;
        let path = folder.join(format!("results_{time}.json"));
        dlm_genome::output::write(path, text).map_err(file_error)?;
    }
    Ok(())
}

/// Names a task with its split, as files and keys do.
fn name(task: &str, split: &str) -> String {
    if split == "given" { task.to_owned() } else { format!("{task}_{split}") }
}

fn write_samples(path: &std::path::Path, cells: &[&CellResult], store: &Store) -> Result<()> {
    let mut output = dlm_genome::output::Output::create(path).map_err(file_error)?;
    let fail = |error: std::io::Error| write_error(path, error);
    for cell in cells {
        for (place, prediction) in store.predictions(&cell.key)?.into_iter().enumerate() {
            let mut line = serde_json::to_value(&prediction)
                .map_err(|error| Error::internal("a prediction is no JSON").with_source(error))?;
            line["doc_id"] = json!(place);
            line["seed"] = json!(cell.seed);
            line["filter"] = json!("none");
            serde_json::to_writer(&mut output, &line).map_err(|error| fail(error.into()))?;
            output.write_all(b"\n").map_err(fail)?;
        }
    }
    output.commit().map_err(file_error)
}

fn results(plan: &Plan, model: &str, rows: &[&Summary], document: &Document, now: SystemTime) -> Value {
    let (mut results, mut higher, mut samples, mut configs, mut hashes) =
        (Map::new(), Map::new(), Map::new(), Map::new(), Map::new());
    for row in rows.iter().filter(|row| row.score.is_some()) {
        let task = name(&row.task, &row.split);
        let mut scores = Map::new();
        let mut better = Map::new();
        scores.insert("alias".to_owned(), json!(task));
        for (metric, value) in &row.metrics {
            scores.insert(format!("{metric},none"), json!(value));
            if let Ok(metric) = metric.parse::<Metric>() {
                better.insert(metric.id().to_owned(), json!(metric.higher_is_better()));
            }
        }
        if let Some(interval) = &row.over_items {
            // A percentile interval of 95 per cent is 3.92 standard errors wide, were it normal.
            let stderr = (interval.high - interval.low) / 3.92;
            scores.insert(format!("{}_stderr,none", row.primary), json!(stderr));
            scores.insert("interval over items".to_owned(), json!(interval));
        }
        if let Some(interval) = &row.over_seeds {
            scores.insert("interval over seeds".to_owned(), json!(interval));
        }
        scores.insert("gains".to_owned(), json!(row.gains));
        let record =
            document.tasks.iter().find(|known| (&known.task, &known.split) == (&row.task, &row.split));
        if let Some(record) = record {
            let planned = plan.tasks.iter().find(|task| task.text == record.spec);
            let original = planned.map_or(record.items[2], |task| task.data.items[2]);
            samples.insert(task.clone(), json!({"original": original, "effective": record.items[2]}));
            configs.insert(task.clone(), json!(record));
        }
        hashes.insert(task.clone(), json!(row.data));
        results.insert(task.clone(), Value::Object(scores));
        higher.insert(task, Value::Object(better));
    }
    let first = rows.iter().find(|row| row.score.is_some());
    json!({
        "results": results,
        "groups": {},
        "group_subtasks": {},
        "configs": configs,
        "versions": {},
        "n-shot": {},
        "higher_is_better": higher,
        "n-samples": samples,
        "config": {
            "model": model,
            "model_num_parameters": first.and_then(|row| row.parameters),
            "mode": first.map(|row| row.mode),
            "protocol": plan.settings.protocol,
            "limit": plan.settings.limit,
            "bootstrap_iters": crate::statistics::RESAMPLES,
            "seeds": first.map(|row| row.seeds.clone()),
        },
        "date": now.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()),
        "dlm_version": env!("CARGO_PKG_VERSION"),
        "task_hashes": hashes,
        "model_name": model,
        "model_name_sanitized": sanitise(model),
    })
}
