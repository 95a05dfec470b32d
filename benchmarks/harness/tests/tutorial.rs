//! The tutorial of CTCF sites, command by command as it is written, on chromosome 21; training is cut short.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, process::Command};

/// What makes a command short, by how it begins.
const SHORTER: [(&str, &[&str]); 3] = [
    ("pretrain", &["--steps", "2"]),
    ("finetune", &["--max-steps", "2", "--epochs", "1"]),
    (
        "bench run",
        &[
            "--max-steps",
            "2",
            "--epochs",
            "1",
            "--limit",
            "40",
            "--seeds",
            "1",
            "--trees",
            "5",
            "--folds",
            "3",
        ],
    ),
];

/// The page's commands, with what makes them short in place of the page's own values.
fn commands() -> Vec<Vec<String>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tutorial-ctcf.md");
    let text = fs::read_to_string(page).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("    dlm "));
    lines
        .map(|line| {
            let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let shorter = SHORTER.iter().find(|(start, _)| line.starts_with(start)).map(|(_, flags)| *flags);
            for pair in shorter.unwrap_or_default().chunks_exact(2) {
                if let Some(at) = words.iter().position(|word| word == pair[0]) {
                    words.drain(at..at + 2);
                }
                words.extend(pair.iter().map(|&word| word.to_owned()));
            }
            words
        })
        .collect()
}

#[test]
fn every_command_runs_in_order() {
    if let Err(error) = dlm_runtime::Runtime::get() {
        return println!("skipped: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    for (from, to) in [
        ("genome/chr21.hg19.lifted_from_hg38.fa.gz", "hg19.chr21.fa.gz"),
        ("ctcf/MA0139.1.pfm", "MA0139.1.pfm"),
        ("ctcf/GM12878_CTCF.ENCFF833FTF.hg19.narrowPeak.gz", "GM12878.narrowPeak.gz"),
    ] {
        let Some(from) = dlm_tests::data(from) else { return };
        fs::copy(from, place.join(to)).unwrap();
    }
    fs::write(place.join("sites.bed"), "chr21\t20000000\t20001000\ta\nchr21\t30000000\t30001000\tb\n")
        .unwrap();
    let commands = commands();
    assert_eq!(commands.len(), 9);
    let mut shown = String::new();
    for words in commands {
        let output =
            Command::new(env!("CARGO_BIN_EXE_dlm")).current_dir(place).args(&words).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "dlm {} ended with {}\n{message}", words.join(" "), output.status);
        shown.push_str(&String::from_utf8_lossy(&output.stdout));
    }
    // What the page says of the data, and what the commands leave behind.
    assert!(shown.contains("239 of 1069 sites are bound (22.4 %"), "{shown}");
    let held_out = fs::read_to_string(place.join("held-out.bed")).unwrap();
    assert_eq!(held_out.lines().count(), 214);
    let predictions = fs::read_to_string(place.join("predictions.tsv")).unwrap();
    assert_eq!(predictions.lines().count(), 3, "{predictions}");
    let table = shown.split("context gain").nth(1).unwrap();
    for method in ["my-grover", "my-grover+random", "tfidf:kmer:4", "composition"] {
        assert!(table.contains(method), "{method} is not in\n{table}");
    }
    assert!(fs::metadata(place.join("ctcf-results/report.html")).unwrap().len() > 10_000);
}
