//! `dlm task audit` and `dlm task resplit` through the binary.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use dlm_sdk::{dna, random::Stream};
use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::RowAccessor as _,
};
use serde_json::Value;
use tempfile::TempDir;

/// A folder to work in.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dlm"));
        command.current_dir(self.0.path()).args(arguments).output().unwrap()
    }
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A task whose test split holds windows that overlap windows of train.
fn leaky(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    fs::write(
        folder.join("task.toml"),
        "version = 1\nname = \"leaky\"\ntarget = \"binary\"\nsplit = \"given\"\n",
    )
    .unwrap();
    let mut stream = Stream::new(2, "leaky");
    let mut table = "id,sequence,label,split\n".to_owned();
    for locus in 0..300 {
        let bases: Vec<u8> = (0..160).map(|_| dna::BASES[stream.below(4)]).collect();
        // Two windows of one stretch: every third pair is torn apart.
        for (window, start) in [0, 40].into_iter().enumerate() {
            let split = match (locus % 3, window) {
                (0, 1) => "test",
                (1, _) if locus % 6 == 1 => "validation",
                _ => "train",
            };
            let sequence = std::str::from_utf8(&bases[start..start + 120]).unwrap();
            let _ = writeln!(table, "{},{sequence},{},{split}", 2 * locus + window, locus % 2);
        }
    }
    fs::write(folder.join("examples.csv"), table).unwrap();
}

#[test]
fn a_leak_fails_and_splitting_anew_mends_it() {
    let bench = Bench::new();
    leaky(&bench.path("leaky"));
    let audited = bench.run(&["task", "audit", "./leaky", "--output", "audit", "--json"]);
    assert_eq!(audited.status.code(), Some(1), "{}", text(&audited.stderr));
    let answer = json(&audited);
    assert_eq!((&answer["verdict"], &answer["items"]), (&"FAIL".into(), &serde_json::json!([400, 100, 100])));
    let check = |answer: &Value, id: &str| {
        let checks = answer["checks"].as_array().unwrap();
        checks.iter().find(|check| check["id"] == id).unwrap()["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(check(&answer, "overlap.near"), "FAIL");
    assert_eq!(check(&answer, "overlap.windows"), "FAIL");
    let kept: Value = serde_json::from_slice(&fs::read(bench.path("audit/audit.json")).unwrap()).unwrap();
    assert_eq!(kept, answer);
    let reader = SerializedFileReader::try_from(bench.path("audit/items.parquet").as_path()).unwrap();
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap()).collect();
    assert_eq!(rows.len(), 100);
    // The second window of locus 0 is item 1; its first, item 0, is in train.
    assert_eq!((rows[0].get_ulong(0).unwrap(), rows[0].get_ulong(5).unwrap()), (1, 0));
    assert!((rows[0].get_float(6).unwrap() - 0.6).abs() < 1e-6);

    let split = bench.run(&["task", "resplit", "./leaky", "--output", "clean", "--json"]);
    assert_eq!(split.status.code(), Some(0), "{}", text(&split.stderr));
    let answer = json(&split);
    assert_eq!((&answer["clusters"], &answer["largest_cluster"]), (&300.into(), &2.into()));
    assert_eq!(answer["after"]["verdict"], "PASS");
    assert!(answer["mended"].as_array().unwrap().contains(&"overlap.near".into()));
    let again = bench.run(&["task", "audit", "./clean", "--json"]);
    assert_eq!(again.status.code(), Some(0));
    let again = json(&again);
    assert_eq!((&again["split"], &again["verdict"]), (&"grouped".into(), &"PASS".into()));
    assert_eq!(again["items"], answer["items"]);
    let shown = text(&bench.run(&["task", "show", "./clean"]).stdout);
    assert!(shown.contains("split anew"), "{shown}");
    let taken = bench.run(&["task", "resplit", "./leaky", "--output", "clean"]);
    assert_eq!(taken.status.code(), Some(2));
    assert!(text(&taken.stderr).contains("clean"), "{}", text(&taken.stderr));
}

#[test]
fn what_hangs_together_cannot_be_split() {
    let bench = Bench::new();
    let folder = bench.path("one");
    fs::create_dir_all(&folder).unwrap();
    fs::write(
        folder.join("task.toml"),
        "version = 1\nname = \"one\"\ntarget = \"binary\"\nsplit = \"given\"\n",
    )
    .unwrap();
    let mut table = "sequence,label,split,group\n".to_owned();
    let mut stream = Stream::new(3, "one");
    for row in 0..60 {
        let bases: String = (0..40).map(|_| char::from(dna::BASES[stream.below(4)])).collect();
        let _ = writeln!(table, "{bases},{},{},same", row % 2, ["train", "validation", "test"][row / 20]);
    }
    fs::write(folder.join("examples.csv"), table).unwrap();
    let output = bench.run(&["task", "resplit", "./one", "--output", "made"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("60 of its 60 examples hang together"), "{}", text(&output.stderr));
    assert!(!bench.path("made").exists());
    let audited = bench.run(&["task", "audit", "./one"]);
    assert_eq!(audited.status.code(), Some(1), "the group lies in every split");
    assert!(text(&audited.stdout).contains("FAIL  overlap.groups"), "{}", text(&audited.stdout));
}
