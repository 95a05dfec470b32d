//! Planted truths: each control finds what it can see and nothing else, and so does a model.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod truths;

use std::path::Path;

use dlm::{
    bench::{DigestCache, Plan, Selection, run::run},
    context::{Cancellation, Context, Flags},
    results::{Document, Status, Store, Summary},
};
use truths::Truth;

const SIZES: truths::Sizes = [1_000, 300, 500];

/// Learns a vocabulary of byte pairs from the windows of train.
fn vocabulary(folder: &Path) -> String {
    let path = folder.join("bpe.json");
    let genome = std::fs::read_to_string(folder.join("genome.fa")).unwrap();
    let bases = genome.lines().nth(1).unwrap().as_bytes();
    let trainer = dlm_plugin_bpe::Trainer {
        merges: 80,
        ties: dlm_plugin_bpe::Ties::SubwordNmt,
        snapshots: Vec::new(),
        threads: Some(1),
    };
    let train = &bases[..SIZES[0] * truths::WINDOW];
    let learned = trainer.train(&[train], &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    std::fs::write(&path, learned.bpe().unwrap().to_json()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn bench(folder: &Path, change: impl FnOnce(&mut Selection)) -> Document {
    let mut selection = Selection {
        tasks: vec![folder.join("task").to_str().unwrap().to_owned()],
        output_path: Some(folder.join("out")),
        trees: Some("100".to_owned()),
        ..Selection::default()
    };
    change(&mut selection);
    let context = Context::new(Flags { quiet: true, ..Flags::default() }, Cancellation::default()).unwrap();
    let (settings, context) = selection.settle(&context).unwrap();
    let mut digests = DigestCache::default();
    let plan = Plan::new(settings, &context, &mut digests).unwrap();
    run(&plan, &Store::create(folder.join("out")).unwrap(), &context, &digests).unwrap()
}

fn row<'d>(document: &'d Document, model: &str) -> &'d Summary {
    let row = document.summary.iter().find(|row| row.model == model).unwrap();
    assert_eq!(row.status, Status::Done, "{model}: {:?}", row.reason);
    row
}

fn baselines(folder: &Path, names: &[&str]) -> Document {
    bench(folder, |selection| {
        selection.baselines = names.iter().map(|&name| name.to_owned()).collect();
        selection.seeds = Some(1);
    })
}

/// Below this, an MCC over 500 items is chance: its standard error is 0.045.
const CHANCE: f64 = 0.15;

#[test]
fn no_control_sees_the_grammar() {
    let folder = tempfile::tempdir().unwrap();
    truths::write(folder.path(), Truth::Grammar, SIZES, 1);
    let bpe = format!("tfidf:{}", vocabulary(folder.path()));
    let names = [
        bpe.as_str(),
        "tfidf:kmer:3",
        "tfidf:kmer:4:overlap",
        "tfidf:kmer:6:overlap",
        "composition",
        "majority",
        "markov:3",
        "markov:5",
        "ngram:12",
        "lookup",
    ];
    let document = baselines(folder.path(), &names);
    for name in names {
        let score = row(&document, name).score.unwrap();
        assert!(score.abs() < CHANCE, "{name}: {score}");
    }
}

#[test]
fn frequencies_are_seen_by_those_who_count() {
    let folder = tempfile::tempdir().unwrap();
    truths::write(folder.path(), Truth::Frequency, SIZES, 2);
    let bpe = format!("tfidf:{}", vocabulary(folder.path()));
    let document = baselines(folder.path(), &[&bpe, "tfidf:kmer:6:overlap", "composition", "majority"]);
    assert!(row(&document, &bpe).score.unwrap() > 0.6, "{:?}", row(&document, &bpe).score);
    assert!(row(&document, "tfidf:kmer:6:overlap").score.unwrap() > 0.95);
    assert!(row(&document, "composition").score.unwrap() < 0.6, "shares of bases are the same");
}

#[test]
fn local_order_is_seen_by_n_grams_and_by_no_count_of_words() {
    let folder = tempfile::tempdir().unwrap();
    truths::write(folder.path(), Truth::Local, SIZES, 3);
    let document =
        baselines(folder.path(), &["tfidf:kmer:6", "tfidf:kmer:3", "majority", "markov:5", "ngram:12"]);
    for words in ["tfidf:kmer:6", "tfidf:kmer:3"] {
        assert!(row(&document, words).score.unwrap().abs() < CHANCE, "{:?}", row(&document, words));
    }
    let best = row(&document, "ngram:12");
    assert!(best.score.unwrap() > 0.98, "{:?}", best.score);
    assert!(best.gains.context.as_ref().unwrap().interval.as_ref().unwrap().low > 0.8);
}
