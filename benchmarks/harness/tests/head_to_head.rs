//! The comparison of `docs/head-to-head.md`, small: its script and its configuration, with models of a few weights.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

#[expect(dead_code, reason = "nothing is built in C here")]
mod user;

use std::{collections::BTreeSet, fmt::Write as _, fs};

use dlm_sdk::{dna, random::Stream};
use serde_json::Value;
use user::{User, dynamic_models, have, json, root, runtime, text};

fn bases(stream: &mut Stream, length: usize) -> String {
    (0..length).map(|_| char::from(dna::BASES[stream.below(4)])).collect()
}

/// A released task: rows of a length, and what tells the classes apart.
fn release(user: &User, task: &str, length: usize, stream: &mut Stream) {
    let folder = user.path("released/gue").join(task);
    fs::create_dir_all(&folder).unwrap();
    for split in ["train", "dev", "test"] {
        let mut table = "sequence,label\n".to_owned();
        for item in 0..24 {
            let mut row = bases(stream, length);
            if item % 2 == 1 {
                row.replace_range(4..10, "TATAAA");
            }
            writeln!(table, "{row},{}", item % 2).unwrap();
        }
        fs::write(folder.join(format!("{split}.csv")), table).unwrap();
    }
}

#[test]
fn six_models_and_their_controls_stand_in_one_table() {
    if !have("bash") || !runtime() {
        return;
    }
    let user = User::new();
    let mut stream = Stream::new(1, "head-to-head");
    let genome: String = format!(">chr21\n{}\n", bases(&mut stream, 300_000));
    fs::write(user.path("chr21.fa"), genome).unwrap();
    release(&user, "tf/0", 100, &mut stream);
    release(&user, "prom/prom_300_tata", 300, &mut stream);
    let export = user.path("export");
    fs::create_dir_all(&export).unwrap();
    for file in ["model.onnx", "config.json", "tokenizer.json"] {
        fs::copy(root().join("benchmarks/harness/tests/exported").join(file), export.join(file)).unwrap();
    }
    let folder = root().join("benchmarks/head-to-head");
    let prepared = user
        .command("bash", &[folder.join("prepare.sh").to_str().unwrap(), "chr21.fa", "export"])
        .env("DLM", env!("CARGO_BIN_EXE_dlm"))
        .env("LIBRARIES", dynamic_models()[0].parent().unwrap())
        .envs([("MERGES", "20"), ("WIDTH", "16"), ("HYENA_WIDTH", "16"), ("LAYERS", "1")])
        .output()
        .unwrap();
    assert!(prepared.status.success(), "{}{}", text(&prepared.stdout), text(&prepared.stderr));

    // The configuration as it is, but for fewer items and steps; presets have their own width.
    let config = folder.join("bench.toml");
    let files = ["--config", config.to_str().unwrap(), "--genome", "chr21.fa", "--data", "released"];
    let small = ["--limit", "12", "--max-steps", "1", "--batch", "4", "--output-path", "out"];
    let run = [&["bench", "run", "--quiet"][..], &files, &small].concat();
    let document = json(&user.dlm(&[&run[..], &["--json"]].concat()));
    let rows = document["summary"].as_array().unwrap();
    let bad: Vec<_> = rows.iter().filter(|row| row["status"] != "done").collect();
    assert!(bad.is_empty(), "{bad:?}");
    // Four baselines, and six models in two modes, on three tasks.
    assert_eq!(rows.len(), 3 * (4 + 2 * 6));
    let encoders: Vec<&Value> = rows.iter().filter(|row| row["mode"] != "baseline").collect();
    let modes: BTreeSet<&str> = encoders.iter().filter_map(|row| row["mode"].as_str()).collect();
    assert_eq!(modes.into_iter().collect::<Vec<_>>(), ["finetune", "probe"]);
    for row in &encoders {
        for key in ["seconds_per_1000", "fit_seconds", "score", "parameters"] {
            assert!(row[key].is_number(), "{key}: {row}");
        }
        let bundle = row["model"] == "exported-bert";
        // 64 positions hold the 50 bases before a k-mer, but not 100 and more in a vocabulary of four merges.
        let cut = row["truncated_bases"].as_u64().unwrap();
        let long = row["task"].as_str().unwrap().starts_with("gue/");
        assert_eq!(cut > 0, bundle && long, "{row}");
    }
    let table = user.good(&run);
    for column in ["s/1000", "MB", "weights", "exported-bert [finetune]", "bases cut off"] {
        assert!(table.contains(column), "{column}: {table}");
    }
    long_rows(&user);
}

/// The commands of the page for long rows, with a smaller model and shorter rows.
fn long_rows(user: &User) {
    let page = fs::read_to_string(root().join("docs/head-to-head.md")).unwrap();
    let section = page.split("## Long rows").nth(1).unwrap().split("\n## ").next().unwrap();
    let commands: Vec<String> = section
        .lines()
        .filter_map(|line| line.strip_prefix("    dlm "))
        .map(|line| {
            line.replace(
                "--width 256 --layers 8 --max-tokens 160002",
                "--width 16 --layers 1 --max-tokens 4002",
            )
        })
        .collect();
    assert!(commands.len() == 2 && commands[0].contains("4002"), "{commands:?}");
    let region = bases(&mut Stream::new(2, "region"), 4_000);
    fs::write(user.path("region.fa"), format!(">region\n{region}\n")).unwrap();
    for command in commands {
        user.good(&command.split_whitespace().collect::<Vec<_>>());
    }
    // A head of whole 64 bytes, and sixteen numbers.
    assert_eq!(fs::metadata(user.path("region.npy")).unwrap().len() % 64, 0);
}
