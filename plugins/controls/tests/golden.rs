//! The controls against a plain re-implementation and scikit-learn, on real sequence
//! (`tests/oracles/controls/make.py`).

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

use dlm_plugin_controls::{Composition, Counts, Markov, Ngram};
use dlm_sdk::{
    dna,
    metrics::{ClassCounts, Outcome},
    prelude::*,
};
use dlm_tests::data;
use flate2::read::MultiGzDecoder;
use ndarray::Array2;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/controls.json")).unwrap()
}

fn lines(path: &Path) -> impl Iterator<Item = String> {
    BufReader::new(MultiGzDecoder::new(File::open(path).unwrap())).lines().map(|line| line.unwrap())
}

fn predict(baseline: &dyn Baseline, task: &TaskSpec, train: &ExampleSet, test: &ExampleSet) -> Array2<f32> {
    let (train, test) = (train.view(), test.view());
    let mut predictor = baseline.fit(task, train.examples(), None, 0).unwrap();
    let items = test.examples().items;
    let mut scores = Array2::zeros((items.len(), task.target.outputs()));
    predictor.predict(items, scores.view_mut()).unwrap();
    scores
}

/// Reads the oracle's piece of chromosome 21 and cuts it into train and test.
fn segments(golden: &Value) -> Option<[ExampleSet; 2]> {
    let path = data("genome/GRCh38.chr21.fa.gz")?;
    let number = |key: &str| golden[key].as_u64().unwrap() as usize;
    let (start, segments, k) = (number("start"), number("segments"), number("k"));
    let mut bases = Vec::new();
    for line in lines(&path).skip(1) {
        bases.extend_from_slice(line.as_bytes());
        if bases.len() >= start + 56 * segments {
            break;
        }
    }
    let mut sets = [ExampleSet::new(1), ExampleSet::new(1)];
    for (id, segment) in bases[start..start + 56 * segments].chunks_exact(56).enumerate() {
        let class = dna::kmer_index(&segment[50..50 + k]).unwrap() as f32;
        let set = &mut sets[usize::from(id >= number("train"))];
        set.add(id as u64, &segment[..50], &[class], id as u64).unwrap();
    }
    Some(sets)
}

fn answers(scores: &Array2<f32>, k: u32) -> Vec<String> {
    scores.rows().into_iter().map(|row| dna::kmer(Outcome::new(0, row).predicted.into(), k)).collect()
}

fn words(value: &Value) -> Vec<String> {
    value.as_str().unwrap().split(' ').map(str::to_owned).collect()
}

#[test]
fn the_n_gram_and_the_chain_answer_as_plain_python_does() {
    let golden = &golden()["continuation"];
    let Some([train, test]) = segments(golden) else { return };
    let k = golden["k"].as_u64().unwrap() as u32;
    let mut task = TaskSpec::new("next", Target::Multiclass(1 << (2 * k)), SplitKind::Paper);
    task.continuation = Some(k);
    for counts in [Counts::Ends, Counts::Everywhere] {
        for longest in [1, 3, 7] {
            let baseline = Ngram::new(longest).unwrap().counts(counts);
            let ours = answers(&predict(&baseline, &task, &train, &test), k);
            assert_eq!(ours, words(&golden[counts.name()][longest.to_string()]), "{}", baseline.spec().name);
        }
    }
    let chain = &golden["markov"];
    let order = chain["order"].as_u64().unwrap() as usize;
    let scores = predict(&Markov::new(order).unwrap(), &task, &train, &test);
    assert_eq!(answers(&scores, k), words(&chain["answers"]));
    for (ours, theirs) in scores.row(0).iter().zip(chain["first"].as_array().unwrap()) {
        assert!((f64::from(*ours) - theirs.as_f64().unwrap()).abs() < 1e-7, "{ours} {theirs}");
    }
}

fn table(path: &Path) -> ExampleSet {
    let mut set = ExampleSet::new(1);
    for (id, line) in lines(path).skip(1).enumerate() {
        let (sequence, label) = line.split_once(',').unwrap();
        set.add(id as u64, sequence.as_bytes(), &[label.trim().parse().unwrap()], id as u64).unwrap();
    }
    set
}

#[test]
fn composition_agrees_with_scikit_learn() {
    for golden in golden()["logistic"].as_array().unwrap() {
        let name = golden["task"].as_str().unwrap();
        let file = |split: &str| data(&format!("gue/{name}/{split}.csv.gz"));
        let (Some(train), Some(test)) = (file("train"), file("test")) else { return };
        let (train, test) = (table(&train), table(&test));
        let task = TaskSpec::new(name, Target::Binary, SplitKind::Given);
        let scores = predict(&Composition::new(), &task, &train, &test);
        let view = test.view();
        let examples = view.examples();
        let pairs =
            examples.classes().zip(scores.rows()).map(|(class, row)| (class, usize::from(row[1] > row[0])));
        let (ours, theirs) = (ClassCounts::count(2, pairs).mcc().unwrap(), golden["mcc"].as_f64().unwrap());
        println!("{name}: MCC {ours:.4}, scikit-learn {theirs:.4}");
        assert!((ours - theirs).abs() < 0.02, "{name}: {ours} {theirs}");
        for (row, theirs) in scores.rows().into_iter().zip(golden["first"].as_array().unwrap()) {
            assert!((f64::from(row[1]) - theirs.as_f64().unwrap()).abs() < 1e-3, "{name}: {row} {theirs}");
        }
    }
}
