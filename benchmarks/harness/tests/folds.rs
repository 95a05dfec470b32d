//! Cross-validation over leakage groups, through the binary, on planted groups.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, fs, path::Path, process::Output};

use dlm_sdk::{dna, random::Stream};
use serde_json::Value;

const METHOD: &str = "tfidf:kmer:6:overlap";
const GROUPS: usize = 60;
const EACH: usize = 6;

/// Items of a group are near copies of one sequence and have one class, thrown by a coin: whoever saw one knows the others.
/// With `signal`, class 1 also holds `TATAAA`, which can be learnt from other groups, and a few groups have the other label.
fn write(folder: &Path, split: &str, signal: bool) {
    write_with(folder, split, signal, |group, _| group);
}

fn write_with(folder: &Path, split: &str, signal: bool, group_of: fn(usize, usize) -> usize) {
    fs::create_dir(folder).unwrap();
    let head = format!("version = 1\nname = \"planted\"\ntarget = \"binary\"\nsplit = \"{split}\"\n");
    fs::write(folder.join("task.toml"), head).unwrap();
    let mut stream = Stream::new(5, "folds");
    let mut table = "id,sequence,label,split,group\n".to_owned();
    for group in 0..GROUPS {
        let class = stream.below(2);
        let mut ancestor: Vec<u8> = (0..80).map(|_| dna::BASES[stream.below(4)]).collect();
        if signal && class == 1 {
            for start in [0, 20, 40, 60] {
                ancestor[start..start + 6].copy_from_slice(b"TATAAA");
            }
        }
        let class = if signal && group % 20 == 0 { 1 - class } else { class };
        let part = ["train", "train", "train", "validation", "test"][group % 5];
        for item in 0..EACH {
            let mut bases = ancestor.clone();
            bases[70 + stream.below(10)] = dna::BASES[stream.below(4)];
            let bases = String::from_utf8(bases).unwrap();
            let id = group * EACH + item;
            let _ = writeln!(table, "{id},{bases},{class},{part},g{}", group_of(group, id));
        }
    }
    fs::write(folder.join("examples.csv"), table).unwrap();
}

fn dlm(place: &Path, more: &[&str]) -> Output {
    let all = ["bench", "run", "--tasks", "./planted", "--baselines", "majority,tfidf:kmer:6:overlap"];
    let rest = ["--seeds", "1", "--trees", "40", "--output-path", "out"];
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dlm"));
    command.current_dir(place).args(all).args(rest).args(more).output().unwrap()
}

fn ran(place: &Path, more: &[&str]) -> (Value, String) {
    let output = dlm(place, &[more, &["--json"]].concat());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    (serde_json::from_slice(&output.stdout).unwrap(), told)
}

fn row<'d>(document: &'d Value, split: &str) -> &'d Value {
    let rows = document["summary"].as_array().unwrap();
    rows.iter().find(|row| row["model"] == METHOD && row["split"] == split).unwrap()
}

#[test]
fn groups_learnt_by_heart_score_nothing() {
    let place = tempfile::tempdir().unwrap();
    write(&place.path().join("planted"), "grouped", false);
    let (document, _) = ran(place.path(), &["--folds", "5"]);
    let score = row(&document, "grouped-cv")["score"].as_f64().unwrap();
    assert!(score.abs() < 0.45, "{score}");

    // The leak this would catch: the same items, each a group of its own, so that near copies lie in several folds.
    let place = tempfile::tempdir().unwrap();
    write_with(&place.path().join("planted"), "grouped", false, |_, id| id);
    let (document, _) = ran(place.path(), &["--folds", "5"]);
    let leaked = row(&document, "grouped-cv")["score"].as_f64().unwrap();
    assert!(leaked > 0.9, "{leaked}");
}

#[test]
fn every_group_is_answered_and_a_signal_is_found() {
    let place = tempfile::tempdir().unwrap();
    write(&place.path().join("planted"), "grouped", true);
    let (document, told) = ran(place.path(), &[]);
    assert!(told.contains("planted: 60 leakage groups") && told.contains("--folds 5"), "{told}");
    assert_eq!(document["tasks"][0]["groups"], 12);
    let text = String::from_utf8(dlm(place.path(), &[]).stdout).unwrap();
    assert!(
        text.contains("bench run --folds 5 answers all 60 groups once, not only the 12 in test"),
        "{text}"
    );

    let (document, told) = ran(place.path(), &["--folds", "5"]);
    assert!(!told.contains("--folds 5"), "{told}");
    let row = row(&document, "grouped-cv");
    assert!(row["over_items"]["low"].as_f64().unwrap() > 0.5, "{row}");
    assert!(row["over_items"]["method"].as_str().unwrap().contains("60 groups"), "{row}");
    assert!(row["detectable"].as_f64().unwrap() > 0.0, "{row}");
    let facts: Vec<(&str, &str)> = row["facts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fact| (fact["name"].as_str().unwrap(), fact["value"].as_str().unwrap()))
        .collect();
    assert!(facts.contains(&("folds", "5 of 60 leakage groups")), "{facts:?}");
    let by_fold = facts.iter().find(|(name, _)| *name == "mcc by fold").unwrap().1;
    assert_eq!(by_fold.split(' ').count(), 5, "{by_fold}");
    assert!(facts.iter().any(|(name, _)| *name == "standard deviation of mcc over folds"), "{facts:?}");
    let tasks = document["tasks"].as_array().unwrap();
    let task = tasks.iter().find(|task| task["split"] == "grouped-cv").unwrap();
    assert_eq!((&task["groups"], &task["all_groups"]), (&60.into(), &60.into()));
    assert_eq!(task["items"][2], GROUPS * EACH);

    let notes = task["notes"].as_array().unwrap();
    let balance =
        notes.iter().find_map(|note| note.as_str().unwrap().strip_prefix("5 folds of 60 leakage groups, "));
    let balance = balance.unwrap_or_else(|| panic!("{notes:?}"));
    assert!(balance.starts_with("72 to 72 items each") && balance.ends_with("of class 1"), "{balance}");

    let text = String::from_utf8(dlm(place.path(), &["--folds", "5"]).stdout).unwrap();
    // Of the run before, whose rows stay in the folder, folds are still recommended.
    let (folded, _) = text.split_once("\n\n").unwrap();
    assert!(folded.contains("detectable") && !folded.contains("--folds 5"), "{text}");
    assert!(text.contains("grouped-cv split") && text.contains("underpowered: 60 leakage groups"), "{text}");
}

#[test]
fn what_cannot_be_cross_validated_is_refused() {
    let place = tempfile::tempdir().unwrap();
    write(&place.path().join("planted"), "given", false);
    for (more, words) in [
        (&["--folds", "5"][..], "folds go by leakage groups"),
        (&["--folds", "2"], "at least 3 are needed"),
        (&["--folds", "5", "--both-strands"], "does not go with --folds"),
    ] {
        let output = dlm(place.path(), more);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(words) && error.contains("hint"), "{error}");
    }
}

/// A rare class in few groups: dealt by size alone, folds would have none of it or all.
#[test]
fn folds_keep_the_share_of_a_rare_class() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("planted");
    write(&folder, "grouped", false);
    let table = fs::read_to_string(folder.join("examples.csv")).unwrap();
    let rare = |line: &str| -> String {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        if let Ok(id) = fields[0].parse::<usize>() {
            fields[2] = usize::from((id / EACH).is_multiple_of(12)).to_string();
        }
        fields.join(",")
    };
    let table: String = table.lines().map(|line| rare(line) + "\n").collect();
    fs::write(folder.join("examples.csv"), table).unwrap();
    let (document, _) = ran(place.path(), &["--folds", "5"]);
    let notes = document["tasks"][0]["notes"].to_string();
    assert!(notes.contains("72 to 72 items each, 8.3 to 8.3 % of them of class 1"), "{notes}");
    let majority =
        document["summary"].as_array().unwrap().iter().find(|row| row["model"] == "majority").unwrap();
    assert_eq!(majority["score"], 0.0, "all folds have the same commonest class");
}
