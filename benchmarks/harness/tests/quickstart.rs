//! The quickstart from a drawn genome to a page in a browser, without a network.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking and says what it skips"
)]

#[path = "../../../tests/browser/mod.rs"]
mod browser;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use assert_cmd::Command;
use dlm_sdk::{dna, random::Stream};
use serde_json::{Value, json};

/// Draws a chromosome of 5.5 Mb whose promoters hold a motif, and the starts of 160 genes.
fn drawn(folder: &Path) -> (PathBuf, PathBuf) {
    let mut stream = Stream::new(7, "genome");
    let mut bases: Vec<u8> = (0..5_500_000).map(|_| dna::BASES[stream.below(4)]).collect();
    let mut rows = String::new();
    for gene in 0..160 {
        let at = 20_000 + gene * 33_000 + stream.below(5_000);
        let strand = if gene % 2 == 0 { '+' } else { '-' };
        for copy in 0..6 {
            let place = at - 60 + copy * 17;
            bases[place..place + 8].copy_from_slice(if strand == '+' { b"TATAAACG" } else { b"CGTTTATA" });
        }
        writeln!(rows, "chr21\t{at}\t{}\tG{gene}|protein_coding\t0\t{strand}", at + 1).unwrap();
    }
    let (fasta, bed) = (folder.join("genome.fa"), folder.join("starts.bed"));
    fs::write(&fasta, [b">21 drawn\n", bases.as_slice(), b"\n"].concat()).unwrap();
    fs::write(&bed, rows).unwrap();
    (fasta, bed)
}

fn dlm(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("dlm"));
    command.current_dir(folder).env("DLM_CACHE", folder.join("cache"));
    // What this machine has is used, and nothing is fetched where it has none.
    command.env("DLM_ONNXRUNTIME", library().unwrap_or_else(|| "missing".into()));
    command
}

/// Returns ONNX Runtime's library, if this machine has it.
fn library() -> Option<PathBuf> {
    dlm_runtime::Runtime::get().ok().map(|runtime| runtime.library().path.clone())
}

fn quickstart(folder: &Path) -> Value {
    let output = dlm(folder)
        .args(["quickstart", "--fasta", "genome.fa", "--tss", "starts.bed", "--output", "out"])
        .args(["--samples", "300", "--merges", "40", "--steps", "4", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns when each finished cell was written.
fn cells(folder: &Path) -> BTreeMap<PathBuf, SystemTime> {
    fs::read_dir(folder.join("out/cells"))
        .unwrap()
        .map(|cell| cell.unwrap().path().join("cell.json"))
        .map(|path| (path.clone(), path.metadata().unwrap().modified().unwrap()))
        .collect()
}

#[test]
fn from_a_genome_to_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    drawn(folder);
    let first = quickstart(folder);
    let rows = first["summary"].as_array().unwrap();
    assert_eq!(rows.len(), 2 * 14, "twelve methods and two models on two tasks");
    for model in
        ["tfidf:kmer:6:overlap", "tfidf:out/bpe-40.json", "ngram:12", "markov:5", "composition", "lookup"]
    {
        assert_eq!(rows.iter().filter(|row| row["model"] == model).count(), 2, "{model}");
    }
    let score = |model: &str| {
        let of = |row: &&Value| row["model"] == model && row["task"] == "promoter-tss";
        rows.iter().find(of).unwrap()["score"].as_f64().unwrap()
    };
    assert!(score("tfidf:kmer:4") > score("majority"), "the planted motif is found");
    assert!(!folder.join("cache").exists(), "nothing was fetched");
    the_model_says_what_it_saw(folder, &first);
    the_vocabulary_saw_nothing_held_out(folder);

    let before = cells(folder);
    let second = quickstart(folder);
    assert_eq!(cells(folder), before, "a second run computes no cell");
    assert_eq!(second["summary"], first["summary"]);

    let report = folder.join("again.html");
    dlm(folder).args(["report", "out", "--output", "again.html", "--latex", "--csv"]).assert().success();
    assert!(fs::read_to_string(folder.join("again.tex")).unwrap().contains("\\toprule"));
    assert_eq!(fs::read_to_string(folder.join("again.csv")).unwrap().lines().count(), 1 + rows.len());
    the_page_works_in_a_browser(&report);
}

#[test]
fn the_long_form_trains_twins_and_fine_tunes_all() {
    if library().is_none() {
        println!("skipped: no ONNX Runtime on this machine");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (_, bed) = drawn(folder);
    let all = fs::read_to_string(&bed).unwrap();
    let few: Vec<&str> = all.lines().step_by(4).collect();
    fs::write(&bed, few.join("\n")).unwrap();
    let run = || -> Value {
        let output = dlm(folder)
            .args(["quickstart", "--full", "--fasta", "genome.fa", "--tss", "starts.bed", "--output", "out"])
            .args(["--samples", "60", "--merges", "40", "--steps", "2", "--json"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let document = run();
    let rows = document["summary"].as_array().unwrap();
    assert_eq!(
        rows.len(),
        2 * (12 + 2 * 8),
        "twelve methods; four models and their twins, probed and fine-tuned"
    );
    assert!(rows.iter().all(|row| row["status"] != "failed" && row["status"] != "missing"));
    let bases = |name: &str| -> Value {
        let record = fs::read(folder.join(format!("out/{name}/pretraining.json"))).unwrap();
        serde_json::from_slice::<Value>(&record).unwrap()["bases"].clone()
    };
    for name in ["grover-mini", "kmer-4-mini", "kmer-5-mini", "kmer-6-mini"] {
        assert_eq!(bases(name), bases("grover-mini"), "{name} sees the same bases");
        for model in [format!("out/{name}"), format!("out/{name}+random")] {
            let modes: Vec<&Value> =
                rows.iter().filter(|row| row["model"] == model).map(|row| &row["mode"]).collect();
            assert_eq!(modes.iter().filter(|mode| **mode == "probe").count(), 2, "{model}: {modes:?}");
            assert_eq!(modes.iter().filter(|mode| **mode == "finetune").count(), 2, "{model}: {modes:?}");
        }
    }
    let before = cells(folder);
    assert_eq!(run()["summary"], document["summary"]);
    assert_eq!(cells(folder), before, "a second run computes no cell");
}

/// The rows of a model say whether it could be made, and what it saw.
fn the_model_says_what_it_saw(folder: &Path, document: &Value) {
    let rows = document["summary"].as_array().unwrap();
    let of = |model: &str| rows.iter().filter(|row| row["model"] == model).collect::<Vec<_>>();
    if library().is_none() {
        println!("skipped: no ONNX Runtime on this machine, so that models are missing");
        for row in [of("out/grover-mini"), of("out/grover-mini+random")].concat() {
            assert_eq!(row["status"], "missing", "{row}");
            assert!(row["reason"].as_str().unwrap().contains("ONNX Runtime"), "{row}");
        }
        return;
    }
    assert!(of("out/grover-mini").iter().all(|row| row["status"] == "done"), "{rows:?}");
    assert!(of("out/grover-mini+random").iter().all(|row| row["seeds"] == json!([0, 1, 2])));
    let model = &document["models"][0];
    assert_eq!((&model["model"], &model["undertrained"]), (&json!("out/grover-mini"), &json!(true)));
    assert!(model["tokens"].as_u64() > Some(1_000) && model["guessed"].as_u64() > Some(100), "{model}");
    let methods: Vec<&str> =
        model["masked"].as_array().unwrap().iter().filter_map(|score| score["method"].as_str()).collect();
    assert_eq!(methods, ["model", "token frequencies (unigram)", "two-sided token n-gram"]);
    let recipe: Value =
        serde_json::from_slice(&fs::read(folder.join("out/grover-mini.recipe.json")).unwrap()).unwrap();
    let vocabulary: Value =
        serde_json::from_slice(&fs::read(folder.join("out/bpe-40.recipe.json")).unwrap()).unwrap();
    assert_eq!(recipe["held_out"], vocabulary["held_out"], "no model learns what a task holds out");
    let page = fs::read_to_string(folder.join("out/report.html")).unwrap();
    assert!(page.contains("undertrained") && page.contains("bits per nucleotide"));
}

fn the_vocabulary_saw_nothing_held_out(folder: &Path) {
    let recipe: Value =
        serde_json::from_slice(&fs::read(folder.join("out/bpe-40.recipe.json")).unwrap()).unwrap();
    assert!(!recipe["held_out"].as_array().unwrap().is_empty());
    let bed = fs::read_to_string(folder.join("out/bpe-40.held-out.bed")).unwrap();
    assert_eq!(bed.lines().count(), recipe["held_out"].as_array().unwrap().len());
}

const TRY_OUT: &str = r#"
const table = document.querySelector("table.results");
const heads = [...table.tHead.rows[0].cells];
const column = 3; // The score, after rank, method and kind.
const values = () => [...table.tBodies[0].rows].map((row) => row.cells[column].dataset.sort ?? null);
const button = heads[column].querySelector("button");
button.focus();
const focused = document.activeElement === button;
button.click();
const down = values(), said = heads[column].getAttribute("aria-sort");
button.click();
const up = values();
heads[1].querySelector("button").click();
const names = [...table.tBodies[0].rows].map((row) => row.cells[1].textContent);
window.result = {
  focused, down, up, said, names,
  plots: document.querySelectorAll("svg").length,
  described: [...document.querySelectorAll("svg")].every((svg) => svg.getAttribute("aria-label")),
  text: document.querySelectorAll("svg text").length,
  links: [...document.querySelectorAll("a")].every((a) => document.querySelector(a.getAttribute("href"))),
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
};
"#;

fn the_page_works_in_a_browser(page: &Path) {
    let Some(program) = browser::chromium() else {
        println!("skipped: no Chromium on the search path");
        return;
    };
    for width in [1400, 500] {
        let seen = browser::open(&program, page, width, TRY_OUT);
        for silent in ["errors", "violations", "requests", "console"] {
            assert_eq!(seen[silent], json!([]), "{silent} at width {width}");
        }
        let numbers = |key: &str| -> Vec<Option<f64>> {
            let values = seen[key].as_array().unwrap();
            values.iter().map(|value| value.as_str().map(|text| text.parse().unwrap())).collect()
        };
        let (down, up) = (numbers("down"), numbers("up"));
        let finished = down.iter().flatten().count();
        assert!(finished > 3, "{down:?}");
        assert!(down[..finished].is_sorted_by(|a, b| a >= b), "{down:?}");
        assert!(up[..finished].is_sorted_by(|a, b| a <= b), "{up:?}");
        assert!(up[finished..].iter().all(Option::is_none), "rows without a score stay last");
        assert_eq!(seen["said"], "descending");
        let names: Vec<&str> = seen["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(names.is_sorted() && names.len() == 14, "{names:?}");
        assert_eq!(
            (&seen["focused"], &seen["described"], &seen["links"]),
            (&json!(true), &json!(true), &json!(true))
        );
        assert!(seen["plots"].as_u64() >= Some(8) && seen["text"].as_u64() > Some(100), "{seen}");
        assert!(seen["overflow"].as_i64() <= Some(1), "the page is wider than its window of {width}: {seen}");
    }
}

#[test]
fn what_the_quickstart_cannot_do_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("starts.bed"), "").unwrap();
    let fails = |arguments: &[&str], expected: &str| {
        let output = dlm(folder).arg("quickstart").args(arguments).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(expected), "{errors}");
    };
    fails(&["--fasta", "genome.fa"], "--tss");
    fails(&["--fasta", "missing.fa", "--tss", "starts.bed"], "missing.fa");
    fails(&["--genome", "genome.fa"], "--fasta");
}
