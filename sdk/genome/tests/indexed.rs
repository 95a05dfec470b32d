//! Random access, compared with htslib's.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{fs, io::Read, path::Path, path::PathBuf};

use dlm_genome::{ErrorKind, Genome, Interval, Strand, fasta::IndexedFasta};
use support::{gzip, shown};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/faidx").join(name)
}

/// A folder with `toy.fa` and its index.
fn plain() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(fs::File::open(golden("toy.fa.gz")).unwrap())
        .read_to_end(&mut text)
        .unwrap();
    fs::write(folder.path().join("toy.fa"), text).unwrap();
    fs::copy(golden("toy.fa.gz.fai"), folder.path().join("toy.fa.fai")).unwrap();
    folder
}

#[test]
fn slices_equal_those_of_htslib() {
    let folder = plain();
    let text = fs::read_to_string(golden("slices.json")).unwrap();
    let golden_slices: serde_json::Value = serde_json::from_str(&text).unwrap();
    for path in [golden("toy.fa.gz"), folder.path().join("toy.fa")] {
        let mut indexed = IndexedFasta::open(&path).unwrap();
        let genome = Genome::open(&path).unwrap();
        assert_eq!(indexed.names().collect::<Vec<_>>(), ["one", "two", "three", "four"]);
        assert_eq!(indexed.lengths(), genome.lengths());
        for slice in golden_slices["slices"].as_array().unwrap() {
            let name = slice[0].as_str().unwrap();
            let interval =
                Interval::new(name, slice[1].as_u64().unwrap(), slice[2].as_u64().unwrap()).unwrap();
            let bases = indexed.slice(&interval).unwrap();
            assert_eq!(bases, genome.slice(&interval).unwrap(), "{interval}");
            if let Some(expected) = slice[3].as_str() {
                assert_eq!(String::from_utf8_lossy(&bases), expected, "{interval}");
            } else {
                let text = String::from_utf8_lossy(&bases);
                let counts = ['A', 'C', 'G', 'T', 'N'].map(|base| text.matches(base).count());
                assert_eq!(serde_json::json!(counts), slice[3], "{interval}");
            }
            let reverse = interval.with_strand(Some(Strand::Reverse));
            assert_eq!(indexed.sequence(&reverse).unwrap(), dlm_sdk::dna::reverse_complement(&bases));
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let fai = "one\t1003\t20\t60\t61\n";
    let mut seen = Vec::new();
    let mut try_with = |name: &str, content: Option<&str>, interval: (&str, u64, u64)| {
        let folder = plain();
        let path = folder.path().join("toy.fa");
        let index = folder.path().join("toy.fa.fai");
        match content {
            Some(content) => fs::write(index, content).unwrap(),
            None => fs::remove_file(index).unwrap(),
        }
        let interval = Interval::new(interval.0, interval.1, interval.2).unwrap();
        let error = IndexedFasta::open(&path).and_then(|mut fasta| fasta.slice(&interval)).expect_err(name);
        let text = shown(&error).replace(&folder.path().display().to_string(), "FOLDER");
        seen.push(format!("# {name}\n{text}\n"));
    };
    try_with("no index", None, ("one", 0, 1));
    try_with("empty index", Some(""), ("one", 0, 1));
    try_with("no numbers", Some("one\ttwo\n"), ("one", 0, 1));
    try_with("lines of no bases", Some("one\t1003\t20\t0\t1\n"), ("one", 0, 1));
    try_with("line ends too long", Some("one\t1003\t20\t60\t99999\n"), ("one", 0, 1));
    try_with("overflow", Some("one\t18446744073709551615\t20\t1\t2\n"), ("one", 0, 1));
    try_with("twice", Some(&fai.repeat(2)), ("one", 0, 1));
    try_with("other lines", Some("one\t1003\t20\t50\t51\n"), ("one", 0, 100));
    try_with("header in the middle", Some("one\t1003\t0\t60\t61\n"), ("one", 0, 100));
    try_with("behind the end", Some("one\t900000\t20\t60\t61\n"), ("one", 800_000, 800_001));
    try_with("past the end", Some(fai), ("one", 1000, 1004));
    try_with("no such name", Some(fai), ("chrone", 0, 1));
    insta::assert_snapshot!(seen.join("\n"));
}

#[test]
fn gzip_and_broken_block_indexes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toy.fa.gz");
    fs::write(&path, gzip(b">one\nACGT\n")).unwrap();
    assert_eq!(IndexedFasta::open(&path).unwrap_err().kind(), ErrorKind::Index);

    fs::copy(golden("toy.fa.gz"), &path).unwrap();
    fs::copy(golden("toy.fa.gz.fai"), folder.path().join("toy.fa.gz.fai")).unwrap();
    let four = Interval::new("four", 70_000, 70_100).unwrap();
    let open = |index: &[u8]| {
        fs::write(folder.path().join("toy.fa.gz.gzi"), index).unwrap();
        IndexedFasta::open(&path).and_then(|mut fasta| fasta.slice(&four))
    };
    let index = fs::read(golden("toy.fa.gz.gzi")).unwrap();
    assert_eq!(open(&index).unwrap().len(), 100);
    for cut in 0..index.len() {
        assert_eq!(open(&index[..cut]).unwrap_err().kind(), ErrorKind::Index, "cut at {cut}");
    }
    for byte in 0..index.len() {
        for bit in 0..8 {
            let mut broken = index.clone();
            broken[byte] ^= 1 << bit;
            // A wrong index either is refused or points to where the bases truly are not: never a panic.
            if let Ok(bases) = open(&broken) {
                assert_eq!(bases.len(), 100);
            }
        }
    }
}
