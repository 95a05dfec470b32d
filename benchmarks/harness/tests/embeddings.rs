//! `dlm analyze` embeddings, context and windows: what is planted is found, what is absent is said, what does not fit is an
//! error.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking and says what it skips"
)]

mod support {
    pub(crate) mod small;
}

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, process::Output};

use dlm_sdk::random::Stream;
use serde_json::Value;

use support::small::{Small, dlm, done, runs};

/// The length of the genome, and of the stretches that take turns.
const LENGTH: usize = 120_000;
const STRETCH: usize = 1_500;

/// Writes a genome of which every second stretch is rich in G and C and annotated as a repeat, a state, a gene and early.
fn subject(place: &Path) {
    let mut stream = Stream::new(1, "genome");
    let mut bases = String::with_capacity(LENGTH);
    for position in 0..LENGTH {
        let rich = (position / STRETCH) % 2 == 1;
        let of = if rich { b"ACGGCCGT" } else { b"AATTATCG" };
        bases.push(char::from(of[stream.below(8)]));
    }
    fs::write(place.join("genome.fa"), format!(">chr1\n{bases}\n")).unwrap();
    Small::default().write(&place.join("model"));
    let annotations = place.join("annotations");
    fs::create_dir(&annotations).unwrap();
    let (mut repeats, mut states, mut genes, mut timing) =
        (String::new(), String::new(), String::new(), String::new());
    for stretch in 0..LENGTH / STRETCH {
        let (start, end) = (stretch * STRETCH, (stretch + 1) * STRETCH);
        let strand = if stretch % 4 == 1 { '+' } else { '-' };
        let rich = stretch % 2 == 1;
        let state = if rich { "1_Active_Promoter" } else { "13_Heterochrom/lo" };
        writeln!(states, "chr1\t{start}\t{end}\t{state}\t0\t.\t{start}\t{end}\t255,0,0").unwrap();
        writeln!(timing, "chr1\t{start}\t{end}\t{}", if rich { 1.5 } else { -1.5 }).unwrap();
        if rich {
            let doubt = if stretch % 4 == 1 { "?" } else { "" };
            writeln!(
                repeats,
                "585\t463\t13\t6\t17\tchr1\t{start}\t{end}\t-9\t{strand}\tMER\tLTR{doubt}\tERV1\t1\t{STRETCH}\t0\t1"
            )
            .unwrap();
            let first = start + 1;
            writeln!(genes, "chr1\tx\tgene\t{first}\t{end}\t.\t{strand}\t.\tgene_id \"g{stretch}\";")
                .unwrap();
            writeln!(genes, "chr1\tx\texon\t{first}\t{end}\t.\t{strand}\t.\tgene_id \"g{stretch}\";")
                .unwrap();
        }
    }
    fs::write(annotations.join("rmsk.txt"), repeats).unwrap();
    fs::write(annotations.join("wgEncodeBroadHmmGm12878HMM.bed"), states).unwrap();
    fs::write(annotations.join("genes.gtf"), genes).unwrap();
    fs::write(annotations.join("replication.bedGraph"), timing).unwrap();
}

fn asked(folder: &Path, arguments: &[&str]) -> Output {
    let common =
        ["--json", "--quiet", "analyze", "--model", "model", "--genome", "genome.fa", "--output", "out"];
    dlm(folder, &[&common, arguments].concat()).output().unwrap()
}

fn analyze(folder: &Path, arguments: &[&str]) -> Value {
    let output = asked(folder, arguments);
    done(&output);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or(f64::NAN)
}

#[test]
fn planted_annotations_are_found_in_tokens_and_windows() {
    if !runs() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    subject(place);
    let with = ["--annotations", "annotations", "--embedding-windows", "150"];
    let learn = "--quiet word2vec --fasta genome.fa --tokenizer kmer:2 --dimensions 8 --epochs 1 --least-count 3500 \
                 --output vectors";
    done(&dlm(place, &learn.split_whitespace().collect::<Vec<_>>()).output().unwrap());
    analyze(place, &[&["embeddings", "--word2vec", "vectors"], &with[..]].concat());
    word2vec_stands_beside(place);
    for section in ["embeddings", "context", "windows"] {
        let answer = analyze(place, &[&[section], &with[..]].concat());
        assert_eq!(answer["sections"][0]["status"], "done", "{answer}");
        assert!(
            !place.join("out").join(section).join("pieces").exists(),
            "a finished section keeps no pieces"
        );
    }
    tokens_are_annotated(place);
    components_are_correlated(place);
    curves_follow_components(place);
    context_is_measured(place);
    windows_are_told(place);
    let page = fs::read_to_string(place.join("out/report.html")).unwrap();
    for text in ["Token embeddings", "Windows of the genome", "Territories", "word2vec beside the model"] {
        assert!(page.contains(text), "{text}");
    }
}

fn word2vec_stands_beside(place: &Path) {
    let mapped = rows(&place.join("out/embeddings/components.csv"));
    let first: Vec<&String> = mapped
        .iter()
        .filter(|row| row["vectors"] == "word2vec" && row["component"] == "1")
        .map(|row| &row["place"])
        .collect();
    assert!((8..16).contains(&first.len()), "rare tokens have no vector: {}", first.len());
    let distinct: std::collections::BTreeSet<_> = first.iter().collect();
    assert_eq!(distinct.len(), first.len());
    let page = fs::read_to_string(place.join("out/report.html")).unwrap();
    assert!(page.contains("tokens have no word2vec vector"));
    assert!(page.contains("rank along the first component of the word2vec vectors"));
}

fn tokens_are_annotated(place: &Path) {
    let cells = rows(&place.join("out/embeddings/tokens.csv"));
    let of = |token: &str, quantity: &str| {
        let cell = cells.iter().find(|cell| cell["token"] == token && cell["quantity"] == quantity);
        number(cell.unwrap(), "value")
    };
    // Where a token is from: GC-rich stretches hold GG eight times as often, by their letters.
    assert!(of("GG", "LTR") > 0.85, "{}", of("GG", "LTR"));
    assert!(of("AA", "LTR") < 0.25, "{}", of("AA", "LTR"));
    assert!((of("GG", "LTR") - of("GG", "1_Active_Promoter")).abs() < 1e-12, "the same stretches");
    let timing = of("GG", "replication timing");
    assert!((timing - (3.0 * of("GG", "LTR") - 1.5)).abs() < 1e-9, "{timing}");
    assert_eq!((of("GG", "GC"), of("AG", "AG"), of("AG", "length")), (1.0, 1.0, 2.0));
    let forward = of("GG", "genes, forward share");
    assert!((0.4..0.6).contains(&forward), "{forward}");
}

fn components_are_correlated(place: &Path) {
    let cells = rows(&place.join("out/embeddings/correlations.csv"));
    let kinds: Vec<&str> = cells.iter().map(|cell| cell["vectors"].as_str()).collect();
    assert!(kinds.contains(&"static") && kinds.contains(&"contextual"));
    for cell in &cells {
        let (p, holm, bh) = (number(cell, "p_value"), number(cell, "p_holm"), number(cell, "p_bh"));
        let least = |value: f64| value * (1.0 - 1e-12);
        assert!(least(p) <= bh && least(bh) <= holm && holm <= 1.0, "{cell:?}");
        if cell["gc_corrected"] == "true" {
            let own = ["frequency", "GC", "AG", "AC", "length"];
            assert!(!own.contains(&cell["quantity"].as_str()), "only annotations are corrected");
        }
    }
    let of = |corrected: &str| -> Vec<f64> {
        let is = |cell: &&BTreeMap<String, String>| {
            cell["gc_corrected"] == corrected && cell["quantity"] == "LTR" && cell["vectors"] == "static"
        };
        cells.iter().filter(is).map(|cell| number(cell, "rho")).collect()
    };
    let (raw, corrected) = (of("false"), of("true"));
    assert_eq!((raw.len(), corrected.len()), (15, 15));
    let apart = raw.iter().zip(&corrected).filter(|(raw, corrected)| (*raw - *corrected).abs() > 0.1);
    assert!(apart.count() > 5, "repeats follow GC here, so that little is left of most correlations");
    // All tokens are as long: a correlation with length is not defined.
    assert!(cells.iter().all(|cell| cell["quantity"] != "length"));
    let shares = rows(&place.join("out/embeddings/variance.csv"));
    let sum: f64 =
        shares.iter().filter(|row| row["vectors"] == "static").map(|row| number(row, "share")).sum();
    assert!((sum - 1.0).abs() < 1e-6, "16 tokens have 15 components, all shown: {sum}");
    assert_eq!(rows(&place.join("out/embeddings/tree.csv")).len(), 15);
}

/// Curves are those of the points beside them: near their mean, within the extent, in a band.
fn curves_follow_components(place: &Path) {
    let of = |name: &str| rows(&place.join("out/embeddings").join(name));
    let (curves, places, tokens) = (of("curves.csv"), of("components.csv"), of("tokens.csv"));
    let mut drawn = 0;
    for curve in curves.chunk_by(|a, b| (&a["vectors"], &a["component"]) == (&b["vectors"], &b["component"]))
    {
        let first = &curve[0];
        let points: Vec<(f64, f64)> = places
            .iter()
            .filter(|row| row["vectors"] == first["vectors"] && row["component"] == first["component"])
            .map(|row| {
                let is = |cell: &&BTreeMap<String, String>| {
                    cell["token"] == row["token"] && cell["quantity"] == first["quantity"]
                };
                let x = number(tokens.iter().find(is).unwrap(), "value");
                (if first["quantity"] == "frequency" { x.log10() } else { x }, number(row, "place"))
            })
            .collect();
        let ends = |of: &dyn Fn(&(f64, f64)) -> f64| {
            points.iter().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let (across, up) = (ends(&|point| point.0), ends(&|point| point.1));
        assert_eq!((number(first, "x"), number(&curve[curve.len() - 1], "x")), across);
        let reach = up.1 - up.0;
        for at in curve {
            let (value, low, high) = (number(at, "place"), number(at, "low"), number(at, "high"));
            assert!(low < value && value < high, "{at:?}");
            assert!(value > up.0 - reach && value < up.1 + reach, "{at:?} {up:?}");
        }
        drawn += 1;
        let file = format!("pc{}-{}.svg", first["component"], first["vectors"]);
        let panel = fs::read_to_string(place.join("out/embeddings").join(file)).unwrap();
        assert_eq!((panel.matches("<polygon").count(), panel.matches("<polyline").count()), (1, 1));
    }
    let page = fs::read_to_string(place.join("out/report.html")).unwrap();
    // 2-mers have three shares of G and C: what has no curve says why.
    assert_eq!(drawn + page.matches("No curve: ").count(), 12, "six components of two kinds");
    assert!(drawn > 0, "frequencies differ, so that some component has a curve");
}

fn context_is_measured(place: &Path) {
    let cells = rows(&place.join("out/context/self-similarity.csv"));
    assert_eq!(cells.len(), 16 * 3, "16 tokens in the embeddings and two layers");
    for cell in &cells {
        let (raw, corrected) = (number(cell, "self_similarity"), number(cell, "corrected"));
        assert!(raw <= 1.0 && corrected < raw, "{cell:?}");
        assert!((0.0..=1.0).contains(&number(cell, "mev_ethayarajh")), "{cell:?}");
        // Before the first layer occurrences of a token differ by their positions alone.
        assert!(cell["layer"] != "0" || corrected > 0.1, "states are not of their tokens: {cell:?}");
    }
}

fn windows_are_told(place: &Path) {
    let windows = rows(&place.join("out/windows/windows.csv"));
    assert_eq!(windows.len(), LENGTH / 2 / 62, "62 tokens of two bases each");
    for window in &windows {
        let (start, end) = (number(window, "start") as usize, number(window, "end") as usize);
        assert_eq!(end - start, 124);
        let (first, last) = (start / STRETCH, (end - 1) / STRETCH);
        if first == last {
            let rich = first % 2 == 1;
            assert_eq!(window["repeats"], if rich { "LTR" } else { "" }, "{window:?}");
            assert_eq!(window["chromatin"], if rich { "1_Active_Promoter" } else { "13_Heterochrom/lo" });
            let sign = if first % 4 == 1 { "+" } else { "-" };
            assert_eq!(window["repeats_strand"], if rich { sign } else { "" }, "{window:?}");
            assert_eq!(number(window, "replication_timing"), if rich { 1.5 } else { -1.5 });
        }
    }
    let scores = rows(&place.join("out/windows/territories.csv"));
    let auroc = |annotation: &str, features: &str| {
        let of =
            |row: &&BTreeMap<String, String>| row["annotation"] == annotation && row["features"] == features;
        number(scores.iter().find(of).unwrap(), "auroc")
    };
    assert!(auroc("LTR", "GC and 4-mers") > 0.95, "composition tells what composition made");
    assert!(auroc("LTR", "embeddings") > 0.9, "{}", auroc("LTR", "embeddings"));
    for features in ["embeddings", "GC and 4-mers"] {
        let strand = auroc("LTR: its strand", features);
        assert!((0.3..0.7).contains(&strand), "nothing tells the strand of random bases: {strand}");
    }
}

#[test]
fn absent_annotations_are_said_and_findings_do_not_depend_on_threads() {
    if !runs() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    subject(place);
    let answer = analyze(place, &["windows"]);
    assert_eq!(answer["sections"][0]["status"], "done");
    let map = fs::read(place.join("out/windows/map.csv")).unwrap();
    let page = fs::read_to_string(place.join("out/report.html")).unwrap();
    for text in ["repeat classes", "replication timing", "name their folder by --annotations"] {
        assert!(page.contains(text), "{text}");
    }
    let again = "--quiet analyze windows --model model --genome genome.fa --output alone";
    let again = again.split_whitespace().collect::<Vec<_>>();
    done(&dlm(place, &again).env("RAYON_NUM_THREADS", "1").output().unwrap());
    assert_eq!(map, fs::read(place.join("alone/windows/map.csv")).unwrap());
}

#[test]
fn what_does_not_fit_is_told() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    subject(place);
    let fails = |expected: &str| {
        let output = asked(place, &["embeddings", "--annotations", "annotations"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(expected), "{told}");
    };
    let annotations = place.join("annotations");
    let repeats = fs::read_to_string(annotations.join("rmsk.txt")).unwrap();
    let with = |text: &str| fs::write(annotations.join("rmsk.txt"), text).unwrap();
    with(&repeats.replace("\tchr1\t", "\t1\t"));
    fails("write names the same way");
    with(&repeats.replace(&format!("\t{LENGTH}\t"), "\t999999\t"));
    fails("different builds");
    with(&repeats);
    fs::write(annotations.join("rmsk_old.txt"), &repeats).unwrap();
    fails("both hold repeat classes");
    fs::remove_file(annotations.join("rmsk_old.txt")).unwrap();
    fs::write(annotations.join("genes.gtf"), "chr1\tx\tCDS\t1\t9\t.\t+\t.\tgene_id \"g\";\n").unwrap();
    fails("holds no gene");
}
