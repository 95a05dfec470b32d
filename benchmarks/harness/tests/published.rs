//! Published scores beside results, through the binary: in the table and the report, never ranked.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, fs, path::Path, process::Output};

use dlm_sdk::{dna, random::Stream};
use serde_json::Value;

fn write(data: &Path) {
    let folder = data.join("gue/tf/4");
    fs::create_dir_all(&folder).unwrap();
    let mut stream = Stream::new(5, "published");
    for (name, items) in [("train", 200), ("dev", 40), ("test", 40)] {
        let mut table = "sequence,label\n".to_owned();
        for item in 0..items {
            let bases: Vec<u8> = (0..101).map(|_| dna::BASES[stream.below(4)]).collect();
            let _ = writeln!(table, "{},{}", String::from_utf8(bases).unwrap(), item % 2);
        }
        fs::write(folder.join(format!("{name}.csv")), table).unwrap();
    }
}

fn dlm(place: &Path, arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dlm"));
    command.current_dir(place).args(arguments).output().unwrap()
}

fn good(place: &Path, arguments: &[&str]) -> String {
    let output = dlm(place, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn published_rows_are_shown_and_never_ranked() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    write(&place.join("data"));
    fs::write(
        place.join("bench.toml"),
        "tasks = ['gue/tf/4']\nbaselines = ['majority', 'composition']\ndata = 'data'\nseeds = 1\npublished = true\n\
         output-path = 'out'\n",
    )
    .unwrap();
    let run = ["bench", "run", "--config", "bench.toml"];
    let document: Value = serde_json::from_str(&good(place, &[&run[..], &["--json"]].concat())).unwrap();
    let published = document["published"].as_array().unwrap();
    // Table 4.1 has ten methods on it, 4.4 and 4.3 some more; the GROVER paper's own is among them.
    assert_eq!(published.len(), 16, "{published:?}");
    let grover = published.iter().find(|row| row["model"] == "GROVER" && row["metric"] == "mcc").unwrap();
    assert_eq!((&grover["value"], &grover["task"]), (&0.75.into(), &"gue/tf/4".into()));
    assert!(grover["source"].as_str().unwrap().contains("Nat Mach Intell 2024"), "{grover}");
    let rows = document["summary"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "nothing that was published is a row of results");
    assert!(rows.iter().all(|row| row["rank"].as_u64().unwrap() <= 2), "{rows:?}");

    let table = good(place, &run);
    let line = table
        .lines()
        .find(|line| line.trim_start().starts_with("GROVER ") && line.contains("0.7500"))
        .unwrap();
    assert!(line.contains("published (finetune), not run here"), "{line}");
    assert_eq!(line.matches('[').count(), 0, "no interval: {line}");
    let auroc = table.lines().find(|line| line.contains("published (probe)")).unwrap();
    assert!(auroc.contains("auroc 0.9310"), "another metric is named, not put into the column: {auroc}");
    let order: Vec<usize> = ["composition", "GROVER "].map(|name| table.find(name).unwrap()).into();
    assert!(order[0] < order[1], "measured rows stand first: {table}");

    good(place, &["report", "out", "--output", "report.html"]);
    let page = fs::read_to_string(place.join("report.html")).unwrap();
    assert_eq!(page.matches("<tr class=\"published\">").count(), 16);
    assert!(page.contains("published, not run here"));

    // Who does not ask for them does not get them.
    let plain = ["bench", "run", "--tasks", "gue/tf/4", "--baselines", "majority", "--data", "data"];
    let table = good(place, &[&plain[..], &["--seeds", "1", "--output-path", "plain"]].concat());
    assert!(!table.contains("not run here"), "{table}");
}
