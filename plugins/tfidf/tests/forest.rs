//! What holds for every forest.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use dlm_plugin_tfidf::{ForestError, ForestParams, MaxFeatures, RandomForest, SparseMatrix};
use dlm_sdk::random::Stream;
use proptest::prelude::*;

/// Rows of a few of many features, of which the first three decide the class most of the time.
fn data(n_rows: usize, n_features: usize, n_classes: u32, seed: u64) -> (SparseMatrix, Vec<u32>) {
    let mut random = Stream::new(seed, "data");
    let mut records = SparseMatrix::new(n_features);
    let mut classes = Vec::new();
    for _ in 0..n_rows {
        let features = random.sample(n_features, 6);
        let hint = if features.contains(&0) || features.contains(&1) {
            0
        } else {
            1 + u32::from(features.contains(&2))
        };
        let noise = random.below(3) as u32;
        classes.push((hint + noise / 2) % n_classes);
        records.push_row(features.into_iter().map(|feature| (feature as u32, random.unit() as f32))).unwrap();
    }
    (records, classes)
}

fn fit(records: &SparseMatrix, classes: &[u32], n_classes: usize, trees: usize) -> RandomForest {
    ForestParams::new()
        .trees(trees)
        .seed(5)
        .check()
        .unwrap()
        .fit_classes(records, classes, n_classes)
        .unwrap()
}

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn threads_do_not_matter_and_seeds_do() {
    let (records, classes) = data(700, 40, 3, 1);
    let one = with_threads(1, || fit(&records, &classes, 3, 13));
    let three = with_threads(3, || fit(&records, &classes, 3, 13));
    assert_eq!(one, three);
    let other =
        ForestParams::new().trees(13).seed(6).check().unwrap().fit_classes(&records, &classes, 3).unwrap();
    assert_ne!(one, other);
}

#[test]
fn the_first_trees_are_the_smaller_forest() {
    let (records, classes) = data(300, 30, 2, 2);
    let large = fit(&records, &classes, 2, 20);
    let small = fit(&records, &classes, 2, 7);
    let stages = large.staged(&records, &[7, 20], |_, scores| scores.to_vec()).unwrap();
    assert_eq!(stages[0].concat(), small.scores(&records).unwrap());
    assert_eq!(stages[1].concat(), large.scores(&records).unwrap());
    assert_eq!(large.truncated(7), small);
}

#[test]
fn both_criteria_agree_on_two_classes() {
    // Of three classes one never occurs, so the general criterion must grow the tree of the special one.
    let (records, classes) = data(500, 40, 2, 3);
    let two = fit(&records, &classes, 2, 5);
    let three = fit(&records, &classes, 3, 5);
    assert_eq!(two.n_nodes(), three.n_nodes());
    let (two, three) = (two.scores(&records).unwrap(), three.scores(&records).unwrap());
    assert!(two.chunks(2).zip(three.chunks(3)).all(|(two, three)| two == &three[..2] && three[2] == 0.0));
}

#[test]
fn a_forest_learns_what_there_is_to_learn() {
    let (records, classes) = data(2_000, 40, 3, 4);
    let (questions, answers) = data(500, 40, 3, 44);
    let scores = fit(&records, &classes, 3, 60).scores(&questions).unwrap();
    let right = scores
        .chunks(3)
        .zip(&answers)
        .filter(|(row, answer)| row.iter().all(|&score| score <= row[**answer as usize]))
        .count();
    // Two thirds can be known; the commonest class alone would be about two in five.
    assert!((290..380).contains(&right), "{right} of 500");
}

#[test]
fn odd_inputs_are_answered_or_refused() {
    let params = ForestParams::new().trees(3).check().unwrap();
    let empty = SparseMatrix::new(4);
    assert!(matches!(params.fit_classes(&empty, &[], 2), Err(ForestError::Record { .. })));
    let mut records = SparseMatrix::new(4);
    records.push_row([]).unwrap();
    records.push_row([]).unwrap();
    assert!(matches!(params.fit_classes(&records, &[0], 2), Err(ForestError::Shape { .. })));
    assert!(matches!(params.fit_classes(&records, &[0, 2], 2), Err(ForestError::Target { row: 1, .. })));
    assert!(matches!(
        params.fit_numbers(&records, &[0.0, f32::NAN]),
        Err(ForestError::Target { row: 1, .. })
    ));
    // Nothing to ask about: the answer is the mean over bootstrap samples.
    let forest = params.fit_classes(&records, &[0, 1], 2).unwrap();
    assert_eq!(forest.n_nodes(), 3);
    let many = ForestParams::new().max_features(MaxFeatures::Count(5)).check().unwrap();
    assert!(matches!(many.fit_classes(&records, &[0, 1], 2), Err(ForestError::Parameter { .. })));
    assert!(matches!(forest.scores(&SparseMatrix::new(3)), Err(ForestError::Shape { .. })));
    // Records without a single feature.
    let mut nothing = SparseMatrix::new(0);
    nothing.push_row([]).unwrap();
    assert_eq!(params.fit_classes(&nothing, &[1], 2).unwrap().scores(&nothing).unwrap(), [0.0, 1.0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_tree_without_bootstrap_knows_its_samples(
        n_rows in 1_usize..120,
        n_features in 6_usize..200,
        n_classes in 2_u32..9,
        seed in any::<u64>(),
    ) {
        let (records, classes) = data(n_rows, n_features, n_classes, seed);
        let params = ForestParams::new().trees(1).bootstrap(false).seed(seed).check().unwrap();
        let scores = params.fit_classes(&records, &classes, n_classes as usize).unwrap().scores(&records).unwrap();
        for (row, &class) in scores.chunks(n_classes as usize).zip(&classes) {
            prop_assert_eq!(row[class as usize], 1.0);
        }
    }

    #[test]
    fn probabilities_sum_to_one(n_rows in 1_usize..60, seed in any::<u64>()) {
        let (records, classes) = data(n_rows, 8, 4, seed);
        let scores = fit(&records, &classes, 4, 9).scores(&records).unwrap();
        for row in scores.chunks(4) {
            prop_assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
    }
}
