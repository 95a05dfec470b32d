//! `dlm word2vec`: vectors from a planted genome, and what other commands do with them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;

use dlm_sdk::random::Stream;
use support::{Bench, json, text, without_costs};

/// A genome of 3-mers that come from one of two groups for some hundred bases: those of AT and those of GC.
fn genome() -> String {
    let mut stream = Stream::new(6, "genome");
    let mut bases = String::new();
    for _ in 0..400 {
        let group: &[u8] = if stream.below(2) == 0 { b"AT" } else { b"GC" };
        bases.extend((0..300).map(|_| char::from(group[stream.below(2)])));
    }
    format!(">chr1\n{bases}\n")
}

fn learn(bench: &Bench, output: &str, more: &[&str]) -> std::process::Output {
    let base =
        ["word2vec", "--fasta", "genome.fa", "--tokenizer", "kmer:3", "--dimensions", "20", "--epochs", "3"];
    bench.run(&[&base[..], &["--sample", "0", "--output", output], more].concat())
}

#[test]
fn vectors_are_learned_embedded_and_benchmarked() {
    let bench = Bench::new();
    fs::write(bench.path("genome.fa"), genome()).unwrap();
    let output = learn(&bench, "vectors", &["--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let answer = json(&output);
    assert_eq!(answer["tokens"], 40_000);

    // Sixteen 3-mers of two groups; the rare ones lie on the border between two stretches, if at all.
    let (vectors, _) = dlm_plugin_word2vec::Vectors::open(&bench.path("vectors")).unwrap();
    // After the special tokens and the four single bases come the 3-mers in the order of A, C, G, T.
    let id = |text: &[u8; 3]| {
        text.iter().fold(0, |id, base| 4 * id + b"ACGT".iter().position(|b| b == base).unwrap()) as u32 + 9
    };
    let of_at: Vec<u32> = [b"AAA", b"TTT", b"ATA", b"TAT", b"AAT"].iter().map(|text| id(text)).collect();
    let of_gc: Vec<u32> = [b"GGG", b"CCC", b"GCG", b"CGC", b"GGC"].iter().map(|text| id(text)).collect();
    for (own, others) in [(&of_at, &of_gc), (&of_gc, &of_at)] {
        for token in own {
            let nearest = vectors.nearest(*token, 4);
            assert!(nearest.iter().all(|(near, _)| !others.contains(near)), "{token}: {nearest:?}");
        }
    }

    // The same command gives the same bytes; another seed gives others.
    assert!(learn(&bench, "again", &["--threads", "1"]).status.success());
    assert!(learn(&bench, "other", &["--seed", "1"]).status.success());
    let bytes = |folder: &str| fs::read(bench.path(folder).join("vectors.safetensors")).unwrap();
    assert!(bytes("vectors") == bytes("again") && bytes("vectors") != bytes("other"));

    let embedded = bench.run(&[
        "embed",
        "--model",
        "vectors",
        "--fasta",
        "genome.fa",
        "--pool",
        "mean",
        "--output",
        "out.npy",
    ]);
    assert!(embedded.status.success(), "{}", text(&embedded.stderr));

    // The frozen probe takes them as it takes any encoder, and vectors of the same bytes give the same scores.
    let scores = |model: &str| {
        let folder = format!("results-{model}");
        let run = bench.run(&[
            "bench",
            "run",
            "--models",
            model,
            "--tasks",
            "planted",
            "--baselines",
            "majority",
            "--pool",
            "mean",
            "--output-path",
            &folder,
            "--json",
        ]);
        let document = without_costs(json(&run));
        assert!(run.status.success(), "{document}");
        let cells = document["cells"].as_array().unwrap();
        assert!(cells.iter().all(|cell| cell["status"] == "done"), "{document}");
        cells.iter().map(|cell| cell["metrics"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(scores("vectors"), scores("again"));
}

#[test]
fn what_cannot_be_learned_from_is_refused() {
    let bench = Bench::new();
    fs::write(bench.path("genome.fa"), ">chr1\nACGTACGTACGT\n").unwrap();
    let refused = |more: &[&str], reason: &str| {
        let output = learn(&bench, "vectors", more);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(reason), "{message}");
        assert!(!bench.path("vectors").exists());
    };
    refused(&["--least-count", "5"], "occur at least 5 times, and two are needed");
    refused(&["--window", "0"], "word2vec with window 0 learns nothing");
    refused(&["--rate=-1"], "the rate cannot go from -1");

    fs::write(bench.path("genome.fa"), genome()).unwrap();
    assert!(learn(&bench, "vectors", &[]).status.success());
    let path = bench.path("vectors").join("vectors.safetensors");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let output = bench.run(&["embed", "--model", "vectors", "--fasta", "genome.fa", "--output", "out.npy"]);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("vectors.safetensors"), "{message}");
}
