//! The commands of `dlm tokenizer`, from files to files.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Parser;
use dlm::{
    context::{Cancellation, Context, Flags, Outcome},
    tokenizer::{Survey, TokenizerCommand},
};
use dlm_genome::tokenized::Store;
use dlm_sdk::{dna, prelude::*, random::Stream};
use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::RowAccessor as _,
};
use tempfile::TempDir;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: TokenizerCommand,
}

fn context() -> Context {
    Context::new(Flags { quiet: true, ..Flags::default() }, Cancellation::default()).unwrap()
}

fn run_in(context: &Context, arguments: &[&str]) -> Result<Outcome> {
    Cli::try_parse_from([&["tokenizer"], arguments].concat()).unwrap().command.run(context)
}

fn run(arguments: &[&str]) -> Result<Outcome> {
    run_in(&context(), arguments)
}

fn bases(seed: u64, length: usize) -> String {
    let mut stream = Stream::new(seed, "bases");
    // Some words come often, so that there is something to learn.
    let words = ["ATTACA", "GGCGGG", "TT", "CACA", "A", "C", "G", "T", "TTTT"];
    let mut text = String::new();
    while text.len() < length {
        text.push_str(words[stream.below(words.len())]);
    }
    text.truncate(length);
    text
}

/// A folder with `two.fa` and `half.fa`, which is the first half of the first record of `two.fa`.
fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let first = bases(1, 6000);
    let second = format!("NN{}nnn{}N", bases(2, 1500), bases(3, 7));
    fs::write(folder.path().join("two.fa"), format!(">chr1 toy\n{first}\n>chrX\n{second}\n>empty\nN\n"))
        .unwrap();
    fs::write(folder.path().join("half.fa"), format!(">chr1\n{}\n", &first[..3000])).unwrap();
    let path = folder.path().to_owned();
    (folder, path)
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn training_snapshots_and_exclusion() {
    let (_keep, folder) = folder();
    let at = |name: &str| text(&folder.join(name));
    run(&[
        "train",
        "--fasta",
        &at("half.fa"),
        "--merges",
        "40",
        "--snapshots",
        "10,25",
        "--output",
        &at("t.json"),
    ])
    .unwrap();
    run(&["train", "--fasta", &at("half.fa"), "--merges", "25", "--output", &at("u.json")]).unwrap();
    assert_eq!(fs::read(at("t-25.json")).unwrap(), fs::read(at("u.json")).unwrap());
    assert_ne!(fs::read(at("t-10.json")).unwrap(), fs::read(at("u.json")).unwrap());

    let length = 1500 + 7 + 6;
    fs::write(at("held.bed"), format!("chr1\t3000\t6000\nchrX\t0\t{length}\n")).unwrap();
    run(&[
        "train",
        "--fasta",
        &at("two.fa"),
        "--merges",
        "40",
        "--exclude",
        &at("held.bed"),
        "--output",
        &at("e.json"),
    ])
    .unwrap();
    assert_eq!(fs::read(at("e.json")).unwrap(), fs::read(at("t.json")).unwrap());

    let tokenizer = context().registry().tokenizer(&at("t.json")).unwrap();
    assert_eq!(tokenizer.spec().vocab_size, 49);
}

#[test]
fn wrong_input_leaves_nothing() {
    let (_keep, folder) = folder();
    let at = |name: &str| text(&folder.join(name));
    let before = fs::read_dir(&folder).unwrap().count();
    fs::write(at("far.bed"), "chr1\t5999\t6001\n").unwrap();
    fs::write(at("habit.bed"), "1\t0\t10\n").unwrap();
    for (arguments, message) in [
        (
            vec![
                "train",
                "--fasta",
                &at("two.fa"),
                "--merges",
                "5",
                "--snapshots",
                "9",
                "--output",
                &at("o"),
            ],
            "--snapshots 9",
        ),
        (vec!["train", "--fasta", &at("none.fa"), "--merges", "5", "--output", &at("o")], "none.fa"),
        (
            vec!["train", "--fasta", &at("two.fa"), "--exclude", &at("far.bed"), "--output", &at("o")],
            "past the end",
        ),
        (vec!["train", "--fasta", &at("two.fa"), "--exclude", &at("habit.bed"), "--output", &at("o")], "1"),
        (vec!["train", "--fasta", &at("two.fa"), "--output", &at("no/o")], "no/o"),
        (
            vec![
                "encode",
                "--tokenizer",
                "kmer:9",
                "--fasta",
                &at("two.fa"),
                "--format",
                "jsonl",
                "--output",
                &at("o"),
            ],
            "kmer:9",
        ),
        (
            vec![
                "encode",
                "--tokenizer",
                "char",
                "--fasta",
                &at("far.bed"),
                "--format",
                "npy",
                "--output",
                &at("o"),
            ],
            "far.bed",
        ),
        (
            vec!["genome", "--tokenizer", "kmer:3:overlap", "--fasta", &at("two.fa"), "--output", &at("o")],
            "side by side",
        ),
        (vec!["genome", "--tokenizer", "char", "--from-pickles", &at(""), "--output", &at("o")], "chr_1.pkl"),
        (vec!["report", "--tokenizer", "char", "--fasta", &at(""), "--output", &at("r")], "directory"),
    ] {
        let error = run(&arguments).unwrap_err();
        assert!(error.chain().contains(message), "{arguments:?}: {}", error.chain());
        assert_ne!(error.kind(), ErrorKind::Internal, "{}", error.chain());
    }
    let _ = fs::remove_dir(at("r"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), before + 2);
}

#[test]
fn a_stopped_command_leaves_nothing() {
    let (_keep, folder) = folder();
    let at = |name: &str| text(&folder.join(name));
    let cancellation = Cancellation::default();
    cancellation.cancel(2);
    let stopped = Context::new(Flags { quiet: true, ..Flags::default() }, cancellation).unwrap();
    let before = fs::read_dir(&folder).unwrap().count();
    for arguments in [
        vec!["train", "--fasta", &at("two.fa"), "--output", &at("o")],
        vec![
            "encode",
            "--tokenizer",
            "char",
            "--fasta",
            &at("two.fa"),
            "--format",
            "parquet",
            "--output",
            &at("o"),
        ],
        vec!["genome", "--tokenizer", "char", "--fasta", &at("two.fa"), "--output", &at("o")],
    ] {
        assert_eq!(run_in(&stopped, &arguments).unwrap_err().kind(), ErrorKind::Cancelled);
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), before);
}

struct Row {
    name: String,
    ids: Vec<u32>,
    spans: Vec<(u32, u32)>,
}

/// The rows that the tokenizer itself gives.
fn expected(spec: &str, folder: &Path) -> Vec<Row> {
    let tokenizer = context().registry().tokenizer(spec).unwrap();
    let genome = dlm_genome::Genome::open(folder.join("two.fa")).unwrap();
    genome
        .records()
        .iter()
        .map(|record| {
            let batch = tokenizer.batch(&[Sequence::new(record.bases())]).unwrap();
            let row = batch.row(0);
            Row {
                name: record.name().to_owned(),
                ids: row.ids.to_vec(),
                spans: row.spans.iter().map(|span| (span.start, span.end)).collect(),
            }
        })
        .collect()
}

#[test]
fn every_form_holds_the_same_tokens() {
    let (_keep, folder) = folder();
    let at = |name: &str| text(&folder.join(name));
    // Records shorter than k have no tokens, which is the hard case of lists.
    for spec in ["kmer:6:overlap", "kmer:4"] {
        let rows = expected(spec, &folder);
        assert_eq!(rows.last().unwrap().ids.is_empty(), spec.ends_with("overlap"));
        for format in ["jsonl", "npy", "parquet"] {
            run(&[
                "encode",
                "--tokenizer",
                spec,
                "--fasta",
                &at("two.fa"),
                "--format",
                format,
                "--output",
                &at(format),
            ])
            .unwrap();
        }
        let lines = fs::read_to_string(at("jsonl")).unwrap();
        assert_eq!(lines.lines().count(), rows.len());
        for (line, row) in lines.lines().zip(&rows) {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line, serde_json::json!({"name": row.name, "ids": row.ids, "spans": row.spans}));
        }
        assert_eq!(npy(Path::new(&at("npy"))), flat(&rows));
        let reader = SerializedFileReader::new(fs::File::open(at("parquet")).unwrap()).unwrap();
        let read: Vec<_> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap()).collect();
        assert_eq!(read.len(), rows.len());
        for (found, row) in read.iter().zip(&rows) {
            let list = |column| {
                let list = found.get_list(column).unwrap();
                (0..list.len())
                    .map(|i| parquet::record::ListAccessor::get_uint(list, i).unwrap())
                    .collect::<Vec<_>>()
            };
            assert_eq!(found.get_string(0).unwrap(), &row.name);
            assert_eq!(list(1), row.ids);
            assert_eq!(list(2), row.spans.iter().map(|span| span.0).collect::<Vec<_>>());
            assert_eq!(list(3), row.spans.iter().map(|span| span.1).collect::<Vec<_>>());
        }
    }
}

fn flat(rows: &[Row]) -> Vec<[u32; 4]> {
    (0..)
        .zip(rows)
        .flat_map(|(record, row)| {
            row.ids.iter().zip(&row.spans).map(move |(&id, &(start, end))| [record, id, start, end])
        })
        .collect()
}

fn npy(path: &Path) -> Vec<[u32; 4]> {
    let bytes = fs::read(path).unwrap();
    assert!(bytes.starts_with(b"\x93NUMPY\x01\x00"));
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let (header, rows) = bytes[10..].split_at(header);
    let header = std::str::from_utf8(header).unwrap();
    assert!(header.contains(&format!("'shape': ({},)", rows.len() / 16)), "{header}");
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
    rows.chunks_exact(16).map(|row| [0, 4, 8, 12].map(|at| number(&row[at..at + 4]))).collect()
}

#[test]
fn a_genome_is_stored_published_and_read_back() {
    let (_keep, folder) = folder();
    let at = |name: &str| text(&folder.join(name));
    run(&["train", "--fasta", &at("two.fa"), "--merges", "60", "--output", &at("t.json")]).unwrap();
    run(&[
        "genome",
        "--tokenizer",
        &at("t.json"),
        "--fasta",
        &at("two.fa"),
        "--output",
        &at("store"),
        "--pickles",
        &at("published"),
    ])
    .unwrap();
    let store = Store::open(at("store")).unwrap();
    store.verify().unwrap();
    for row in expected(&at("t.json"), &folder) {
        let chromosome = store.chromosome(&row.name).unwrap();
        let tokens: Vec<_> = chromosome.tokens().map(|token| token.unwrap()).collect();
        assert_eq!(tokens.iter().map(|token| token.id).collect::<Vec<_>>(), row.ids);
        assert_eq!(
            tokens.iter().map(|token| (token.span.start, token.span.end)).collect::<Vec<_>>(),
            row.spans
        );
    }
    let mut files: Vec<_> = fs::read_dir(at("published"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["chr_1.pkl", "chr_23.pkl"]);
    run(&[
        "genome",
        "--tokenizer",
        &at("t.json"),
        "--from-pickles",
        &at("published"),
        "--output",
        &at("again"),
    ])
    .unwrap();
    let again = Store::open(at("again")).unwrap();
    for name in ["chr1", "chrX"] {
        let tokens = |store: &Store| -> Vec<_> {
            store.chromosome(name).unwrap().tokens().map(|token| token.unwrap()).collect()
        };
        assert_eq!(tokens(&store), tokens(&again));
    }
    let error =
        run(&["genome", "--tokenizer", "kmer:6", "--from-pickles", &at("published"), "--output", &at("no")])
            .unwrap_err();
    assert!(error.hint().unwrap().contains("another tokenizer"), "{}", error.chain());
    assert!(!folder.join("no").exists());
}

#[test]
fn a_report_counts_by_hand() {
    let tokenizer = context().registry().tokenizer("kmer:2").unwrap();
    let mut survey = Survey::new(&*tokenizer);
    survey.add(b"ACGTACGNAC").unwrap();
    survey.add(b"acgt").unwrap();
    let report = survey.report().unwrap();
    // AC GT AC G [N] AC; AC GT
    assert_eq!((report.tokens, report.genome.known_bases, report.genome.unknown_bases), (7, 13, 1));
    assert_eq!(report.genome.records, 2);
    let of = |token: &str| report.all.iter().find(|row| row.token == token).unwrap();
    assert_eq!((of("AC").occurrences, of("AC").kmers, of("AC").inside), (4, 4, 1));
    assert_eq!((of("GT").occurrences, of("GT").kmers, of("GT").inside), (2, 2, 1));
    assert_eq!((of("CG").occurrences, of("CG").kmers), (0, 3));
    assert_eq!((of("G").occurrences, of("G").kmers, of("G").inside), (1, 3, 0));
    let dictionary = &report.dictionary;
    assert_eq!((dictionary.ids, dictionary.nucleotide_tokens), (25, 20));
    assert_eq!((dictionary.occurring, dictionary.occurring_anywhere), (2, 3));
    // On the other strand of ACGTACG (CG TA CG T) nothing is cut alike; AC and ACGT are.
    assert!((report.reverse_complement.tokens - 3.0 / 7.0).abs() < 1e-12);
    assert!((report.reverse_complement.dictionary - 1.0).abs() < 1e-12);
    assert!((report.bases_per_token - 13.0 / 7.0).abs() < 1e-12);
    let entropy: f64 = [4.0_f64, 2.0, 1.0].iter().map(|n| -n / 7.0 * (n / 7.0).log2()).sum();
    assert!((report.entropy_bits_per_token - entropy).abs() < 1e-12);
    assert!((report.entropy_bits_per_base - entropy * 7.0 / 13.0).abs() < 1e-12);
    assert_eq!(report.lengths[1].dictionary, 16);
    assert!((report.lengths[1].coverage - 2.0 / 16.0).abs() < 1e-12);
    assert!((report.composition[0].first_in_tokens - 4.0 / 7.0).abs() < 1e-12);
    assert!((report.composition[2].genome - 3.0 / 13.0).abs() < 1e-12);
    assert_eq!(report.median_occurrences, 2.0);
    assert_eq!(report.most_frequent[0].token, "AC");
    assert_eq!(report.frequencies.iter().map(|row| row.tokens).sum::<usize>(), 3);
}

#[test]
fn a_report_does_not_depend_on_how_records_are_divided() {
    let tokenizer = context().registry().tokenizer("kmer:5").unwrap();
    let parts = [bases(4, 700), bases(5, 900), bases(6, 3)];
    let of = |sequences: &[String]| {
        let mut survey = Survey::new(&*tokenizer);
        for sequence in sequences {
            survey.add(sequence.as_bytes()).unwrap();
        }
        survey.report().unwrap().all
    };
    let (apart, together) = (of(&parts), of(&[parts.join("N")]));
    assert_eq!(serde_json::to_value(apart).unwrap(), serde_json::to_value(together).unwrap());
    let reverse: Vec<String> = parts
        .iter()
        .map(|part| String::from_utf8(dna::reverse_complement(part.as_bytes())).unwrap())
        .collect();
    let surviving = |rows: Vec<dlm::tokenizer::TokenRow>| -> f64 {
        rows.iter().map(|row| row.surviving * row.occurrences as f64).sum::<f64>().round()
    };
    assert_eq!(surviving(of(&parts)), surviving(of(&reverse)));
}

#[test]
fn a_report_is_a_folder_of_files() {
    let (_keep, folder) = folder();
    let at = |name: &str| text(&folder.join(name));
    run(&["train", "--fasta", &at("two.fa"), "--merges", "60", "--output", &at("t.json")]).unwrap();
    run(&["report", "--tokenizer", &at("t.json"), "--fasta", &at("two.fa"), "--output", &at("report")])
        .unwrap();
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("report/report.json")).unwrap()).unwrap();
    assert_eq!(json["dictionary"]["ids"], 69);
    assert_eq!(json["dictionary"]["nucleotide_tokens"], 64);
    let html = fs::read_to_string(folder.join("report/report.html")).unwrap();
    assert!(html.contains("bases a token") && html.matches("<svg").count() == 10);
    assert!(
        !html.contains("http://")
            || html.matches("http://").count() == html.matches("http://www.w3.org/").count()
    );
    let tokens = fs::read_to_string(folder.join("report/tokens.csv")).unwrap();
    assert_eq!(tokens.lines().count(), 65);
    assert!(tokens.starts_with("id,token,length,occurrences,inside,share,kmers,surviving\n"));
    for file in [
        "cloud.svg",
        "coverage.svg",
        "frequencies.svg",
        "ranks.svg",
        "survival.svg",
        "lengths.csv",
        "composition.csv",
    ] {
        assert!(fs::metadata(folder.join("report").join(file)).unwrap().len() > 50, "{file}");
    }
}
