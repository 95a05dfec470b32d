//! Scores by stratum, through the binary: planted data in which one stratum is known to be better.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, fs, path::Path, process::Output};

use dlm_sdk::{dna, random::Stream};
use serde_json::Value;

const METHOD: &str = "tfidf:kmer:6:overlap";

/// On chr1, class 1 holds `TATAAA` and items lie 100 bases apart; on chr2 a coin is thrown and items lie 1,000 apart; on
/// chr3 there is one class. Without `others`, everything lies on chr1.
fn write(folder: &Path, others: bool) {
    fs::create_dir(folder).unwrap();
    let head = "version = 1\nname = \"planted\"\ntarget = \"binary\"\nsplit = \"grouped\"\n";
    fs::write(folder.join("task.toml"), head).unwrap();
    let mut stream = Stream::new(3, "strata");
    let mut table = "id,sequence,label,split,group,locus\n".to_owned();
    for id in 0..840 {
        let chromosome = match id {
            _ if !others => 1,
            800.. => 3,
            _ => 1 + id % 2,
        };
        let mut bases: Vec<u8> = (0..60).map(|_| dna::BASES[stream.below(4)]).collect();
        let class = if chromosome == 3 { 0 } else { stream.below(2) };
        if chromosome == 1 && class == 1 {
            let at = stream.below(54);
            bases[at..at + 6].copy_from_slice(b"TATAAA");
        }
        let split = ["train", "train", "train", "validation", "test"][id / 4 % 5];
        let start = id * [100, 1_000, 100][chromosome - 1];
        let (bases, end) = (String::from_utf8(bases).unwrap(), start + 60);
        let _ = writeln!(table, "{id},{bases},{class},{split},g{},chr{chromosome}:{start}-{end}", id / 4);
    }
    fs::write(folder.join("examples.csv"), table).unwrap();
}

fn dlm(place: &Path, arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dlm"));
    command.current_dir(place).args(arguments).output().unwrap()
}

fn good(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Runs the planted task and returns what the run printed.
fn ran(place: &Path, others: bool, seeds: &str) -> Value {
    write(&place.join("planted"), others);
    run(place, &["--seeds", seeds])
}

fn run(place: &Path, more: &[&str]) -> Value {
    let baselines = format!("majority,{METHOD}");
    let all = ["bench", "run", "--tasks", "./planted", "--baselines", &baselines];
    let rest = ["--trees", "40", "--output-path", "out", "--json"];
    serde_json::from_str(&good(&dlm(place, &[&all[..], more, &rest[..]].concat()))).unwrap()
}

fn strata<'d>(document: &'d Value, name: &str) -> &'d Vec<Value> {
    let axes = document["tasks"][0]["axes"].as_array().unwrap();
    let found = axes.iter().find(|known| known["axis"].as_str().unwrap().contains(name)).unwrap();
    found["strata"].as_array().unwrap()
}

fn names(strata: &[Value]) -> Vec<&str> {
    strata.iter().map(|stratum| stratum["stratum"].as_str().unwrap()).collect()
}

fn score<'d>(stratum: &'d Value, model: &str) -> &'d Value {
    stratum["scores"].as_array().unwrap().iter().find(|score| score["model"] == model).unwrap()
}

#[test]
fn the_better_stratum_is_found_on_every_axis() {
    let place = tempfile::tempdir().unwrap();
    ran(place.path(), true, "2");
    let mut repeats = String::new();
    for (chromosome, start, end) in [("chr1", 900_000, 900_100), ("chr2", 0, 2_000_000)] {
        let _ = writeln!(
            repeats,
            "1\t463\t0\t0\t0\t{chromosome}\t{start}\t{end}\t-9\t+\tAluY\tSINE\tAlu\t1\t100\t0\t1"
        );
    }
    fs::write(place.path().join("rmsk.txt"), repeats).unwrap();
    let arguments = ["bench", "strata", "out", "--repeats", "rmsk.txt"];
    let document: Value =
        serde_json::from_str(&good(&dlm(place.path(), &[&arguments[..], &["--json"]].concat()))).unwrap();

    let wanted: [(&str, [&str; 2]); 3] = [
        ("chromosome", ["chr1", "chr2"]),
        ("training item", ["under 1 kb", "1 to 10 kb"]),
        ("repeats", ["none", "all"]),
    ];
    for (axis, [better, worse]) in wanted {
        let strata = strata(&document, axis);
        let of = |name| strata.iter().find(|stratum| stratum["stratum"] == name).unwrap();
        assert_eq!(of(worse)["items"], 80, "{axis}");
        assert_eq!(of(worse)["groups"], 40, "{axis}");
        let bound = |name, side| score(of(name), METHOD)["interval"][side].as_f64().unwrap();
        assert!(bound(better, "low") > 0.5, "{axis}: {}", score(of(better), METHOD));
        assert!(bound(worse, "low") < 0.0 && bound(worse, "high") < 0.5, "{axis}: {}", of(worse));
        assert_eq!(score(of(better), "majority")["score"], 0.0);
    }
    for axis in document["tasks"][0]["axes"].as_array().unwrap() {
        let items: u64 =
            axis["strata"].as_array().unwrap().iter().map(|stratum| stratum["items"].as_u64().unwrap()).sum();
        assert_eq!(items, 168, "every item lies in one stratum: {}", axis["axis"]);
    }

    // One class has no correlation, and two groups no interval worth its name.
    let chromosomes = strata(&document, "chromosome");
    assert_eq!(names(chromosomes), ["chr1", "chr2", "chr3"]);
    assert_eq!(chromosomes[2]["class_counts"], serde_json::json!([8, 0]));
    assert_eq!(chromosomes[2]["few_groups"], true);
    assert_eq!(score(&chromosomes[2], METHOD)["score"], Value::Null);
    assert_eq!(names(strata(&document, "repeats")), ["none", "all", "chromosome not in the table"]);

    let text = good(&dlm(place.path(), &arguments));
    assert!(text.contains("chr3: 8 items in 2* groups, classes 8/0"), "{text}");
    assert!(text.contains("not defined: one class only"), "{text}");
}

#[test]
fn a_single_stratum_has_the_score_and_interval_of_the_run() {
    let place = tempfile::tempdir().unwrap();
    let run = ran(place.path(), false, "2");
    let printed = good(&dlm(place.path(), &["bench", "strata", "out", "--json"]));
    let document: Value = serde_json::from_str(&printed).unwrap();
    let strata = strata(&document, "chromosome");
    assert_eq!(names(strata), ["chr1"]);
    let row = run["summary"].as_array().unwrap().iter().find(|row| row["model"] == METHOD).unwrap();
    let found = score(&strata[0], METHOD);
    let near = |a: &Value, b: &Value| (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-9;
    assert!(near(&found["score"], &row["score"]), "{found} {}", row["score"]);
    for side in ["low", "high"] {
        let (found, run) = (&found["interval"], &row["over_items"]);
        assert!(near(&found[side], &run[side]), "{found} {run}");
    }
}

/// Under folds every item is divided, and the distance is from what its fold was fitted on.
#[test]
fn folds_have_strata_of_all_items() {
    let place = tempfile::tempdir().unwrap();
    write(&place.path().join("planted"), true);
    let run = run(place.path(), &["--seeds", "1", "--folds", "5"]);
    let printed = good(&dlm(place.path(), &["bench", "strata", "out", "--json"]));
    let document: Value = serde_json::from_str(&printed).unwrap();
    let task = &document["tasks"][0];
    assert_eq!((&task["split"], &task["items"]), (&"grouped-cv".into(), &840.into()));
    for axis in task["axes"].as_array().unwrap() {
        let items: u64 =
            axis["strata"].as_array().unwrap().iter().map(|stratum| stratum["items"].as_u64().unwrap()).sum();
        assert_eq!(items, 840, "every item lies in one stratum: {}", axis["axis"]);
    }
    let chromosomes = strata(&document, "chromosome");
    let low = |place: usize| score(&chromosomes[place], METHOD)["interval"]["low"].as_f64().unwrap();
    assert!(low(0) > 0.5 && low(1) < 0.3, "{} {}", chromosomes[0], chromosomes[1]);
    // Items of chr1 lie 40 bases apart from those of the same group, and of a group all are in one fold: none overlaps what
    // its fold was fitted on, and most have a neighbour of another fold.
    let near = strata(&document, "training item");
    assert!(!names(near).contains(&"overlaps"), "{:?}", names(near));
    assert!(names(near).contains(&"under 1 kb"), "{:?}", names(near));
    let row = run["summary"].as_array().unwrap().iter().find(|row| row["model"] == METHOD).unwrap();
    assert_eq!(task["cells"].as_array().unwrap().len(), 2);
    assert!(task["cells"].as_array().unwrap().contains(&row["cells"][0]), "{task}");
}

#[test]
fn the_report_draws_strata_of_the_answers_it_shows() {
    let place = tempfile::tempdir().unwrap();
    ran(place.path(), true, "1");
    let page = || {
        good(&dlm(place.path(), &["report", "out", "--output", "report.html"]));
        fs::read_to_string(place.path().join("report.html")).unwrap()
    };
    assert!(!page().contains("Scores by stratum"));
    good(&dlm(place.path(), &["bench", "strata", "out"]));
    let drawn = page();
    for text in
        ["Scores by stratum", "<h4>By chromosome</h4>", "<h4>By GC content</h4>", ">chr3<", "fewer than 20"]
    {
        assert!(drawn.contains(text), "{text} is missing");
    }
    assert_eq!(drawn.matches("<h4>By ").count(), 3);
    assert_eq!(strata_plots(&drawn), 3);
    // More seeds are other answers.
    run(place.path(), &["--seeds", "2"]);
    let stale = page();
    assert!(stale.contains("are of other answers") && strata_plots(&stale) == 0);
}

fn strata_plots(page: &str) -> usize {
    page.split("class=\"strata\"").nth(1).unwrap().split("</section>").next().unwrap().matches("<svg").count()
}

#[test]
fn other_examples_and_other_names_are_refused() {
    let place = tempfile::tempdir().unwrap();
    ran(place.path(), true, "1");
    let row = "1\t463\t0\t0\t0\t1\t5\t9\t-9\t+\tAluY\tSINE\tAlu\t1\t4\t0\t1\n";
    fs::write(place.path().join("rmsk.txt"), row).unwrap();
    let refused = |arguments: &[&str], words: &str| {
        let output = dlm(place.path(), arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(words) && error.contains("hint"), "{error}");
    };
    refused(&["bench", "strata", "out", "--repeats", "rmsk.txt"], "rmsk.txt: no sequence is named '1'");
    let path = place.path().join("planted/examples.csv");
    let table = fs::read_to_string(&path).unwrap();
    fs::write(&path, table + "9000,ACGT,1,train,g9000,chr1:0-4\n").unwrap();
    refused(&["bench", "strata", "out"], "its examples are not those that were answered");
}
