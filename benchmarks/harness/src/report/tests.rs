//! The report of a small run.

use std::{collections::BTreeMap, path::Path};

use super::*;
use crate::results::{
    Answer, CellResult, Control, Cost, Document, Fact, Gain, Gains, Interval, Manifest, Mode, Prediction,
    Protocol, Status, Summary, TaskRecord, Truth,
};

fn interval(low: f64, high: f64, method: &str) -> Interval {
    Interval { low, high, level: 0.95, method: method.into() }
}

fn task(name: &str, target: &str, outputs: usize) -> TaskRecord {
    TaskRecord {
        task: name.into(),
        split: "grouped".into(),
        spec: format!("{name},split=grouped"),
        target: target.into(),
        outputs,
        class_names: if outputs == 2 { vec!["other".into(), "promoter <b>".into()] } else { Vec::new() },
        metrics: vec!["mcc".into(), "accuracy".into()],
        items: [800, 100, 60],
        groups: 24,
        class_counts: if outputs == 2 { vec![30, 30] } else { Vec::new() },
        chance: Some(1.0 / outputs as f64),
        strand_specific: true,
        citation: "Somebody (2024)".into(),
        license: "CC0".into(),
        notes: vec!["negatives have equal GC".into()],
        data: format!("digest of {name}"),
        limit: None,
        all_groups: 5_000,
        audit: None,
    }
}

fn cell(task: &TaskRecord, model: &str, control: Control, seed: u64, score: f64) -> CellResult {
    CellResult {
        model: model.into(),
        task: task.task.clone(),
        split: task.split.clone(),
        mode: Mode::Baseline,
        protocol: Protocol::Tuned,
        seed,
        status: Status::Done,
        reason: None,
        metrics: BTreeMap::from([("mcc".into(), score), ("accuracy".into(), score.abs() / 2.0 + 0.4)]),
        validation: BTreeMap::from([("mcc".into(), score + 0.01)]),
        primary: "mcc".into(),
        interval: Some(interval(
            score - 0.04,
            score + 0.04,
            "bootstrap over 24 groups of test items, 1000 resamples",
        )),
        control: Some(control),
        seeded: model.starts_with("tfidf"),
        items: task.items,
        groups: task.groups,
        facts: vec![Fact { name: "trees".into(), value: "250".into() }],
        parameters: Some(1_234_567),
        truncated_bases: 0,
        cost: Cost {
            fit_seconds: 2.5,
            seconds_per_1000: Some(0.03),
            peak_memory: Some(300 << 20),
            threads: 2,
        },
        key: format!("{}-{model}-{seed}", task.outputs),
        data: task.data.clone(),
        limit: None,
        strand: None,
        folds: Vec::new(),
    }
}

fn gain(value: f64, control: &str) -> Gain {
    Gain {
        value,
        interval: Some(interval(value - 0.02, value + 0.02, "paired")),
        control: control.into(),
        by_fold: Vec::new(),
    }
}

fn summary(cells: &[CellResult], rank: usize) -> Summary {
    let first = &cells[0];
    let score = cells.iter().filter_map(CellResult::score).sum::<f64>() / cells.len() as f64;
    Summary {
        task: first.task.clone(),
        split: first.split.clone(),
        protocol: first.protocol,
        model: first.model.clone(),
        mode: first.mode,
        control: first.control,
        status: Status::Done,
        reason: None,
        seeds: cells.iter().map(|cell| cell.seed).collect(),
        rank: Some(rank),
        tied: "a".into(),
        primary: "mcc".into(),
        higher_is_better: true,
        detectable: None,
        score: Some(score),
        validation: Some(score + 0.01),
        over_seeds: (cells.len() > 2).then(|| interval(score - 0.01, score + 0.01, "t over 3 seeds")),
        over_items: first.interval.clone(),
        metrics: first.metrics.clone(),
        flip_rate: None,
        both_strands: None,
        gains: Gains {
            context: (first.control == Some(Control::Local)).then(|| gain(score - 0.5, "tfidf:kmer:6")),
            local: None,
            pretraining: None,
        },
        facts: first.facts.clone(),
        parameters: first.parameters,
        fit_seconds: Some(2.5),
        seconds_per_1000: Some(0.03),
        peak_memory: first.cost.peak_memory,
        truncated_bases: 0,
        cells: cells.iter().map(|cell| cell.key.clone()).collect(),
        data: first.data.clone(),
        limit: None,
    }
}

fn failed(like: &Summary) -> Summary {
    Summary {
        model: "lookup".into(),
        control: Some(Control::Artefact),
        status: Status::Failed,
        reason: Some("no memory left & <more>".into()),
        seeds: Vec::new(),
        rank: None,
        tied: String::new(),
        score: None,
        validation: None,
        over_seeds: None,
        over_items: None,
        metrics: BTreeMap::new(),
        gains: Gains::default(),
        facts: Vec::new(),
        parameters: None,
        cells: Vec::new(),
        ..like.clone()
    }
}

fn predictions(score: f64) -> Vec<Prediction> {
    let answer = |id: u64| {
        let target = u32::from(id.is_multiple_of(2));
        let wrong = (id as f64) / 60.0 > score;
        let probability = 0.55 + 0.4 * ((id * 7 % 60) as f32 / 60.0);
        let prediction = if wrong { 1 - target } else { target };
        let scores = if prediction == 1 {
            vec![1.0 - probability, probability]
        } else {
            vec![probability, 1.0 - probability]
        };
        Prediction {
            id,
            group: id / 3,
            locus: None,
            target: Truth::Class(target),
            prediction: Truth::Class(prediction),
            answer: Answer::Scores { scores },
        }
    };
    (0..60).map(answer).collect()
}

/// Writes the results of a small run: a binary task and one of many classes.
pub(super) fn small_run(folder: &Path) -> Store {
    let store = Store::create(folder).unwrap();
    let tasks = vec![task("promoter-tss", "binary", 2), task("next-kmer:6", "multiclass", 4096)];
    let (mut cells, mut rows) = (Vec::new(), Vec::new());
    for task in &tasks {
        let scale = if task.outputs == 2 { 1.0 } else { 0.05 };
        let methods = [
            ("tfidf:kmer:6", Control::ContextFree, 0.71, 3),
            ("ngram:12", Control::Local, 0.62, 1),
            ("markov:3", Control::Local, 0.5, 1),
            ("majority", Control::ContextFree, 0.0, 1),
        ];
        for (rank, (model, control, score, seeds)) in methods.into_iter().enumerate() {
            let of_method: Vec<CellResult> = (0..seeds)
                .map(|seed| cell(task, model, control, seed, (score + seed as f64 * 0.01) * scale))
                .collect();
            for cell in &of_method {
                let predictions = if task.outputs == 2 { predictions(score) } else { Vec::new() };
                store.put(cell, &predictions, &[]).unwrap();
            }
            rows.push(summary(&of_method, rank + 1));
            cells.extend(of_method);
        }
        let failed = failed(&rows[rows.len() - 1]);
        rows.push(failed);
    }
    let manifest = Manifest {
        version: "0.0.0".into(),
        protocol_version: 1,
        command: vec!["dlm".into(), "quickstart".into()],
        finished: "2024-01-01T00:00:00Z".into(),
        seeds: vec![0, 1, 2],
        machine: BTreeMap::from([("threads".into(), "2".into())]),
        ..Manifest::default()
    };
    store
        .write("results.json", &Document { cells, summary: rows, tasks, manifest, ..Document::default() })
        .unwrap();
    store
}

/// Returns the page without plots and scripts, one tag a line, for a snapshot that a person can read.
fn outline(page: &str) -> String {
    let mut lines = Vec::new();
    let mut skip_until = None;
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        let text = rest[..start].trim();
        let Some(end) = rest[start..].find('>') else { break };
        let tag = &rest[start + 1..start + end];
        if skip_until.is_none() && !text.is_empty() {
            lines.push(format!("    {}", text.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
        let name = tag.split_whitespace().next().unwrap_or_default();
        match skip_until {
            None if matches!(name, "style" | "script" | "svg") => {
                lines.push(format!("<{name}>"));
                skip_until = Some(format!("/{name}"));
            }
            None if matches!(
                name,
                "section" | "h1" | "h2" | "h3" | "table" | "figure" | "tr" | "aside" | "nav"
            ) =>
            {
                lines.push(format!("<{tag}>"));
            }
            Some(ref until) if until == name => skip_until = None,
            _ => {}
        }
        rest = &rest[start + end + 1..];
    }
    lines.join("\n")
}

#[test]
fn the_page_of_a_small_run_has_everything_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let store = small_run(folder.path());
    let path = folder.path().join("report.html");
    let written = write(&store, &path, "A small run", true, true).unwrap();
    let page = std::fs::read_to_string(&path).unwrap();
    insta::assert_snapshot!(outline(&page));
    assert_eq!(
        page.matches("<svg").count(),
        9,
        "scores, gain, three curves and confusion; scores, gain, accuracy"
    );
    insta::assert_snapshot!(std::fs::read_to_string(written.latex.unwrap()).unwrap());
    insta::assert_snapshot!(std::fs::read_to_string(written.csv.unwrap()).unwrap());
}

#[test]
fn nothing_is_loaded_and_nothing_is_injected() {
    let folder = tempfile::tempdir().unwrap();
    let store = small_run(folder.path());
    let path = folder.path().join("report.html");
    write(&store, &path, "<script>alert(1)</script>", false, false).unwrap();
    let page = std::fs::read_to_string(&path).unwrap();
    for load in [" src=", "href=\"http", "url(", "@import", "<link", "<iframe", "<script>alert"] {
        assert!(!page.contains(load), "{load} is in the page");
    }
    assert!(page.contains("no memory left &amp; &lt;more&gt;"));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_folder_without_results_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path()).unwrap();
    let error = write(&store, &folder.path().join("report.html"), "", false, false).unwrap_err();
    assert!(error.to_string().contains("holds no results.json yet"), "{error}");
    assert!(!folder.path().join("report.html").exists());
}

/// Writes the page to where `DLM_TEST_REPORT` says, for a look at it.
#[test]
fn the_page_can_be_looked_at() {
    let Some(path) = std::env::var_os("DLM_TEST_REPORT") else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = small_run(folder.path());
    write(&store, Path::new(&path), "A small run", false, false).unwrap();
}
