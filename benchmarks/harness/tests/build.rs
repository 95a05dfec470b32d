//! `dlm task build`: what is loaded from the folder is what the task itself gives.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, fs, path::Path, process::Command};

use dlm as _;
use dlm_sdk::{dna, prelude::*, random::Stream};

/// Writes a chromosome with a start every 15 kb.
fn write_genome(folder: &Path) {
    let mut stream = Stream::new(3, "genome");
    let bases: String = (0..900_000).map(|_| char::from(dna::BASES[stream.below(4)])).collect();
    fs::write(folder.join("g.fa"), format!(">chr1\n{bases}\n")).unwrap();
    let mut table = String::new();
    for index in 0..59 {
        let position = 10_000 + 15_000 * index;
        let strand = if index % 2 == 0 { '+' } else { '-' };
        writeln!(table, "chr1\t{position}\t{}\tp{index}\t1\t{strand}", position + 1).unwrap();
    }
    fs::write(folder.join("p.bed"), table).unwrap();
}

#[test]
fn a_built_folder_gives_the_same_examples() {
    let folder = tempfile::tempdir().unwrap();
    write_genome(folder.path());
    let place = |name: &str| folder.path().join(name).display().to_string();
    let registry = Registry::builtin().unwrap();
    let files = format!("genome={},promoters={}", place("g.fa"), place("p.bed"));
    for (name, spec) in [
        ("cut", format!("prom300,{files},shuffle=kmer:6")),
        ("scan", format!("promscan,{files},split=paper")),
        ("twins", format!("prom300,{files},form=dinucleotide,strand=reading")),
    ] {
        let output = place(name);
        let made = |output: &str| {
            Command::new(env!("CARGO_BIN_EXE_dlm"))
                .args(["task", "build", &spec, "--output", output])
                .output()
                .unwrap()
        };
        let ran = made(&output);
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let (task, built) = (registry.task(&spec).unwrap(), registry.task(&output).unwrap());
        for split in Split::ALL {
            assert_eq!(task.collect(split).unwrap(), built.collect(split).unwrap(), "{spec}");
        }
        let (spec, built) = (task.spec(), built.spec());
        assert_eq!((&spec.name, &spec.target, spec.split), (&built.name, &built.target, built.split));
        assert_eq!((&spec.class_names, spec.strand_specific), (&built.class_names, built.strand_specific));
        assert!(spec.notes.iter().all(|note| built.notes.contains(note)));
        let again = made(&output);
        let told = String::from_utf8_lossy(&again.stderr).into_owned();
        assert!(!again.status.success() && told.contains("holds a task already"), "{told}");
    }
}

#[test]
fn a_damaged_folder_says_which_row_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    write_genome(folder.path());
    let place = |name: &str| folder.path().join(name).display().to_string();
    let spec = format!("promscan,genome={},promoters={}", place("g.fa"), place("p.bed"));
    let output = place("scan");
    let ran =
        Command::new(env!("CARGO_BIN_EXE_dlm")).args(["task", "build", &spec, "--output", &output]).output();
    assert!(ran.unwrap().status.success());
    let registry = Registry::builtin().unwrap();
    let manifest = fs::read_to_string(folder.path().join("scan/task.toml")).unwrap();
    fs::write(folder.path().join("scan/task.toml"), manifest.replace("\"start\"", "\"begin\"")).unwrap();
    let error = registry.task(&output).unwrap_err().chain();
    assert!(error.contains("examples.parquet: row ") && error.contains("start"), "{error}");
    fs::write(folder.path().join("scan/task.toml"), manifest).unwrap();
    fs::write(folder.path().join("scan/examples.parquet"), "no parquet").unwrap();
    let error = registry.task(&output).unwrap_err().chain();
    assert!(error.contains("cannot be read as parquet"), "{error}");
}
