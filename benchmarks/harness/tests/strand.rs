//! Answers to both strands, and what small tasks and leaks do to a table, through the binary.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, fs, process::Command};

use dlm_sdk::{dna, random::Stream};
use serde_json::Value;

/// Class 1 holds `TATAAA` on the strand that is written, in nine of ten; every fifth test item is a copy of one of train.
fn planted() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("planted");
    fs::create_dir(&folder).unwrap();
    fs::write(
        folder.join("task.toml"),
        "version = 1\nname = \"planted\"\ntarget = \"binary\"\nsplit = \"given\"\n",
    )
    .unwrap();
    let mut stream = Stream::new(1, "strand");
    let mut table = "sequence,label,split\n".to_owned();
    let mut first = Vec::new();
    for row in 0..600 {
        let class = row % 2;
        let mut bases: Vec<u8> = (0..60).map(|_| dna::BASES[stream.below(4)]).collect();
        if class == 1 && stream.below(10) > 0 {
            let at = stream.below(54);
            bases[at..at + 6].copy_from_slice(b"TATAAA");
        }
        let split = ["train", "train", "train", "validation", "test"][row / 2 % 5];
        let mut sequence = String::from_utf8(bases).unwrap();
        if split == "train" {
            first.push((class, sequence.clone()));
        } else if split == "test" && row % 10 == 8 {
            sequence.clone_from(&first.iter().find(|(other, _)| *other == class).unwrap().1);
        }
        let _ = writeln!(table, "{sequence},{class},{split}");
    }
    fs::write(folder.join("examples.csv"), table).unwrap();
    place
}

fn run(place: &tempfile::TempDir, more: &[&str]) -> (Value, String) {
    let mut all =
        vec!["bench", "run", "--tasks", "./planted", "--seeds", "3", "--trees", "40", "--output-path", "out"];
    all.extend(["--baselines", "majority,tfidf:kmer:6:overlap"]);
    all.extend(more);
    let dlm = |json: bool| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dlm"));
        command.current_dir(place.path()).args(&all).args(json.then_some("--json"));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    (serde_json::from_str(&dlm(true)).unwrap(), dlm(false))
}

fn row<'d>(document: &'d Value, model: &str) -> &'d Value {
    document["summary"].as_array().unwrap().iter().find(|row| row["model"] == model).unwrap()
}

#[test]
fn flips_and_means_over_strands_are_told_where_asked_for() {
    let place = planted();
    let (plain, _) = run(&place, &[]);
    let (both, shown) = run(&place, &["--both-strands"]);
    let forest = "tfidf:kmer:6:overlap";
    assert!(plain["cells"][0].get("strand").is_none() && row(&plain, forest).get("flip_rate").is_none());
    assert_ne!(plain["cells"][0]["key"], both["cells"][0]["key"]);
    assert_eq!(row(&plain, forest)["score"], row(&both, forest)["score"]);
    // The motif is read on the written strand alone.
    let number = |model: &str, key: &str| row(&both, model)[key].as_f64().unwrap();
    assert!(number(forest, "flip_rate") > 0.2, "{}", number(forest, "flip_rate"));
    assert!(number(forest, "both_strands") < number(forest, "score"));
    assert_eq!(number("majority", "flip_rate"), 0.0);
    assert_eq!(number("majority", "both_strands"), number("majority", "score"));
    assert!(shown.contains("strand flips") && shown.contains("both strands"), "{shown}");
    let cell = both["cells"].as_array().unwrap().iter().find(|cell| cell["model"] == forest).unwrap();
    assert!(cell["strand"]["mean_change"].as_f64().unwrap() > 0.05);
    assert!(cell["strand"]["averaged"]["auroc"].as_f64().is_some());
}

#[test]
fn a_small_leaky_task_is_marked_and_not_ranked() {
    let place = planted();
    let (document, shown) = run(&place, &[]);
    let task = &document["tasks"][0];
    assert_eq!((&task["all_groups"], &task["audit"]["verdict"]), (&600.into(), &"FAIL".into()));
    assert!(task["audit"]["failing"].as_array().unwrap().contains(&"overlap.exact".into()));
    assert!(shown.contains("leak audit: FAIL (overlap.exact"), "{shown}");
    assert!(shown.contains("underpowered: 600 leakage groups in all splits, fewer than 2000"), "{shown}");
    let forest = row(&document, "tfidf:kmer:6:overlap");
    assert!(forest["detectable"].as_f64().unwrap() > 0.0);
    let dlm = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dlm"))
            .current_dir(place.path())
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    dlm(&["report", "out", "--output", "report.html"]);
    let page = fs::read_to_string(place.path().join("report.html")).unwrap();
    assert!(page.contains("leak audit failed") && page.contains("methods are not ranked"));
    let compared: Value = serde_json::from_str(&dlm(&[
        "compare",
        "out",
        "--a",
        "tfidf:kmer:6:overlap",
        "--b",
        "majority",
        "--json",
    ]))
    .unwrap();
    let one = &compared["comparisons"][0];
    assert!(one["interval"]["method"].as_str().unwrap().contains("over seeds and 120 test items"), "{one:#}");
    assert!(one["delong"]["a"].as_f64().unwrap() > one["delong"]["b"].as_f64().unwrap());
    assert_eq!(one["delong"]["b"], 0.5);
    assert_eq!(one["p_bh"], one["p_holm"]);
}
