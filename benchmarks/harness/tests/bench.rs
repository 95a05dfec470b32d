//! The benchmark through the binary: planted tasks, kills, interrupts, full disks, bad input.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use dlm_sdk::random::Stream;
use serde_json::Value;
use support::{Bench, json, text, without_costs, write_task};

const BASELINES: &str = "majority,composition,tfidf:kmer:6:overlap,tfidf:kmer:3,lookup";

fn arguments<'a>(output: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments =
        vec!["bench", "run", "--tasks", "./planted", "--trees", "60", "--output-path", output, "--json"];
    arguments.extend(more);
    arguments
}

fn score(document: &Value, model: &str) -> f64 {
    let rows = document["summary"].as_array().unwrap();
    rows.iter().find(|row| row["model"] == model).unwrap()["score"].as_f64().unwrap()
}

/// The finished cells of a folder, by key: the bytes of what decides something.
fn cells(folder: &Path) -> Vec<(String, Value, Vec<u8>, Vec<u8>)> {
    let mut cells = Vec::new();
    for entry in fs::read_dir(folder.join("cells")).unwrap() {
        let entry = entry.unwrap();
        let key = entry.file_name().into_string().unwrap();
        let mut cell: Value =
            serde_json::from_slice(&fs::read(entry.path().join("cell.json")).unwrap()).unwrap();
        cell.as_object_mut().unwrap().remove("cost");
        let file = |name: &str| fs::read(entry.path().join(name)).unwrap();
        cells.push((key, cell, file("predictions.jsonl.gz"), file("resamples.json")));
    }
    cells.sort_by(|a, b| a.0.cmp(&b.0));
    cells
}

#[test]
fn planted_motifs_are_found_and_set_against_controls() {
    let bench = Bench::new();
    let output = bench.run(&arguments("out", &["--baselines", BASELINES]));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let document = json(&output);
    assert!(score(&document, "tfidf:kmer:6:overlap") > 0.6, "{document:#}");
    assert!(score(&document, "majority").abs() < 1e-9);
    assert!(score(&document, "composition") < 0.5);
    let cells = document["cells"].as_array().unwrap();
    // Three seeds of the forests, one of each method without randomness.
    assert_eq!(cells.len(), 3 + 2 * 3);
    for key in ["model", "task", "split", "mode", "protocol", "seed", "status", "metrics", "validation"] {
        assert!(cells.iter().all(|cell| !cell[key].is_null()), "{key}");
    }
    let forest = document["summary"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["model"] == "tfidf:kmer:6:overlap")
        .unwrap()
        .clone();
    assert_eq!(forest["over_seeds"]["method"], "t over 3 seeds");
    assert_eq!(forest["over_items"]["method"], "bootstrap over 30 groups of test items, 1000 resamples");
    assert_eq!(forest["rank"], 1);
    let folder = bench.path("out");
    assert!(folder.join("manifest.json").is_file());
    let mirrored: Vec<String> = fs::read_dir(folder.join("tfidf_kmer_6_overlap"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(mirrored.iter().any(|name| name.starts_with("results_")));
    assert!(mirrored.iter().any(|name| name.starts_with("samples_planted_grouped_")));

    let output =
        bench.run(&["compare", "out", "--a", "tfidf:kmer:6:overlap", "--b", "composition", "--json"]);
    let compared = json(&output);
    let comparison = &compared["comparisons"][0];
    assert!(comparison["interval"]["low"].as_f64().unwrap() > 0.0, "{compared:#}");
    assert_eq!(comparison["mcnemar"]["grouped"], true);
    let output = bench.run(&["compare", "out", "--a", "tfidf:kmer:6:overlapp", "--b", "composition"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("hint: did you mean \"tfidf:kmer:6:overlap\"?"));

    let output = bench.run(&["bench", "status", "out", "--json"]);
    assert_eq!((output.status.code(), json(&output)["done"].as_u64()), (Some(0), Some(9)));
}

#[test]
fn a_second_run_computes_nothing_and_a_changed_setting_is_a_new_cell() {
    let bench = Bench::new();
    let first = bench.run(&arguments("out", &["--baselines", "majority,composition"]));
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    let time = |key: &str| {
        fs::metadata(bench.path("out").join("cells").join(key).join("cell.json")).unwrap().modified().unwrap()
    };
    let keys: Vec<String> = cells(&bench.path("out")).into_iter().map(|cell| cell.0).collect();
    let times: Vec<_> = keys.iter().map(|key| time(key)).collect();
    let second = bench.run(&arguments("out", &["--baselines", "majority,composition"]));
    assert_eq!(without_costs(json(&first)), without_costs(json(&second)));
    assert_eq!(times, keys.iter().map(|key| time(key)).collect::<Vec<_>>());
    let planned = json(&bench.run(&[
        "bench",
        "plan",
        "--tasks",
        "./planted",
        "--baselines",
        "majority,lookup",
        "--output-path",
        "out",
        "--json",
    ]));
    assert_eq!((planned["cached"].as_u64(), planned["to_run"].as_u64()), (Some(1), Some(1)));
    let limited = bench.run(&arguments("out", &["--baselines", "majority,composition", "--limit", "40"]));
    assert_eq!(limited.status.code(), Some(0));
    assert_eq!(cells(&bench.path("out")).len(), 4);
    assert_eq!(json(&limited)["cells"][0]["items"], serde_json::json!([40, 40, 40]));
}

fn wait_for_cells(child: &mut Child, folder: &Path, least: usize) {
    let start = Instant::now();
    loop {
        let finished = fs::read_dir(folder.join("cells")).map_or(0, |entries| {
            entries
                .flatten()
                .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
                .filter(|entry| entry.path().join("cell.json").is_file())
                .count()
        });
        if finished >= least {
            return;
        }
        assert!(child.try_wait().unwrap().is_none(), "the run ended before {least} cells");
        assert!(start.elapsed() < Duration::from_mins(2), "no cell after two minutes");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Seconds of work in seven cells.
fn slow<'a>(bench: &Bench, output: &'a str) -> Vec<&'a str> {
    write_task(&bench.path("planted"), 3_000);
    vec![
        "bench",
        "run",
        "--tasks",
        "./planted",
        "--trees",
        "1500",
        "--output-path",
        output,
        "--json",
        "--baselines",
        "majority,tfidf:kmer:4:overlap,tfidf:kmer:5:overlap",
    ]
}

#[test]
fn a_killed_run_goes_on_and_ends_with_the_same_bytes() {
    let bench = Bench::new();
    let whole = bench.run(&slow(&bench, "whole"));
    assert_eq!(whole.status.code(), Some(0), "{}", text(&whole.stderr));
    let folder = bench.path("killed");
    for least in [1, 2, 4] {
        let mut child =
            bench.dlm(&slow(&bench, "killed")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_for_cells(&mut child, &folder, least);
        child.kill().unwrap();
        child.wait().unwrap();
        let status = json(&bench.run(&["bench", "status", "killed", "--json"]));
        assert!(status["done"].as_u64().unwrap() >= least as u64, "{status:#}");
        assert!(status["missing"].as_u64().unwrap() > 0, "{status:#}");
    }
    let resumed = bench.run(&slow(&bench, "killed"));
    assert_eq!(resumed.status.code(), Some(0), "{}", text(&resumed.stderr));
    assert_eq!(without_costs(json(&resumed)), without_costs(json(&whole)));
    let without_making = |name: &str| {
        let left = fs::read_dir(bench.path(name).join("cells")).unwrap();
        left.flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(".making-"))
            .for_each(|entry| fs::remove_dir_all(entry.path()).unwrap());
        cells(&bench.path(name))
    };
    assert_eq!(without_making("killed"), without_making("whole"));
}

#[test]
fn neither_threads_nor_order_change_a_result() {
    let bench = Bench::new();
    let one = bench.run(&arguments("one", &["--baselines", BASELINES, "--threads", "1"]));
    let reversed: Vec<&str> = BASELINES.rsplit(',').collect();
    let reversed = reversed.join(",");
    let four = bench.run(&arguments("four", &["--baselines", &reversed, "--threads", "4"]));
    assert_eq!((one.status.code(), four.status.code()), (Some(0), Some(0)));
    let threadless = |name: &str| cells(&bench.path(name));
    assert_eq!(threadless("one"), threadless("four"));
}

#[test]
fn where_a_model_lies_changes_no_interval() {
    let bench = Bench::new();
    let mut stream = Stream::new(2, "genome");
    let bases: String = (0..20_000).map(|_| char::from(b"ACGT"[stream.below(4)])).collect();
    fs::write(bench.path("genome.fa"), format!(">chr1\n{bases}\n")).unwrap();
    for folder in ["here", "there"] {
        fs::create_dir(bench.path(folder)).unwrap();
        let vocabulary = format!("{folder}/bpe.json");
        let trained = bench.run(&[
            "tokenizer",
            "train",
            "--fasta",
            "genome.fa",
            "--merges",
            "40",
            "--output",
            &vocabulary,
        ]);
        assert_eq!(trained.status.code(), Some(0), "{}", text(&trained.stderr));
        let baselines = format!("majority,composition,tfidf:{vocabulary}");
        let output = bench.run(&arguments(&format!("out-{folder}"), &["--baselines", &baselines]));
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    let row = |folder: &str| {
        let text = fs::read(bench.path(&format!("out-{folder}")).join("results.json")).unwrap();
        let document: Value = serde_json::from_slice(&text).unwrap();
        let rows = document["summary"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["model"] == format!("tfidf:{folder}/bpe.json")).unwrap()
    };
    let (here, there) = (row("here"), row("there"));
    assert_eq!(here["gains"]["context"]["interval"], there["gains"]["context"]["interval"]);
    for key in ["score", "over_seeds", "over_items", "detectable", "gains"] {
        assert!(!here[key].is_null(), "{key}");
        assert_eq!(here[key], there[key], "{key}");
    }
}

#[test]
fn signals_end_a_run_with_their_code_and_nothing_half_written() {
    let bench = Bench::new();
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let name = format!("out{signal}");
        let mut child =
            bench.dlm(&slow(&bench, &name)).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let folder = bench.path(&name);
        wait_for_cells(&mut child, &folder, 1);
        let pid = child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert!(!folder.join("results.json").exists());
        assert!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["error"].is_string());
        for entry in fs::read_dir(folder.join("cells")).unwrap() {
            assert!(entry.unwrap().path().join("cell.json").is_file());
        }
    }
}

#[test]
fn wrong_input_ends_with_two_and_a_hint() {
    let bench = Bench::new();
    fs::write(bench.path("typo.toml"), "tasks = [\"./planted\"]\nbaselins = [\"majority\"]\n").unwrap();
    fs::write(bench.path("kind.yaml"), "tasks: [./planted]\nbaselines: majority\nseeds: three\n").unwrap();
    fs::write(bench.path("broken.toml"), "tasks = [\n").unwrap();
    fs::write(bench.path("empty.toml"), "").unwrap();
    fs::write(bench.path("binary.toml"), [0xff, 0xfe, 0, 1]).unwrap();
    let cases: &[(&[&str], &[&str])] = &[
        (
            &["--config", "typo.toml"],
            &["typo.toml: unknown key \"baselins\"", "hint: did you mean \"baselines\"?"],
        ),
        (&["--config", "kind.yaml"], &["kind.yaml: seeds: \"three\" is not a whole number"]),
        (&["--config", "broken.toml"], &["broken.toml: line"]),
        (&["--config", "empty.toml"], &["empty.toml: holds no keys"]),
        (&["--config", "binary.toml"], &["binary.toml: not text"]),
        (&["--config", "missing.toml"], &["missing.toml: cannot be read"]),
        (&["--tasks", "./planted"], &["neither a model nor a baseline", "hint:"]),
        (&["--baselines", "majority"], &["no task is given", "hint:"]),
        (
            &["--tasks", "./planted", "--baselines", "majorty"],
            &["no baseline", "hint: did you mean \"majority\"?"],
        ),
        (
            &["--tasks", "next-kmerr:6", "--baselines", "majority"],
            &["no task", "hint: did you mean \"next-kmer\"?"],
        ),
        (&["--tasks", "./planted", "--models", "nothing-here"], &["no encoder is called \"nothing-here\""]),
        (&["--tasks", "/no/such/task", "--baselines", "majority"], &["/no/such/task"]),
        (&["--tasks", "./planted", "--baselines", "tfidf:no/tokenizer.json"], &["tokenizer.json"]),
        (&["--tasks", "next-kmer:6,genome=no.fa", "--baselines", "majority"], &["no.fa"]),
        (&["--tasks", "./planted", "--baselines", "majority,majority"], &["given twice"]),
        (
            &["--tasks", "./planted", "--baselines", "majority", "--pool", "men"],
            &["hint: did you mean \"mean\"?"],
        ),
        (&["--tasks", "./planted", "--baselines", "majority", "--threads", "0"], &["--threads 0"]),
    ];
    for (arguments, wanted) in cases {
        let mut all = vec!["bench", "run", "--output-path", "out"];
        all.extend_from_slice(arguments);
        let output = bench.run(&all);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        for wanted in *wanted {
            assert!(stderr.contains(wanted), "{arguments:?}: {wanted:?} is not in {stderr}");
        }
        assert!(stderr.starts_with("error: "), "{stderr}");
        assert!(output.stdout.is_empty());
        assert!(!bench.path("out").exists(), "{arguments:?} left a folder");
    }
    assert_eq!(bench.run(&["bench", "fly"]).status.code(), Some(2));
    assert_eq!(bench.run(&["bench", "status", "nowhere"]).status.code(), Some(2));
    assert_eq!(bench.run(&["--help"]).status.code(), Some(0));
}

#[test]
fn a_configuration_says_the_same_as_flags_and_flags_win() {
    let bench = Bench::new();
    fs::write(
        bench.path("bench.toml"),
        "tasks = \"./planted\"\nbaselines = [\"majority\", \"lookup\"]\nlimit = 50\noutput-path = \"a\"\n",
    )
    .unwrap();
    fs::write(bench.path("bench.yaml"), "tasks: [./planted]\nbaselines: [majority, lookup]\nlimit: 50\n")
        .unwrap();
    let toml = bench.run(&["bench", "run", "--config", "bench.toml", "--json"]);
    let yaml = bench.run(&["bench", "run", "--config", "bench.yaml", "--output-path", "b", "--json"]);
    let flags = bench.run(&[
        "bench",
        "run",
        "--tasks",
        "./planted",
        "--baselines",
        "majority,lookup",
        "--limit",
        "50",
        "--output-path",
        "c",
        "--json",
    ]);
    assert_eq!(toml.status.code(), Some(0), "{}", text(&toml.stderr));
    assert_eq!(without_costs(json(&toml)), without_costs(json(&yaml)));
    assert_eq!(without_costs(json(&toml)), without_costs(json(&flags)));
    let fewer = bench.run(&["bench", "run", "--config", "bench.toml", "--limit", "20", "--json"]);
    assert_eq!(json(&fewer)["cells"][0]["limit"], 20);
}

#[test]
fn an_unsupported_cell_is_a_row_and_no_failure() {
    let bench = Bench::new();
    let output = bench.run(&arguments("out", &["--baselines", "majority,markov:3"]));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let document = json(&output);
    let markov =
        document["cells"].as_array().unwrap().iter().find(|cell| cell["model"] == "markov:3").unwrap();
    if markov["status"] == "unsupported" {
        assert!(markov["reason"].is_string());
    } else {
        assert_eq!(markov["status"], "done");
    }
}

#[test]
fn a_full_disk_is_an_error_and_leaves_no_half_cell() {
    let bench = Bench::new();
    write_task(&bench.path("planted"), 4_000);
    let script = format!(
        "ulimit -f 8; exec '{}' bench run --tasks ./planted --baselines composition --output-path out",
        env!("CARGO_BIN_EXE_dlm")
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &format!("trap '' XFSZ; {script}")])
        .current_dir(bench.folder.path())
        .output()
        .unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("cannot be written") && stderr.contains("hint: free some space"), "{stderr}");
    assert_eq!(fs::read_dir(bench.path("out").join("cells")).unwrap().count(), 0);
    let after = bench.run(&[
        "bench",
        "run",
        "--tasks",
        "./planted",
        "--baselines",
        "composition",
        "--output-path",
        "out",
    ]);
    assert_eq!(after.status.code(), Some(0), "{}", text(&after.stderr));
}

#[test]
fn validation_that_is_test_is_refused() {
    let bench = Bench::new();
    fs::write(
        bench.path("planted/examples.csv"),
        "id,sequence,label,split,group\n0,ACGT,no,train,a\n1,ACGG,yes,train,b\n2,ACCC,yes,validation,c\n3,ACCC,yes,test,d\n",
    )
    .unwrap();
    let output = bench.run(&arguments("out", &["--baselines", "majority"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("validation and test"), "{}", text(&output.stderr));
}
