//! Planted truths: each control finds what it can see and nothing else, and so does a model.
//!
//! The models are GROVERs of two layers, from fresh weights or pretrained for a moment on the drawn chromosome without its
//! validation and test windows.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking and says what it skips"
)]

mod truths;

use std::path::Path;

use dlm::{
    bench::{DigestCache, Plan, Selection, run::run},
    context::{Cancellation, Context, Flags},
    results::{Document, Status, Store, Summary},
};
use dlm_genome::{Interval, IntervalSet};
use dlm_nn::{
    bert::{Config, Heads, Model},
    folder::{self, Tokenizer},
    preset::{self, Preset},
    weights::Element,
};
use dlm_train::{
    pretrain::{Budget, Pretraining},
    step::Precision,
    trainer::Signal,
};
use truths::Truth;

const SIZES: truths::Sizes = [1_000, 300, 500];

/// Learns a vocabulary of byte pairs from the windows of train.
fn vocabulary(folder: &Path) -> String {
    let path = folder.join("bpe.json");
    if path.exists() {
        return path.to_str().unwrap().to_owned();
    }
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

/// Whether models can run here; says so where they cannot.
fn runs() -> bool {
    let found = dlm_runtime::Runtime::get();
    if let Err(error) = &found {
        println!("skipped: {error}");
    }
    found.is_ok()
}

/// A GROVER of two layers of width 64.
fn tiny() -> Preset {
    let mut preset = preset::get("grover-mini").unwrap();
    preset.model.hidden.value = 64;
    preset.model.layers.value = 2;
    preset.model.heads.value = 4;
    preset.model.intermediate.value = 128;
    preset.model.max_positions.value = 128;
    preset.windows.longest.value = 60;
    preset.windows.shortest.value = 10;
    preset.optimiser.batch.value = 16;
    preset
}

/// Writes a model of fresh weights, whose twin is drawn with every seed.
fn fresh(folder: &Path) -> String {
    let path = folder.join("tiny");
    let tokenizer = std::fs::read_to_string(vocabulary(folder)).unwrap();
    // Five special tokens, four bases, and the merges.
    let config = Config { vocab_size: 89, ..tiny().model.config() };
    let model = Model::random(config, Heads { language_model: true, pooler: false }, 0);
    folder::write(&path, &model, Tokenizer::Json(&tokenizer), Element::F32).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Pretrains a model on the windows of train.
fn pretrained(folder: &Path, steps: u64) -> String {
    let spec = vocabulary(folder);
    let registry = dlm_sdk::Registry::builtin().unwrap();
    let tokenizer = registry.tokenizer(&spec).unwrap();
    let (start, end) = (SIZES[0] * truths::WINDOW, SIZES.iter().sum::<usize>() * truths::WINDOW);
    let held_out: IntervalSet =
        [&Interval::new("chr1", start as u64, end as u64).unwrap()].into_iter().collect();
    let (preset, output, none) = (tiny(), folder.join("pretrained"), IntervalSet::default());
    let pretraining = Pretraining {
        preset: &preset,
        fasta: &[folder.join("genome.fa")],
        tokenizer: &*tokenizer,
        tokenizer_spec: &spec,
        windows_of: None,
        held_out: Some(&held_out),
        excluded: &none,
        output: &output,
        budget: Some(Budget::Steps(steps)),
        seed: 0,
        device: dlm_runtime::Device::Cpu,
        precision: Precision::Single,
        resume: false,
        held_out_windows: 64,
        validations: 4,
        checkpoint_every: 1_000,
    };
    let record = pretraining.run(&mut |_| Signal::Continue).unwrap().unwrap();
    let scores = record.held_out;
    // A moment suffices for frequencies: 84 tokens alike would cost 4.43 nats.
    assert!(scores.model.loss < scores.unigram.loss + 0.1, "{scores:?}");
    output.to_str().unwrap().to_owned()
}

/// Fine-tunes models beside controls.
fn finetuned(folder: &Path, models: &[&str], controls: &[&str]) -> Document {
    bench(folder, |selection| {
        selection.models = models.iter().map(|&name| name.to_owned()).collect();
        selection.baselines = controls.iter().map(|&name| name.to_owned()).collect();
        selection.seeds = Some(1);
        selection.mode = Some("finetune".to_owned());
        selection.head = Some("mean".to_owned());
        selection.finetune.learning_rate = Some(2e-3);
        selection.finetune.epochs = Some(15);
        selection.finetune.dropout = Some(0.0);
    })
}

#[test]
fn a_model_learns_the_grammar_that_no_control_sees() {
    if !runs() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    truths::write(folder.path(), Truth::Grammar, SIZES, 1);
    let models = [format!("{}+random", fresh(folder.path())), pretrained(folder.path(), 200)];
    let bpe = format!("tfidf:{}", vocabulary(folder.path()));
    let models: Vec<&str> = models.iter().map(String::as_str).collect();
    let document = finetuned(folder.path(), &models, &[&bpe, "majority", "ngram:12", "cnn,epochs=8"]);
    let convolution = row(&document, "cnn,epochs=8").score.unwrap();
    assert!(convolution.abs() < CHANCE, "the words lie too far apart for a convolution: {convolution}");
    for model in models {
        let row = row(&document, model);
        println!("{model}: {:?}, above counts {:?}", row.score, row.gains.context);
        assert!(row.score.unwrap() > 0.9, "{model}: {:?} {:?}", row.score, row.facts);
        for gain in [&row.gains.context, &row.gains.local] {
            let interval = gain.as_ref().unwrap().interval.as_ref().unwrap();
            assert!(interval.low > 0.7, "{model}: {interval:?}");
        }
        assert!(row.parameters.unwrap() > 50_000, "weights are counted: {:?}", row.parameters);
    }
}

#[test]
fn no_model_learns_exchanged_labels() {
    if !runs() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    truths::write(folder.path(), Truth::Shuffled, SIZES, 1);
    let model = format!("{}+random", fresh(folder.path()));
    let document = finetuned(folder.path(), &[&model], &["majority"]);
    let score = row(&document, &model).score.unwrap();
    assert!(score.abs() < CHANCE, "{score}");
}

#[test]
fn a_model_gains_nothing_where_frequency_or_order_nearby_is_all() {
    if !runs() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (truth, controls, part) in [
        (Truth::Frequency, ["tfidf:kmer:6:overlap", "majority"], 0),
        (Truth::Local, ["tfidf:kmer:6", "ngram:12"], 1),
    ] {
        let place = folder.path().join(format!("{truth:?}"));
        truths::write(&place, truth, SIZES, 2);
        let model = format!("{}+random", fresh(&place));
        let document = finetuned(&place, &[&model], &controls);
        let row = row(&document, &model);
        let gain = [&row.gains.context, &row.gains.local][part].as_ref().unwrap();
        assert!(row.score.unwrap() > 0.9, "{truth:?}: {:?}", row.score);
        assert!(gain.value.abs() < 0.1, "{truth:?}: {gain:?}");
    }
}
