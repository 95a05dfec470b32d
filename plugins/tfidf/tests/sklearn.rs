//! Features and trees beside scikit-learn's, from files that `tests/oracles/tfidf/make.py` wrote.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;

use dlm_plugin_tfidf::{ForestParams, MaxFeatures, RandomForest, SparseMatrix, TfIdf, WordRule, Words};
use dlm_sdk::{Span, TokenBatch, TokenSink as _};
use serde::Deserialize;

#[derive(Deserialize)]
struct Features {
    fit: Vec<Vec<String>>,
    other: Vec<Vec<String>>,
    names: Vec<String>,
    idf: Vec<f64>,
    fit_rows: Vec<Vec<(u32, f64)>>,
    other_rows: Vec<Vec<(u32, f64)>>,
}

#[derive(Deserialize)]
struct Trees {
    fit: Vec<Vec<f32>>,
    ask: Vec<Vec<f32>>,
    classes: BTreeMap<String, Vec<u32>>,
    numbers: Vec<f32>,
    answers: BTreeMap<String, Vec<Option<Vec<f64>>>>,
}

/// Ids in the order in which tokens first occur, as a vocabulary in no useful order.
fn batches(parts: [&[Vec<String>]; 2]) -> (Words, [TokenBatch; 2]) {
    let mut texts = Vec::<&str>::new();
    let batches = parts.map(|rows| {
        let mut batch = TokenBatch::default();
        for row in rows {
            let mut ids = Vec::new();
            for token in row {
                let id = texts.iter().position(|text| text == token).unwrap_or_else(|| {
                    texts.push(token);
                    texts.len() - 1
                });
                ids.push(id as u32);
            }
            let _ = batch.emit(&ids, &vec![Span { start: 0, end: 0 }; ids.len()]);
        }
        batch
    });
    (Words::of_texts(texts.into_iter().map(Some), WordRule::Sklearn), batches)
}

fn assert_rows(matrix: &SparseMatrix, rows: &[Vec<(u32, f64)>]) {
    assert_eq!(matrix.n_rows(), rows.len());
    for (row, expected) in matrix.rows().zip(rows) {
        assert_eq!(row.features, expected.iter().map(|&(feature, _)| feature).collect::<Vec<_>>());
        for (&value, &(_, expected)) in row.values.iter().zip(expected) {
            assert!((f64::from(value) - expected).abs() < 1e-6, "{value} is not {expected}");
        }
    }
}

#[test]
fn features_equal_scikit_learns() {
    let golden: Features = serde_json::from_str(include_str!("golden/tfidf.json")).unwrap();
    let (words, [fit, other]) = batches([&golden.fit, &golden.other]);
    let tfidf = TfIdf::fit(words, &fit).unwrap();
    assert_eq!(tfidf.names(), golden.names);
    for (idf, expected) in tfidf.idf().iter().zip(&golden.idf) {
        assert!((idf - expected).abs() < 1e-12, "{idf} is not {expected}");
    }
    assert_rows(&tfidf.transform(&fit).unwrap(), &golden.fit_rows);
    assert_rows(&tfidf.transform(&other).unwrap(), &golden.other_rows);
}

fn matrix(rows: &[Vec<f32>]) -> SparseMatrix {
    let mut matrix = SparseMatrix::new(rows[0].len());
    for row in rows {
        matrix.push_row((0..).zip(row.iter().copied())).unwrap();
    }
    matrix
}

/// Compares one tree over all features and samples where scikit-learn's own answer does not depend on its seed (equally
/// good splits by different features are decided by chance).
fn assert_tree(golden: &Trees, target: &str, fit: impl Fn(&SparseMatrix, u64) -> RandomForest) {
    let (records, questions) = (matrix(&golden.fit), matrix(&golden.ask));
    for seed in 0..5 {
        let forest = fit(&records, seed);
        let scores = forest.scores(&questions).unwrap();
        let mut compared = 0;
        for (row, expected) in scores.chunks_exact(forest.n_outputs()).zip(&golden.answers[target]) {
            let Some(expected) = expected else { continue };
            compared += 1;
            for (&score, &expected) in row.iter().zip(expected) {
                assert!((f64::from(score) - expected).abs() < 1e-6, "{target}: {score} is not {expected}");
            }
        }
        assert!(compared > 70);
    }
}

#[test]
fn trees_answer_as_scikit_learns() {
    let golden: Trees = serde_json::from_str(include_str!("golden/trees.json")).unwrap();
    let params = |seed| {
        ForestParams::new()
            .trees(1)
            .bootstrap(false)
            .max_features(MaxFeatures::All)
            .seed(seed)
            .check()
            .unwrap()
    };
    for (target, classes) in &golden.classes {
        let n_classes = target.parse().unwrap();
        assert_tree(&golden, target, |records, seed| {
            params(seed).fit_classes(records, classes, n_classes).unwrap()
        });
    }
    assert_tree(&golden, "numbers", |records, seed| {
        params(seed).fit_numbers(records, &golden.numbers).unwrap()
    });
}
