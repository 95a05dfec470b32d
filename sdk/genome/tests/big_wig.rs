//! bigWig: against pyBigWig (`tests/oracles/big-wig`) and bigtools, against bedGraph, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../fuzz/src/big_wig.rs"]
mod fuzzed;
mod support;

use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use dlm_genome::{
    ErrorKind, Interval, Lengths, Result, Signal,
    bed_graph::{self, Record},
    big_wig::{self, BigWig},
};
use proptest::prelude::*;
use support::shown;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/big_wig").join(name)
}

fn row(name: &str, start: u64, end: u64, value: f64) -> Record {
    Record::new(Interval::new(name, start, end).unwrap(), value).unwrap()
}

fn packed_rows() -> (Lengths, Vec<Record>) {
    let lengths: Lengths = fs::read_to_string(golden("lengths.tsv"))
        .unwrap()
        .lines()
        .map(|line| line.split_once('\t').unwrap())
        .map(|(name, length)| (name.to_owned(), length.parse().unwrap()))
        .collect();
    let rows = bed_graph::Reader::open(golden("packed.bedGraph")).unwrap().collect::<Result<_>>().unwrap();
    (lengths, rows)
}

#[test]
fn values_means_and_coverage_equal_those_of_py_big_wig() {
    let answers: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(golden("answers.json")).unwrap()).unwrap();
    let files = [
        ("by_hand.bw", "by_hand.bw"),
        ("big_endian.bw", "by_hand.bw"),
        ("many_sections.bw", "many_sections.bw"),
    ];
    let mut compared = 0;
    for (name, of) in files.into_iter().chain([("packed.bw", "packed.bw")]) {
        let answers = &answers[of];
        let mut file = BigWig::open(golden(name)).unwrap();
        let lengths: serde_json::Map<_, _> =
            file.lengths().iter().map(|(name, length)| (name.to_owned(), length.into())).collect();
        assert_eq!(&lengths, answers["lengths"].as_object().unwrap());
        for query in answers["queries"].as_array().unwrap() {
            let (start, end) = (query[1].as_u64().unwrap(), query[2].as_u64().unwrap());
            let interval = Interval::new(query[0].as_str().unwrap(), start, end).unwrap();
            let coverage = file.coverage(&interval).unwrap();
            match query[3].as_f64() {
                None => assert_eq!(coverage.mean(), None, "{name} {interval}"),
                Some(mean) => {
                    let found = coverage.mean().unwrap();
                    assert!(
                        (found - mean).abs() <= 1e-12 * mean.abs().max(1.0),
                        "{name} {interval} {found} {mean}"
                    );
                }
            }
            let share = query[4].as_f64().unwrap_or(0.0);
            assert!((coverage.share() - share).abs() < 1e-12, "{name} {interval} {}", coverage.share());
            let values = file.values(&interval).unwrap();
            let covered: u64 = values.iter().map(|row| row.interval().len()).sum();
            assert_eq!(covered, coverage.covered());
            if let Some(expected) = query[5].as_array() {
                let found: Vec<serde_json::Value> = values
                    .iter()
                    .map(|row| serde_json::json!([row.interval().start(), row.interval().end(), row.value()]))
                    .collect();
                assert_eq!(&found, expected, "{name} {interval}");
            }
            compared += 1;
        }
    }
    assert!(compared > 300, "{compared}");
}

/// What is written is read back, by this crate and by the crate that wrote it.
#[test]
fn rows_survive_packing() {
    let (lengths, rows) = packed_rows();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.bw");
    let mut mixed = rows.clone();
    mixed.reverse();
    big_wig::write(&path, &lengths, mixed).unwrap();
    let again = folder.path().join("again.bw");
    big_wig::write(&again, &lengths, rows.clone()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), fs::read(&again).unwrap());

    let mut file = BigWig::open(&path).unwrap();
    file.check(&lengths).unwrap();
    let mut peer = bigtools::BigWigRead::open(fs::File::open(&path).unwrap()).unwrap();
    for (name, length) in file.lengths().iter() {
        let whole = Interval::new(name, 0, length).unwrap();
        let expected: Vec<Record> = rows
            .iter()
            .filter(|row| row.interval().chromosome() == name)
            .map(|row| Record::new(row.interval().clone(), f64::from(row.value() as f32)).unwrap())
            .collect();
        assert_eq!(file.values(&whole).unwrap(), expected);
        let theirs: Vec<Record> = peer
            .get_interval(name, 0, length as u32)
            .unwrap()
            .map(|value| value.unwrap())
            .map(|value| row(name, value.start.into(), value.end.into(), value.value.into()))
            .collect();
        assert_eq!(theirs, expected);
    }
    assert_eq!(file.lengths().get("chrX"), None, "a sequence without values is not in the file");
}

#[test]
fn a_signal_is_the_same_from_text_and_packed() {
    let (lengths, rows) = packed_rows();
    let mut text = Signal::open(golden("packed.bedGraph")).unwrap();
    let mut packed = Signal::open(golden("packed.bw")).unwrap();
    assert_eq!(text.names(), packed.names());
    for signal in [&text, &packed] {
        signal.check(&lengths).unwrap();
    }
    for (place, row) in rows.iter().enumerate().step_by(7) {
        let (start, end) = (row.interval().start(), row.interval().end());
        let length = lengths.get(row.interval().chromosome()).unwrap();
        let around = Interval::new(
            row.interval().shared_chromosome(),
            start.saturating_sub(place as u64),
            (end + 40).min(length),
        )
        .unwrap();
        let (a, b) = (text.coverage(&around).unwrap(), packed.coverage(&around).unwrap());
        assert_eq!(a.covered(), b.covered());
        let (a, b) = (a.mean().unwrap(), b.mean().unwrap());
        assert!((a - b).abs() <= 1e-7 * a.abs(), "{around}: {a} {b}");
        let places = |rows: Vec<Record>| rows.iter().map(|row| row.interval().clone()).collect::<Vec<_>>();
        assert_eq!(places(text.values(&around).unwrap()), places(packed.values(&around).unwrap()));
    }
    let nowhere = Interval::new("chr9", 5, 10).unwrap();
    let other = Interval::new("21", 5, 10).unwrap();
    for signal in [&mut text, &mut packed] {
        assert_eq!(signal.coverage(&nowhere).unwrap().mean(), None);
        let error = signal.coverage(&other).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownName);
        assert!(error.hint().unwrap().contains("'chr21'"), "{error}");
        let short: Lengths = [("chr3", 29_990)].into_iter().collect();
        assert_eq!(signal.check(&short).unwrap_err().kind(), ErrorKind::Bounds);
        let habit: Lengths = [("3", 40_000)].into_iter().collect();
        assert_eq!(signal.check(&habit).unwrap_err().kind(), ErrorKind::UnknownName);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.bedGraph");
    fs::write(&path, "track type=bedGraph\nchr1\t5\t9\t1\nchr2\t5\t9\t1\nchr1\t1\t6\t2\n").unwrap();
    let error = Signal::open(&path).unwrap_err();
    assert_eq!(error.position(), Some(dlm_genome::Position::Line(2)));
    assert!(error.to_string().contains("of line 4"), "{error}");
}

#[test]
fn faults_are_named_with_their_byte() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/big_wig");
    let mut names: Vec<String> = fs::read_dir(&corpus)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut seen = Vec::new();
    for name in names {
        let bytes = fs::read(corpus.join(&name)).unwrap();
        let read = BigWig::new(Cursor::new(bytes), "toy.bw").and_then(|mut file| {
            let lengths = file.lengths();
            lengths
                .iter()
                .try_for_each(|(name, length)| file.values(&Interval::new(name, 0, length)?).map(drop))
        });
        if matches!(name.as_str(), "toy" | "big_endian" | "unpacked") {
            read.unwrap();
            continue;
        }
        seen.push(format!("# {name}\n{}\n", shown(&read.expect_err(&name))));
    }
    insta::assert_snapshot!(seen.join("\n"));
}

#[test]
fn what_cannot_be_packed_is_refused_and_leaves_no_file() {
    let lengths: Lengths = [("chr1", 100), ("chrN", 1 << 40)].into_iter().collect();
    let short: Lengths = [("chr1", 100)].into_iter().collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.bw");
    let cases: [(&str, &Lengths, Vec<Record>); 6] = [
        ("nothing", &short, vec![]),
        ("unknown sequence", &short, vec![row("1", 0, 1, 0.0)]),
        ("past the end", &short, vec![row("chr1", 99, 101, 0.0)]),
        ("overlap", &short, vec![row("chr1", 9, 20, 0.0), row("chr1", 0, 10, 0.0)]),
        ("too large", &short, vec![row("chr1", 0, 1, 1e39)]),
        ("too long", &lengths, vec![row("chr1", 0, 1, 1.0)]),
    ];
    let mut seen = Vec::new();
    for (name, lengths, rows) in cases {
        let error = big_wig::write(&path, lengths, rows).expect_err(name);
        seen.push(format!("# {name}\n{}\n", shown(&error).replace(&*folder.path().to_string_lossy(), "")));
        assert!(!path.exists());
    }
    let error = big_wig::write(folder.path().join("no/x.bw"), &short, [row("chr1", 0, 1, 0.0)]).unwrap_err();
    assert!(error.hint().unwrap().contains("folder"));
    assert!(Record::new(Interval::new("chr1", 0, 1).unwrap(), f64::NAN).is_err());
    insta::assert_snapshot!(seen.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever bytes of a file are damaged, nothing panics and no value lies outside.
    #[test]
    fn damage_is_an_error_or_other_values(
        which in 0_usize..3,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/big_wig");
        let mut bytes = fs::read(corpus.join(["toy", "unpacked", "big_endian"][which])).unwrap();
        for (place, byte) in edits {
            let length = bytes.len();
            bytes[place.index(length)] = byte;
        }
        if let Some(cut) = cut {
            let length = bytes.len();
            bytes.truncate(cut.index(length));
        }
        fuzzed::check(&bytes);
    }
}
