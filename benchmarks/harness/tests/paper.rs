//! The panels of the GROVER paper on small stand-ins for their files, and published numbers beside what they give.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use dlm_sdk::random::Stream;
use serde_json::{Value, json};

const PANELS: [&str; 15] =
    ["2b", "2c", "2d-e", "6b", "6c", "6e", "6f", "6h", "6i", "6j", "S1", "S3", "S4", "S5", "S6"];
const SITE: &[u8] = b"GATTACACCATGGCAAGTC";
const NT: [(&str, usize); 8] = [
    ("enhancers", 2),
    ("enhancers_types", 3),
    ("promoter_all", 2),
    ("promoter_no_tata", 2),
    ("promoter_tata", 2),
    ("splice_sites_all", 3),
    ("splice_sites_acceptors", 2),
    ("splice_sites_donors", 2),
];
const GUE: [&str; 12] = [
    "tf/0",
    "tf/1",
    "tf/2",
    "tf/3",
    "tf/4",
    "prom/prom_core_all",
    "prom/prom_core_notata",
    "prom/prom_core_tata",
    "prom/prom_300_all",
    "prom/prom_300_notata",
    "prom/prom_300_tata",
    "splice/reconstructed",
];

fn panels() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../paper")
}

fn dlm(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dlm"))
        .current_dir(folder)
        .env("XDG_DATA_HOME", folder)
        .env("HOME", folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn answer(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no JSON: {error}: {}", text(&output.stderr)))
}

fn bases(stream: &mut Stream, length: usize) -> Vec<u8> {
    (0..length).map(|_| b"ACGT"[stream.below(4)]).collect()
}

/// Writes a chromosome with starts every 30 kb and sites of a motif every 5 kb, every other one under a peak.
fn write_genome(folder: &Path) {
    let mut stream = Stream::new(5, "paper");
    let mut chromosome = bases(&mut stream, 900_000);
    let mut peaks = String::new();
    for (index, start) in (5_000..895_000).step_by(5_000).enumerate() {
        chromosome[start..start + SITE.len()].copy_from_slice(SITE);
        if index % 2 == 0 {
            let _ = writeln!(peaks, "chr21\t{}\t{}\t.\t0\t.\t1\t-1\t-1\t5", start - 50, start + 70);
        }
    }
    let mut table = String::new();
    for (index, position) in (20_000..880_000).step_by(30_000).enumerate() {
        let strand = if index % 2 == 0 { '+' } else { '-' };
        let _ = writeln!(table, "chr21\t{position}\t{}\tp{index}\t1\t{strand}", position + 1);
    }
    let rows: Vec<String> = b"ACGT"
        .iter()
        .map(|base| SITE.iter().map(|own| if own == base { "97 " } else { "1 " }).collect::<String>())
        .collect();
    fs::write(folder.join("hg19.fa"), [b">chr21\n", chromosome.as_slice(), b"\n"].concat()).unwrap();
    fs::write(folder.join("epdnew_hg19.bed"), table).unwrap();
    fs::write(folder.join("ctcf_hepg2_hg19.narrowPeak"), peaks).unwrap();
    fs::write(folder.join("MA0139.1.pfm"), format!(">M\n{}\n", rows.join("\n"))).unwrap();
}

fn write_released(folder: &Path) {
    let mut stream = Stream::new(6, "released");
    for name in GUE {
        let classes = if name.starts_with("splice") { 3 } else { 2 };
        let place = folder.join("released/gue").join(name);
        fs::create_dir_all(&place).unwrap();
        for (file, items) in [("train.csv", 60), ("dev.csv", 30), ("test.csv", 30)] {
            let mut rows = "sequence,label\n".to_owned();
            for item in 0..items {
                let _ = writeln!(rows, "{},{}", text(&bases(&mut stream, 70)), item % classes);
            }
            fs::write(place.join(file), rows).unwrap();
        }
    }
    for release in ["nt", "nt-revised"] {
        for (name, classes) in NT {
            let place = folder.join("released").join(release).join(name);
            fs::create_dir_all(&place).unwrap();
            for (file, items) in [("train.fna", 120), ("test.fna", 30)] {
                let mut records = String::new();
                for item in 0..items {
                    let _ =
                        writeln!(records, ">{item}|{}\n{}", item % classes, text(&bases(&mut stream, 70)));
                }
                fs::write(place.join(file), records).unwrap();
            }
        }
    }
}

/// A folder that holds every file the panels name, but no model, and the panels with fewer samples.
fn stand_ins() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_genome(folder.path());
    write_released(folder.path());
    let trained = dlm(
        folder.path(),
        &["tokenizer", "train", "--fasta", "hg19.fa", "--merges", "60", "--output", "bpe-600.json", "-q"],
    );
    assert!(trained.status.success(), "{}", text(&trained.stderr));
    for panel in PANELS {
        let config = fs::read_to_string(panels().join(format!("{panel}.toml"))).unwrap();
        let config = config.replace("samples=500000", "samples=300");
        fs::write(folder.path().join(format!("{panel}.toml")), config).unwrap();
    }
    folder
}

#[test]
fn every_panel_is_planned_and_models_that_are_not_here_are_missing() {
    let mut files: Vec<String> = fs::read_dir(panels())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| Some(name.strip_suffix(".toml")?.to_owned()))
        .filter(|name| name != "methods")
        .collect();
    files.sort();
    let mut listed = PANELS.map(str::to_owned);
    listed.sort();
    assert_eq!(files, listed);
    let folder = stand_ins();
    for panel in PANELS {
        let output = dlm(
            folder.path(),
            &["bench", "plan", "--config", &format!("{panel}.toml"), "--seeds", "1", "--json"],
        );
        assert_eq!(output.status.code(), Some(0), "{panel}: {}", text(&output.stderr));
        let plan = answer(&output);
        let cells = plan["cells"].as_array().unwrap();
        let config: toml::Table =
            fs::read_to_string(panels().join(format!("{panel}.toml"))).unwrap().parse().unwrap();
        let length = |key: &str| config.get(key).map_or(0, |list| list.as_array().unwrap().len());
        let (tasks, models) = (length("tasks"), length("models"));
        assert_eq!(cells.len(), tasks * (models + length("baselines")), "{panel}");
        assert_eq!(plan["missing"], tasks * models, "{panel}");
        assert_eq!(plan["to_run"], cells.len() - tasks * models, "{panel}");
        for cell in cells.iter().filter(|cell| cell["mode"] != "baseline") {
            let reason = cell["missing"].as_str().unwrap();
            let known = if cell["model"].as_str().unwrap().contains(':') {
                "dlm plugin install"
            } else {
                "there is no such model folder; hint: dlm model import"
            };
            assert!(reason.contains(known), "{panel}: {reason}");
        }
    }
}

#[test]
fn a_slip_of_the_pen_is_no_missing_model() {
    let folder = tempfile::tempdir().unwrap();
    for (model, told) in
        [("grovr:models/x", "did you mean \"grover\"?"), ("nothing-here", "no encoder is called")]
    {
        let output = dlm(
            folder.path(),
            &[
                "bench",
                "plan",
                "--tasks",
                "next-kmer:6,genome=no.fa",
                "--models",
                model,
                "--baselines",
                "majority",
            ],
        );
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(told), "{stderr}");
    }
}

/// The published rows that a document sets something beside.
fn found(document: &Value) -> Vec<&Value> {
    let numbers = document["numbers"].as_array().unwrap();
    numbers.iter().filter(|row| !row["reproduced"].as_array().unwrap().is_empty()).collect()
}

#[test]
fn published_numbers_stand_beside_a_run_of_a_panel() {
    let folder = stand_ins();
    let run = dlm(
        folder.path(),
        &["bench", "run", "--config", "6c.toml", "--limit", "60", "--seeds", "1", "--trees", "5", "--json"],
    );
    // Asked for models that are not here, a run does the rest and says so.
    assert_eq!(run.status.code(), Some(1), "{}", text(&run.stderr));
    let results = answer(&run);
    let statuses = |status: &str| {
        results["summary"].as_array().unwrap().iter().filter(|row| row["status"] == status).count()
    };
    assert_eq!((statuses("missing"), statuses("done")), (2 * 8, 2 * 10));

    let parity = answer(&dlm(folder.path(), &["parity", "results", "--json"]));
    assert_eq!(parity["numbers"].as_array().unwrap().len(), parity["published"].as_u64().unwrap() as usize);
    let rows = found(&parity);
    assert_eq!((rows.len(), &parity["found"]), (1, &json!(1)));
    assert_eq!((&rows[0]["model"], &rows[0]["value"]), (&json!("TF-IDF 3-mer"), &json!(0.39)));
    let ours = rows[0]["reproduced"].as_array().unwrap();
    assert_eq!(ours.len(), 2, "{ours:#?}");
    let row = results["summary"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["model"] == "tfidf:kmer:3:overlap" && row["split"] == "grouped")
        .unwrap();
    let grouped = ours.iter().find(|found| found["split"] == "grouped").unwrap();
    assert_eq!((&grouped["value"], &grouped["over_items"]), (&row["metrics"]["mcc"], &row["over_items"]));
    let difference = grouped["value"].as_f64().unwrap() - 0.39;
    assert!((grouped["difference"].as_f64().unwrap() - difference).abs() < 1e-12);
    let differences = grouped["differences"].to_string();
    assert!(
        differences.contains("grouped split") && differences.contains("at most 60 items"),
        "{differences}"
    );

    let told = text(&dlm(folder.path(), &["parity", "results", "--found"]).stdout);
    assert!(told.contains("TF-IDF 3-mer, promscan, mcc: published 39\n"), "{told}");
    assert!(told.contains("something was run for 1") && !told.contains("here nothing"), "{told}");
    let all = text(&dlm(folder.path(), &["parity", "results"]).stdout);
    assert!(all.contains("GROVER, promscan, mcc: published 63; here nothing"), "{all}");
}

/// Results of a model under a name of its own, with a record of its pretraining.
fn write_results(folder: &Path) {
    let interval = json!({"low": 0.5, "high": 0.7, "level": 0.95, "method": "t over 3 seeds"});
    let summary = |task: &str, model: &str, mode: &str, score: f64| {
        json!({
            "task": task, "split": "given", "protocol": "paper", "model": model, "mode": mode, "status": "done",
            "seeds": [0, 1, 2], "primary": "mcc", "higher_is_better": true, "score": score, "validation": null,
            "over_seeds": interval, "over_items": interval, "metrics": {"mcc": score, "auroc": 0.9}, "gains": {},
            "facts": [], "fit_seconds": null, "seconds_per_1000": null, "peak_memory": null, "truncated_bases": 0,
            "cells": [], "data": "d",
        })
    };
    let document = json!({
        "cells": [], "tasks": [], "manifest": dlm::results::Manifest::default(),
        "summary": [
            summary("gue/tf/0", "own/grover", "probe", 0.6),
            summary("gue/tf/4", "mine", "finetune", 0.6),
            summary("gue/tf/4", "own/grover+random", "finetune", 0.1),
        ],
        "models": [{
            "model": "own/grover", "preset": "grover", "parameters": 1, "steps": 1, "tokens": 2000, "bases": 1,
            "undertrained": true, "guessed": 500,
            "masked": [
                {"method": "model", "accuracy": 0.2, "top_tenth": 0.7, "perplexity": 80.0, "bits_per_base": 1.5},
                {"method": "other", "accuracy": 0.9, "top_tenth": 0.9, "perplexity": 2.0, "bits_per_base": 0.5},
            ],
        }],
    });
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("results.json"), document.to_string()).unwrap();
}

#[test]
fn models_stand_under_other_names_and_pretraining_counts() {
    let folder = tempfile::tempdir().unwrap();
    write_results(&folder.path().join("out"));
    let output = dlm(folder.path(), &["parity", "out", "--as", "DNABERT-2=mine", "--found", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let parity = answer(&output);
    let told: Vec<(String, String, String, f64, Value)> = found(&parity)
        .iter()
        .flat_map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            row["reproduced"].as_array().unwrap().iter().map(move |ours| {
                (
                    text("section"),
                    text("model"),
                    text("metric"),
                    ours["value"].as_f64().unwrap(),
                    ours["inside"].clone(),
                )
            })
        })
        .collect();
    let row = |section: &str, model: &str, metric: &str, value: f64, inside: Value| {
        (section.to_owned(), model.to_owned(), metric.to_owned(), value, inside)
    };
    assert_eq!(
        told,
        [
            row("4.1", "DNABERT-2", "mcc", 0.6, json!(false)),
            row("4.3", "GROVER", "auroc", 0.9, Value::Null),
            row("4.4 row 3", "GROVER", "masked_accuracy", 0.2, Value::Null),
            row("4.4 row 3", "GROVER", "masked_top_tenth", 0.7, Value::Null),
            row("4.4 row 4", "GROVER", "masked_perplexity", 80.0, Value::Null),
            row("4.4 row 21", "DNABERT-2", "mcc", 0.6, json!(false)),
        ]
    );
    assert!(parity.to_string().contains("2,000 tokens seen, undertrained"));
    let output = dlm(folder.path(), &["parity", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("nowhere: no such folder"));
}
