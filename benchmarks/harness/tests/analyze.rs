//! `dlm analyze`: sections over one subject, computed once, with data beside plots and one offline report.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking and says what it skips"
)]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use dlm_nn::{
    bert::{Config, Heads, Model},
    folder::{self, Tokenizer},
    weights::Element,
};
use dlm_sdk::random::Stream;
use serde_json::Value;

/// Whether models can run here; says so where they cannot.
fn runs() -> bool {
    let found = dlm_runtime::Runtime::get();
    if let Err(error) = &found {
        println!("skipped: {error}");
    }
    found.is_ok()
}

/// Writes a model of two layers over 2-mers with fresh weights.
fn model(path: &Path, seed: u64) {
    let config = Config::from_json(
        r#"{"model_type": "bert", "vocab_size": 25, "hidden_size": 16, "num_hidden_layers": 2,
            "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 64}"#,
    )
    .unwrap();
    let model = Model::random(config, Heads { language_model: true, pooler: false }, seed);
    folder::write(path, &model, Tokenizer::Spec("kmer:2"), Element::F32).unwrap();
}

fn genome(path: &Path, seed: u64) {
    let mut stream = Stream::new(seed, "genome");
    let mut bases: String = (0..30_000).map(|_| char::from(b"AACGTT"[stream.below(6)])).collect();
    bases.replace_range(700..750, &"N".repeat(50));
    fs::write(path, format!(">chr1\n{bases}\n")).unwrap();
}

fn dlm(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dlm")).current_dir(folder).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

const ANALYZE: [&str; 10] = [
    "--json",
    "analyze",
    "--model",
    "model",
    "--genome",
    "genome.fa",
    "--output",
    "out",
    "--held-out-windows",
    "30",
];

fn analyze(folder: &Path, arguments: &[&str]) -> Value {
    let all: Vec<&str> = ANALYZE.into_iter().chain(arguments.iter().copied()).collect();
    let output = dlm(folder, &all);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    json(&output)
}

#[test]
fn what_is_finished_is_computed_again_only_when_an_input_changes() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    genome(&place.join("genome.fa"), 1);
    model(&place.join("model"), 1);
    let resumed = |arguments: &[&str]| {
        let answer = analyze(place, &[&["anatomy"], arguments].concat());
        assert_eq!(answer["sections"][0]["status"], "done", "{answer}");
        answer["sections"][0]["resumed"].as_bool().unwrap()
    };
    assert!(!resumed(&[]));
    assert!(resumed(&[]));
    // Vocabulary alone decides here: other weights change nothing, another seed is another analysis.
    model(&place.join("model"), 2);
    assert!(resumed(&[]));
    assert!(!resumed(&["--seed", "5"]));
    assert!(!resumed(&[]));
    assert!(!resumed(&["--again"]));
    genome(&place.join("genome.fa"), 2);
    assert!(!resumed(&[]));
    assert!(resumed(&[]));
    fs::remove_file(place.join("out/anatomy/tokens.csv")).unwrap();
    assert!(!resumed(&[]), "a file that is gone is written again");
    fs::write(place.join("out/anatomy/section.json"), "{").unwrap();
    assert!(!resumed(&[]), "damaged findings are none");
    let page = fs::read_to_string(place.join("out/report.html")).unwrap();
    assert!(page.contains("Vocabulary anatomy") && page.matches("<svg").count() >= 8);
    assert!(page.contains("not computed"), "what was not asked for is named");
    assert!(!page.contains("http://") || page.matches("http://").count() == page.matches("xmlns=").count());
    for panel in fs::read_dir(place.join("out/anatomy")).unwrap() {
        let path = panel.unwrap().path();
        if path.extension().is_some_and(|it| it == "svg") {
            assert!(fs::read_to_string(path).unwrap().starts_with("<svg"));
        }
    }
}

#[test]
fn wrong_input_is_told() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    genome(&place.join("genome.fa"), 1);
    model(&place.join("model"), 1);
    let fails = |arguments: &[&str], expected: &str| {
        let output = dlm(place, &[&["analyze"], arguments].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(expected), "{told}");
    };
    fails(&["anatomi", "--model", "model", "--genome", "genome.fa"], "anatomy");
    fails(&["anatomy", "--genome", "genome.fa"], "--model");
    fails(&["anatomy", "--model", "model"], "--genome");
    fails(&["anatomy", "--model", "model", "--genome", "none.fa"], "none.fa");
    fails(&["anatomy", "--model", "model", "--genome", "genome.fa", "--device", "abacus"], "abacus");
    fs::write(place.join("n.fa"), ">a\nNNNNNNNN\n").unwrap();
    fails(&["anatomy", "--model", "model", "--genome", "n.fa"], "n.fa: has no known bases");
    let listed = json(&dlm(place, &["--json", "analyze", "list"]));
    assert!(listed.as_array().unwrap().iter().any(|section| section["name"] == "intrinsic"));
}

#[test]
fn hidden_tokens_are_scored_beside_frequency_and_neighbours() {
    if !runs() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    genome(&place.join("genome.fa"), 1);
    model(&place.join("model"), 1);
    let answer = analyze(place, &["intrinsic"]);
    assert_eq!(answer["sections"][0]["status"], "done", "{answer}");
    let mut reader = csv::Reader::from_path(place.join("out/intrinsic/scores.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let perplexity = |method: &str| -> f64 {
        let row = rows.iter().find(|row| row[0].starts_with(method) && &row[1] == "perplexity").unwrap();
        let (value, low, high): (f64, f64, f64) =
            (row[2].parse().unwrap(), row[3].parse().unwrap(), row[4].parse().unwrap());
        assert!(low <= value && value <= high);
        value
    };
    // Fresh weights know nothing: 25 ids alike. Frequency knows that A and T are twice as frequent.
    assert!((perplexity("model") - 25.0).abs() < 3.0, "{}", perplexity("model"));
    let alone = perplexity("token frequencies");
    assert!(alone < 15.5 && alone > 12.0, "{alone}");
    let mut reader = csv::Reader::from_path(place.join("out/intrinsic/tokens.csv")).unwrap();
    let tokens: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    // 2-mers, and the single bases before an N.
    assert_eq!(tokens.len(), 20);
    let share: f64 = tokens.iter().map(|row| row[3].parse::<f64>().unwrap()).sum();
    assert!((share - 1.0).abs() < 1e-9);
    // Other weights are another model.
    model(&place.join("model"), 2);
    assert_eq!(analyze(place, &["intrinsic"])["sections"][0]["resumed"], false);
}
