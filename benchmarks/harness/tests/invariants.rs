//! Invariant 5: batches, rows beside a row, threads, and the order of cells move no answer; what is interrupted and
//! resumed gives the same bits.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking and says what it skips"
)]

mod support {
    pub(crate) mod small;
}

use std::{fmt::Write as _, fs, path::Path, process::Command, time::Duration};

use dlm_sdk::{Registry, TokenTensor, random::Stream};
use ndarray::{Array2, Array3, s};
use serde_json::Value;

use support::small::{Small, dlm, done, runs};

/// What answers may differ by where sums are taken in another order.
const CLOSE: f32 = 1e-5;

/// Writes a model of two layers over 3-mers.
fn model(path: &Path) {
    Small { tokenizer: "kmer:3", vocabulary: 73, hidden: 32, pooler: true, seed: 5, ..Small::default() }
        .write(path);
}

#[test]
fn logits_do_not_depend_on_the_batch_or_its_width() {
    if !runs() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    model(&place.path().join("tiny"));
    // A crate that nothing names is not linked.
    let _ = dlm::bench::PROTOCOL_VERSION;
    let registry = Registry::builtin().unwrap();
    let mut encoder = registry.encoder(place.path().join("tiny").to_str().unwrap()).unwrap();
    let mut stream = Stream::new(1, "rows");
    let rows: Vec<Vec<i64>> =
        (0..24).map(|_| (0..5 + stream.below(40)).map(|_| 5 + stream.below(68) as i64).collect()).collect();
    let mut logits = |rows: &[&Vec<i64>], width: usize| -> Array3<f32> {
        let mut ids = Array2::zeros((rows.len(), width));
        let mut mask = Array2::zeros((rows.len(), width));
        for (row, tokens) in rows.iter().enumerate() {
            for (column, &id) in tokens.iter().enumerate() {
                ids[[row, column]] = id;
                mask[[row, column]] = 1;
            }
        }
        let mut logits = Array3::zeros((rows.len(), width, 73));
        let tokens = TokenTensor { ids: ids.view(), mask: mask.view() };
        encoder.language_model().unwrap().logits(tokens, logits.view_mut()).unwrap();
        logits
    };
    let all: Vec<&Vec<i64>> = rows.iter().collect();
    let widest = rows.iter().map(Vec::len).max().unwrap();
    let together = logits(&all, widest);
    let wider = logits(&all, 64);
    for (row, tokens) in rows.iter().enumerate() {
        let alone = logits(&[tokens], tokens.len());
        let real = s![0, .., ..];
        for other in [&together, &wider] {
            let other = other.slice(s![row, ..tokens.len(), ..]);
            let worst = alone.slice(real).iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= CLOSE, "row {row}: {worst}");
        }
    }
}

#[test]
fn states_do_not_depend_on_threads() {
    if !runs() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    model(&place.join("tiny"));
    let mut stream = Stream::new(2, "sequences");
    let mut fasta = String::new();
    for row in 0..200 {
        let bases: String =
            (0..30 + stream.below(120)).map(|_| char::from(b"ACGT"[stream.below(4)])).collect();
        writeln!(fasta, ">r{row}\n{bases}").unwrap();
    }
    fs::write(place.join("rows.fa"), fasta).unwrap();
    let embedded = |threads: &str| -> Array2<f32> {
        let output = format!("{threads}.npy");
        let arguments =
            ["embed", "--threads", threads, "--model", "./tiny", "--fasta", "rows.fa", "--output", &output];
        done(&dlm(place, &arguments).output().unwrap());
        ndarray_npy::read_npy(place.join(output)).unwrap()
    };
    let (one, two) = (embedded("1"), embedded("2"));
    assert_eq!(one.dim(), (200, 32));
    let worst = one.iter().zip(&two).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= CLOSE, "{worst}");
}

/// A preset of a model that trains in moments.
fn preset() -> String {
    let mut text = include_str!("../../../models/presets/grover-mini.toml").to_owned();
    for (key, value) in [
        ("hidden", "32"),
        ("layers", "2"),
        ("heads", "4"),
        ("intermediate", "64"),
        ("max_positions", "64"),
        ("pretraining_dropout", "0.1"),
        ("longest", "40"),
        ("shortest", "10"),
        ("batch", "8"),
    ] {
        let start = text.find(&format!("\n{key} = {{ value = ")).unwrap() + key.len() + 14;
        let end = start + text[start..].find(',').unwrap();
        text.replace_range(start..end, value);
    }
    text
}

/// The numbers of a training that are no times.
fn record(folder: &Path) -> Value {
    let mut record: Value =
        serde_json::from_slice(&fs::read(folder.join("pretraining.json")).unwrap()).unwrap();
    record.as_object_mut().unwrap().remove("seconds");
    record
}

#[test]
fn a_training_that_is_interrupted_and_resumed_gives_the_same_bits() {
    if !runs() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let mut stream = Stream::new(3, "genome");
    let bases: String = (0..60_000).map(|_| char::from(b"ACGT"[stream.below(4)])).collect();
    fs::write(place.join("genome.fa"), format!(">chr1\n{bases}\n")).unwrap();
    fs::write(place.join("tiny.toml"), preset()).unwrap();
    let arguments = |output: &'static str| {
        [
            "pretrain",
            "--config",
            "tiny.toml",
            "--fasta",
            "genome.fa",
            "--tokenizer",
            "kmer:3",
            "--steps",
            "120",
        ]
        .into_iter()
        .chain(["--output", output, "--quiet"])
        .collect::<Vec<_>>()
    };
    done(&dlm(place, &arguments("whole")).output().unwrap());

    let mut child = dlm(place, &arguments("halves")).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let metrics = place.join("halves/training/metrics.jsonl");
    while fs::read_to_string(&metrics).map_or(0, |text| text.lines().count()) < 10 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was interrupted");
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(place.join("halves/training/checkpoint.safetensors").exists());
    assert!(!place.join("halves/model.safetensors").exists(), "half a model is none");

    let refused = dlm(place, &arguments("halves")).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "nothing is overwritten by chance");
    let mut resume = arguments("halves");
    resume.push("--resume");
    done(&dlm(place, &resume).output().unwrap());
    let weights = |name: &str| fs::read(place.join(name).join("model.safetensors")).unwrap();
    assert!(weights("whole") == weights("halves"), "the weights differ");
    assert_eq!(record(&place.join("whole")), record(&place.join("halves")));
}

#[test]
fn the_order_of_cells_moves_no_bit() {
    if !runs() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    model(&place.join("tiny"));
    for (seed, name) in [(1, "first"), (2, "second")] {
        let mut stream = Stream::new(seed, "task");
        let mut table = "sequence,label,split\n".to_owned();
        for row in 0..240 {
            let bases: String = (0..60).map(|_| char::from(b"ACGT"[stream.below(4)])).collect();
            let split = ["train", "train", "validation", "test"][row % 4];
            writeln!(table, "{bases},{},{split}", stream.below(2)).unwrap();
        }
        fs::create_dir(place.join(name)).unwrap();
        fs::write(place.join(name).join("examples.csv"), table).unwrap();
        fs::write(
            place.join(name).join("task.toml"),
            format!("version = 1\nname = \"{name}\"\ntarget = \"binary\"\nclasses = [\"0\", \"1\"]\nsplit = \"given\"\n"),
        )
        .unwrap();
    }
    let run = |tasks: [&str; 2], output: &str| -> Vec<(String, u64, Value, Vec<u8>)> {
        let arguments = [
            "bench",
            "run",
            "--json",
            "--quiet",
            "--mode",
            "finetune",
            "--epochs",
            "1",
            "--seeds",
            "2",
            "--models",
            "./tiny+random",
            "--tasks",
            tasks[0],
            "--tasks",
            tasks[1],
            "--output-path",
            output,
        ];
        let output_of = dlm(place, &arguments).output().unwrap();
        done(&output_of);
        let document: Value = serde_json::from_slice(&output_of.stdout).unwrap();
        let mut cells: Vec<_> = document["cells"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cell| {
                let key = cell["key"].as_str().unwrap();
                let path = place.join(output).join("cells").join(key).join("predictions.jsonl.gz");
                let (task, seed) =
                    (cell["task"].as_str().unwrap().to_owned(), cell["seed"].as_u64().unwrap());
                (task, seed, cell["metrics"].clone(), fs::read(path).unwrap())
            })
            .collect();
        cells.sort_by_key(|(task, seed, ..)| (task.clone(), *seed));
        cells
    };
    let (there, back) = (run(["./first", "./second"], "there"), run(["./second", "./first"], "back"));
    assert_eq!(there.len(), 4);
    assert!(there == back, "cells differ");
    assert_ne!(there[0].3, there[1].3, "seeds are drawn from");
}

#[test]
fn every_recipe_is_tried_and_validation_chooses() {
    if !runs() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    model(&place.join("tiny"));
    let mut stream = Stream::new(4, "task");
    let mut table = "sequence,label,split\n".to_owned();
    for row in 0..320 {
        let class = stream.below(2);
        let pool: &[u8] = if class == 1 { b"AAACGT" } else { b"ACCGGT" };
        let bases: String = (0..60).map(|_| char::from(pool[stream.below(6)])).collect();
        let split = ["train", "train", "validation", "test"][row % 4];
        writeln!(table, "{bases},{class},{split}").unwrap();
    }
    fs::create_dir(place.join("task")).unwrap();
    fs::write(place.join("task/examples.csv"), table).unwrap();
    fs::write(
        place.join("task/task.toml"),
        "version = 1\nname = \"shares\"\ntarget = \"binary\"\nclasses = [\"0\", \"1\"]\nsplit = \"given\"\n",
    )
    .unwrap();
    let run = |protocol: &str| -> Value {
        let arguments = [
            "bench",
            "run",
            "--json",
            "--quiet",
            "--mode",
            "finetune",
            "--protocol",
            protocol,
            "--max-steps",
            "30",
            "--seeds",
            "1",
            "--models",
            "./tiny",
            "--tasks",
            "./task",
            "--output-path",
            protocol,
        ];
        let output = dlm(place, &arguments).output().unwrap();
        done(&output);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        document["cells"][0].clone()
    };
    let fact = |cell: &Value, name: &str| -> String {
        let facts = cell["facts"].as_array().unwrap();
        let fact = facts.iter().find(|fact| fact["name"] == name);
        fact.unwrap_or_else(|| panic!("{name}: {facts:?}"))["value"].as_str().unwrap().to_owned()
    };
    let (paper, tuned) = (run("paper"), run("tuned"));
    assert_eq!((&paper["protocol"], &tuned["protocol"]), (&"paper".into(), &"tuned".into()));
    assert_eq!(fact(&paper, "learning rate"), "3e-5 (resolved)");
    let trials = fact(&tuned, "trials, by learning rate");
    let trials: Vec<(f64, f64)> = trials
        .split("; ")
        .map(|trial| {
            let (rate, value) = trial.split_once(": ").unwrap();
            (rate.parse().unwrap(), value.parse().unwrap())
        })
        .collect();
    assert_eq!(trials.iter().map(|trial| trial.0).collect::<Vec<_>>(), [1e-6, 1e-5, 3e-5, 1e-4, 3e-4, 3e-5]);
    let best = trials.iter().map(|trial| trial.1).fold(f64::INFINITY, f64::min);
    let chosen: f64 = fact(&tuned, "learning rate").split(' ').next().unwrap().parse().unwrap();
    let first = trials.iter().find(|trial| trial.1 == best).unwrap();
    assert_eq!(chosen, first.0, "{trials:?}");
    assert!((tuned["validation"]["mcc"].as_f64().unwrap() + best).abs() < 1e-3, "{trials:?} {tuned}");
    assert_eq!(fact(&tuned, "examples seen"), fact(&paper, "examples seen"), "trials have the same length");
}
