//! Motif scans, against hits that FIMO's own code found (`tests/oracles/motif`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{num::NonZeroUsize, path::PathBuf};

use dlm_genome::{
    Genome, Strand,
    motif::{Background, Hit, Motif, Scanner, Scores, Stored, jaspar, meme},
};
use dlm_tests::data;
use proptest::prelude::*;
use serde_json::Value;
use sha2::Digest;
use support::shown;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/motif").join(name)
}

fn cases(name: &str) -> Vec<Value> {
    let file: Value = serde_json::from_slice(&std::fs::read(golden(name)).unwrap()).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// The sequence of the oracle script: a linear congruential generator, planted words and runs of N.
fn small_sequence(length: usize) -> Vec<u8> {
    let mut state = 12_345_u64;
    let mut bases: Vec<u8> = (0..length)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            b"ACGT"[(state >> 62) as usize]
        })
        .collect();
    for place in (1000..length - 100).step_by(997) {
        let word = if place % 2 == 1 { b"GATTACAGATTACACCATGGC" } else { b"GCCATGGTGTAATCTGTAATC" };
        bases[place..place + 21].copy_from_slice(word);
    }
    for place in (500..length - 100).step_by(3331) {
        bases[place..=place + place % 40].fill(b'N');
    }
    bases
}

fn digest(hits: &[Hit]) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for hit in hits {
        // Two digits of exponent and its sign, as C writes it.
        let p_value = format!("{:.9e}", hit.p_value);
        let (digits, exponent) = p_value.split_once('e').unwrap();
        let exponent: i32 = exponent.parse().unwrap();
        let sign = if exponent < 0 { '-' } else { '+' };
        let (start, strand, score) = (hit.start, hit.strand.symbol(), hit.score);
        writeln!(text, "{start} {strand} {score:.6} {digits}e{sign}{:02}", exponent.abs()).unwrap();
    }
    sha2::Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// Scans as a golden case says and compares with what it found.
fn check(case: &Value, motif: &Motif, background: &Background, bases: &[u8]) {
    let name = case["name"].as_str().unwrap();
    for (found, expected) in background.frequencies().iter().zip(case["background"].as_array().unwrap()) {
        assert!((found - expected.as_f64().unwrap()).abs() < 1e-6, "{name}: {background:?}");
    }
    let scores = Scores::new(motif, background, 0.1).unwrap();
    let hits = Scanner::new(&scores, case["threshold"].as_f64().unwrap()).unwrap().scan(bases);
    let room = case["stored"].as_u64().unwrap() as usize;
    let mut stored = Stored::new(NonZeroUsize::new(room).unwrap());
    for hit in hits {
        stored.add(hit);
    }
    let hits = stored.into_hits();
    for row in case["rows"].as_array().unwrap() {
        let start = row[0].as_u64().unwrap() as usize;
        let strand = if row[1] == "+" { Strand::Forward } else { Strand::Reverse };
        let Some(hit) = hits.iter().find(|hit| hit.start == start && hit.strand == strand) else {
            panic!("{name}: no hit at {start} {}", strand.symbol());
        };
        let (score, p_value) = (row[2].as_f64().unwrap(), row[3].as_f64().unwrap());
        assert!((hit.score - score).abs() < 1e-6, "{name}: {hit:?} and not {score}");
        assert!((hit.p_value - p_value).abs() <= 1e-9 * p_value, "{name}: {hit:?} and not {p_value}");
    }
    assert_eq!(hits.len() as u64, case["count"].as_u64().unwrap(), "{name}");
    assert_eq!(digest(&hits), case["digest"].as_str().unwrap(), "{name}");
}

fn background_of(case: &Value) -> Background {
    match case["name"].as_str().unwrap() {
        name if name.contains("strands") => Background::nrdb().over_both_strands(),
        name if name.contains("uniform") => Background::uniform(),
        _ => Background::nrdb(),
    }
}

/// The pseudocount of the uniform case comes from the NRDB frequencies, as that library mixes them.
fn of_library(motif: &Motif, case: &Value) -> Motif {
    if !case["name"].as_str().unwrap().contains("uniform") {
        return motif.clone();
    }
    let (nrdb, sites) = (Background::nrdb().frequencies(), motif.sites() as f64);
    let mixed: Vec<[f64; 4]> = motif
        .columns()
        .iter()
        .map(|column| std::array::from_fn(|base| (column[base] * sites + 0.1 * nrdb[base]) / (sites + 0.1)))
        .collect();
    // So many sites that the scan's own pseudocount counts nothing.
    Motif::from_frequencies(motif.id(), motif.name(), &mixed, 1_000_000_000_000).unwrap()
}

#[test]
fn hits_are_those_of_fimo() {
    let file = meme::open(golden("small.meme")).unwrap();
    let bases = small_sequence(60_000);
    let cases = cases("small.json");
    assert_eq!(cases.len(), 9);
    for case in &cases {
        let id = case["name"].as_str().unwrap().split(',').next().unwrap();
        let motif = file.motifs.iter().find(|motif| motif.id() == id).unwrap();
        check(case, &of_library(motif, case), &background_of(case), &bases);
    }
}

#[test]
fn hits_on_chromosome_21_are_those_of_fimo() {
    let Some(path) = data("genome/GRCh38.chr21.fa.gz") else { return };
    let genome = Genome::open(path).unwrap();
    let bases = genome.bases("21").unwrap();
    let of_counts = jaspar::open(golden("MA0139.1.pfm")).unwrap().remove(0);
    let of_text = meme::open(golden("MA0139.1.meme")).unwrap().motifs.remove(0);
    assert_eq!((of_counts.id(), of_counts.name()), ("MA0139.1", Some("MA0139.1.CTCF")));
    for case in &cases("chr21.json") {
        check(case, &of_text, &background_of(case), bases);
        // The six decimals of the text make no difference to units.
        let units = |motif| Scores::new(motif, &background_of(case), 0.1).unwrap().columns().to_vec();
        assert_eq!(units(&of_counts), units(&of_text));
    }
}

proptest! {
    #[test]
    fn tables_find_what_adding_up_finds(
        counts in prop::collection::vec(prop::array::uniform4(0_u32..30), 1..30),
        bases in "[ACGTN]{0,300}",
        p_value in 0.0005..0.5_f64,
    ) {
        let columns: Vec<[f64; 4]> = counts.iter().map(|column| column.map(|count| f64::from(count + 1))).collect();
        let motif = Motif::from_counts("m", None, &columns).unwrap();
        let scores = Scores::new(&motif, &Background::nrdb().over_both_strands(), 0.1).unwrap();
        let bases = bases.as_bytes();
        let width = motif.width();
        let mut expected = Vec::new();
        for (start, window) in bases.windows(width).enumerate() {
            for (strand, read) in [
                (Strand::Forward, window.to_vec()),
                (Strand::Reverse, dlm_sdk::dna::reverse_complement(window)),
            ] {
                if let Some(units) = scores.units(&read).filter(|&units| scores.p_value(units) <= p_value) {
                    expected.push(Hit { start, strand, score: scores.score(units), p_value: scores.p_value(units) });
                }
            }
        }
        prop_assert_eq!(Scanner::new(&scores, p_value).unwrap().scan(bases), expected);
    }

    #[test]
    fn a_store_without_need_keeps_all(p_values in prop::collection::vec(0.0..1.0_f64, 0..200), room in 1_usize..250) {
        let mut stored = Stored::new(NonZeroUsize::new(room).unwrap());
        for (start, &p_value) in p_values.iter().enumerate() {
            stored.add(Hit { start, strand: Strand::Forward, score: 0.0, p_value });
        }
        let (most, dropped) = (stored.p_value(), stored.dropped());
        let hits = stored.into_hits();
        prop_assert_eq!(hits.len() as u64 + dropped, p_values.len() as u64);
        prop_assert!(hits.iter().all(|hit| hit.p_value <= most));
        if p_values.len() <= room {
            prop_assert_eq!(dropped, 0);
        }
        // What was kept is better than what was dropped while it was kept: no kept hit is worse than the last bound.
        prop_assert!(hits.windows(2).all(|pair| pair[0].start < pair[1].start));
    }
}

#[test]
fn faults_in_motif_files_are_named() {
    let jaspar = |text: &str| shown(&jaspar::read(text.as_bytes(), "x.pfm").unwrap_err());
    let meme = |text: &str| shown(&meme::read(text.as_bytes(), "x.meme").unwrap_err());
    let head =
        "MEME version 4\nALPHABET= ACGT\nMOTIF M\nletter-probability matrix: alength= 4 w= 2 nsites= 20\n";
    let faults = [
        ("jaspar, empty", jaspar("\n")),
        ("jaspar, no header", jaspar("1 2 3\n")),
        ("jaspar, no id", jaspar("> \n1\n")),
        ("jaspar, three rows", jaspar(">M\n1\n1\n1\n")),
        ("jaspar, three rows before another", jaspar(">M\n1\n1\n1\n>N\n1\n1\n1\n1\n")),
        ("jaspar, five rows", jaspar(">M\n1\n1\n1\n1\n1\n")),
        ("jaspar, ragged", jaspar(">M\n1 2\n1\n1 2\n1 2\n")),
        ("jaspar, two of A", jaspar(">M\nA [ 1 ]\nA [ 1 ]\n")),
        ("jaspar, no counts", jaspar(">M\n\n[ ]\n[ ]\n[ ]\n[ ]\n")),
        ("jaspar, empty column", jaspar(">M\n1 0\n1 0\n1 0\n1 0\n")),
        ("jaspar, negative", jaspar(">M\n1\n-1\n1\n1\n")),
        ("jaspar, fractions", jaspar(">M\n0.1\n0.1\n0.1\n0.1\n")),
        ("meme, JASPAR", meme(">M\n1\n1\n1\n1\n")),
        ("meme, protein", meme("MEME version 4\nALPHABET= ACDEFGHIKLMNPQRSTVWY\n")),
        ("meme, no motif", meme("MEME version 4\n")),
        ("meme, matrix without motif", meme("MEME version 4\nletter-probability matrix: alength= 4\n")),
        ("meme, cut off", meme(&format!("{head}0.5 0.5 0 0\n"))),
        ("meme, cut off by another", meme(&format!("{head}0.5 0.5 0 0\nMOTIF N\n"))),
        ("meme, too many", meme(&format!("{head}1 0 0 0\n1 0 0 0\n1 0 0 0\n"))),
        ("meme, three columns", meme(&format!("{head}1 0 0\n"))),
        ("meme, counts", meme(&format!("{head}5 0 0 0\n1 0 0 0\n"))),
        ("meme, no number", meme(&format!("{head}1 0 0 O\n"))),
        ("meme, background", meme("MEME version 4\nBackground letter frequencies\nA 0.5 C 0.5 G 0 N 0\n")),
        ("meme, five letters", meme(&head.replace("alength= 4", "alength= 5"))),
        ("meme, huge", meme(&head.replace("w= 2", "w= 100000"))),
        ("binary", meme("MEME version 4\n\u{1}\n")),
    ];
    let text: Vec<_> = faults.iter().map(|(name, fault)| format!("# {name}\n{fault}\n")).collect();
    insta::assert_snapshot!(text.join("\n"));
}
