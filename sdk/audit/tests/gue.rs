//! The released GUE sets, beside what the leakage linter seqleak says of them (`tests/oracles/audit`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking and says what it skips")]

use std::{env, fs::File, path::PathBuf};

use dlm_audit::{Options, Report, audit};
use dlm_sdk::{ExampleSet, SplitKind, Target, TaskSpec};
use flate2::read::MultiGzDecoder;
use serde_json::Value;

fn sets(folder: &std::path::Path) -> [ExampleSet; 3] {
    let mut id = 0;
    ["train", "dev", "test"].map(|split| {
        let file = File::open(folder.join(format!("{split}.csv.gz"))).unwrap();
        let mut set = ExampleSet::new(1);
        for row in csv::Reader::from_reader(MultiGzDecoder::new(file)).records() {
            let row = row.unwrap();
            let bases = row[0].to_ascii_uppercase();
            set.add(id, bases.as_bytes(), &[row[1].parse().unwrap()], id).unwrap();
            id += 1;
        }
        set
    })
}

fn report(sets: &[ExampleSet; 3]) -> Report {
    let views = [0, 1, 2].map(|split: usize| sets[split].view());
    let spec = TaskSpec::new("gue", Target::Binary, SplitKind::Given);
    let splits = [views[0].examples(), views[1].examples(), views[2].examples()];
    audit(&spec, &splits, &Options { homology: 0, ..Options::default() }, &|| Ok(())).unwrap()
}

/// How far a share or score may be from the linter's: nothing, but for composition, which is a logistic rule on all
/// features here and a rule on the best of them there.
fn tolerance(id: &str) -> f64 {
    if id == "shortcut.composition" { 0.08 } else { 1e-9 }
}

#[test]
fn verdicts_agree_with_seqleak() {
    let Some(data) = env::var_os("DLM_TEST_DATA").map(PathBuf::from) else {
        println!("skipped: DLM_TEST_DATA names no folder of test data");
        return;
    };
    let golden: Value = serde_json::from_str(include_str!("golden/gue.json")).unwrap();
    let mut wrong = Vec::new();
    for (name, expected) in golden["sets"].as_object().unwrap() {
        let sets = sets(&data.join("gue").join(name));
        let report = report(&sets);
        assert_eq!(serde_json::json!(report.items), expected["items"], "{name}");
        for (id, expected) in expected["checks"].as_object().unwrap() {
            let check = report.check(id).unwrap();
            let theirs = expected["value"].as_f64().unwrap();
            let ours = check.value.unwrap();
            let line = format!(
                "{name} {id}: {} {ours:.4}, seqleak {} {theirs:.4}",
                check.status.name(),
                expected["status"]
            );
            println!("{line}");
            if expected["status"] != check.status.name() || (ours - theirs).abs() > tolerance(id) {
                wrong.push(line);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
