//! The comparison of `docs/head-to-head.md`, small: its script and its configuration, with models of a few weights.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

#[expect(dead_code, reason = "nothing is built in C here")]
mod user;

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf, process::Command};

use dlm_sdk::{dna, random::Stream};
use serde_json::Value;
use user::{User, have, root, runtime, text};

/// The tokenizer of the exported model of the tests: it has 13 ids.
const TOKENIZER: &str = r#"{"version": "1.0", "truncation": null, "padding": null,
    "added_tokens": [
        {"id": 0, "content": "[UNK]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 1, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 2, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 3, "content": "[PAD]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 4, "content": "[MASK]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
    "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
    "model": {"type": "BPE", "dropout": null, "unk_token": "[UNK]", "continuing_subword_prefix": null,
        "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
        "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "[PAD]": 3, "[MASK]": 4,
            "A": 5, "C": 6, "G": 7, "T": 8, "TT": 9, "AC": 10, "TTT": 11, "ACG": 12},
        "merges": ["T T", "A C", "TT T", "AC G"]}}"#;

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

/// Builds the plugins of models as a user does, and returns the folder of their libraries.
fn libraries() -> PathBuf {
    let plugins = ["dnabert2", "nucleotide-transformer", "hyenadna"];
    let packages = plugins.iter().flat_map(|name| ["-p".to_owned(), format!("dlm-plugin-{name}")]);
    let built = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["build", "--offline", "--message-format=json"])
        .args(packages)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", text(&built.stderr));
    let library = text(&built.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|name| name.as_str().map(PathBuf::from))
        .find(|path| path.file_stem().is_some_and(|name| name == "libdlm_plugin_hyenadna"));
    library.unwrap().parent().unwrap().to_owned()
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
    for file in ["model.onnx", "config.json"] {
        fs::copy(root().join("benchmarks/harness/tests/exported").join(file), export.join(file)).unwrap();
    }
    fs::write(export.join("tokenizer.json"), TOKENIZER).unwrap();
    let folder = root().join("benchmarks/head-to-head");
    let prepared = user
        .command("bash", &[folder.join("prepare.sh").to_str().unwrap(), "chr21.fa", "export"])
        .env("DLM", env!("CARGO_BIN_EXE_dlm"))
        .env("LIBRARIES", libraries())
        .envs([("MERGES", "20"), ("WIDTH", "16"), ("HYENA_WIDTH", "16"), ("LAYERS", "1")])
        .output()
        .unwrap();
    assert!(prepared.status.success(), "{}{}", text(&prepared.stdout), text(&prepared.stderr));

    // The configuration as it is, but for fewer items and steps; presets have their own width.
    let config = folder.join("bench.toml");
    let run = user.dlm(&[
        "bench",
        "run",
        "--json",
        "--quiet",
        "--config",
        config.to_str().unwrap(),
        "--genome",
        "chr21.fa",
        "--data",
        "released",
        "--limit",
        "12",
        "--max-steps",
        "1",
        "--batch",
        "4",
        "--output-path",
        "out",
    ]);
    let document: Value = serde_json::from_slice(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", text(&run.stdout), text(&run.stderr)));
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
    let table = user.good(&[
        "bench",
        "run",
        "--quiet",
        "--config",
        config.to_str().unwrap(),
        "--genome",
        "chr21.fa",
        "--data",
        "released",
        "--limit",
        "12",
        "--max-steps",
        "1",
        "--batch",
        "4",
        "--output-path",
        "out",
    ]);
    for column in ["s/1000", "MB", "weights", "exported-bert [finetune]", "bases cut off"] {
        assert!(table.contains(column), "{column}: {table}");
    }
}
