//! 2bit: against twobitreader and py2bit (`tests/oracles/two-bit`), against FASTA, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{fmt::Write as _, fs, io::Cursor, path::Path, path::PathBuf};

use dlm_genome::{ErrorKind, Genome, Interval, Strand, TwoBit, fasta::Options};
use support::shown;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/two_bit").join(name)
}

fn answers() -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(golden("slices.json")).unwrap()).unwrap()
}

#[test]
fn slices_lengths_and_masks_equal_those_of_the_readers() {
    let answers = answers();
    for name in ["toy.2bit", "big_endian.2bit"] {
        let mut file = TwoBit::open(golden(name)).unwrap();
        assert_eq!(file.names().collect::<Vec<_>>(), ["one", "two", "three", "four"]);
        for (name, length) in answers["lengths"].as_object().unwrap() {
            assert_eq!(file.lengths().get(name), length.as_u64());
            let masked: Vec<(u64, u64)> =
                file.soft_mask(name).unwrap().iter().map(|stretch| (stretch.start, stretch.end)).collect();
            assert_eq!(serde_json::json!(masked), answers["masked"][name]);
        }
        for slice in answers["slices"].as_array().unwrap() {
            let expected = slice[3].as_str().unwrap();
            let name = slice[0].as_str().unwrap();
            let (start, end) = (slice[1].as_u64().unwrap(), slice[2].as_u64().unwrap());
            let interval = Interval::new(name, start, end).unwrap();
            let bases = file.slice(&interval).unwrap();
            assert_eq!(bases, expected.to_uppercase().into_bytes(), "{interval}");
            let lower: Vec<u64> = (start..end)
                .zip(expected.bytes())
                .filter(|(_, base)| base.is_ascii_lowercase())
                .map(|(position, _)| position)
                .collect();
            let mask = file.soft_mask(name).unwrap();
            let masked: Vec<u64> =
                (start..end).filter(|position| mask.iter().any(|s| s.contains(position))).collect();
            assert_eq!(masked, lower, "{interval}");
            let reverse = interval.with_strand(Some(Strand::Reverse));
            assert_eq!(file.sequence(&reverse).unwrap(), dlm_sdk::dna::reverse_complement(&bases));
        }
    }
}

/// Whoever takes a genome by its path takes 2bit, and sees the records that FASTA would give.
#[test]
fn a_genome_opens_from_two_bit_as_from_fasta() {
    let answers = answers();
    let mut fasta = String::new();
    for slice in answers["slices"].as_array().unwrap() {
        let name = slice[0].as_str().unwrap();
        if slice[1] == 0 && slice[2] == answers["lengths"][name] && !fasta.contains(&format!(">{name}\n")) {
            writeln!(fasta, ">{name}\n{}", slice[3].as_str().unwrap()).unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toy.fa");
    fs::write(&path, fasta).unwrap();
    for keep in [false, true] {
        let options = Options::default().soft_mask(keep);
        let expected = Genome::open_all([&path], options).unwrap();
        assert_eq!(expected.records().len(), 4);
        for name in ["toy.2bit", "big_endian.2bit"] {
            let packed = Genome::open_all([golden(name)], options).unwrap();
            assert_eq!(packed.records(), expected.records());
        }
    }
    let twice = Genome::open_all([path, golden("toy.2bit")], Options::default()).unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::DuplicateName);
    let long = Genome::open_all([golden("toy.2bit")], Options::default().max_length(4_000)).unwrap_err();
    assert_eq!((long.kind(), long.record()), (ErrorKind::Bounds, Some("four")));
}

#[test]
fn faults_are_named_with_their_byte() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/two_bit");
    let mut seen = Vec::new();
    for name in [
        "version_2",
        "cut",
        "cut_index",
        "no_sequence",
        "no_bases",
        "block_past_end",
        "blocks_overlap",
        "empty_block",
        "huge_length",
        "huge_count",
        "offset_at_end",
        "twice",
        "no_name",
        "fasta",
        "empty",
    ] {
        let bytes = fs::read(corpus.join(name)).unwrap();
        let read = TwoBit::new(Cursor::new(bytes), "toy.2bit").and_then(|mut file| {
            let lengths = file.lengths();
            lengths
                .iter()
                .try_for_each(|(name, length)| file.slice(&Interval::new(name, 0, length)?).map(drop))
        });
        seen.push(format!("# {name}\n{}\n", shown(&read.expect_err(name))));
    }
    let mut file = TwoBit::open(golden("toy.2bit")).unwrap();
    for (name, start, end) in [("chrone", 0, 1), ("two", 0, 2)] {
        let error = file.slice(&Interval::new(name, start, end).unwrap()).unwrap_err();
        let folder = golden("").display().to_string();
        seen.push(format!("# {name}:{start}-{end}\n{}\n", shown(&error).replace(&folder, "")));
    }
    insta::assert_snapshot!(seen.join("\n"));
}

#[test]
fn version_one_has_wide_offsets() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/two_bit");
    let read = |name: &str| {
        let mut file = TwoBit::open(corpus.join(name)).unwrap();
        file.slice(&Interval::new("c", 0, 9).unwrap()).unwrap()
    };
    assert_eq!(read("version_1"), b"TCNNNAGTC");
    assert_eq!(read("small"), read("version_1"));
}
