//! Territories that are there, that are not, and that composition tells.

use dlm_analysis::territory::{Composition, composition, territory};
use dlm_sdk::random::Stream;
use ndarray::Array2;

/// Windows of which a third have an annotation that moves one of five features by so much, in six blocks.
fn planted(by: f64) -> (Array2<f32>, Vec<bool>, Vec<usize>) {
    let mut random = Stream::new(4, "test");
    let labels: Vec<bool> = (0..600).map(|_| random.below(3) == 0).collect();
    let features = Array2::from_shape_fn((600, 5), |(row, column)| {
        let moved = if column == 2 && labels[row] { by } else { 0.0 };
        if column == 4 { 3.0 } else { (random.normal() + moved) as f32 }
    });
    (features, labels, (0..600).map(|row| row / 100).collect())
}

#[test]
fn what_is_planted_is_found_and_nothing_else() {
    let of = |by| {
        let (features, labels, folds) = planted(by);
        territory(features.view(), &labels, &folds, 1.0).unwrap().unwrap()
    };
    // A shift d of a normal feature has an AUROC of Φ(d / √2).
    let (found, none) = (of(1.5), of(0.0));
    assert!((found.auroc - 0.8556).abs() < 0.03, "{found:?}");
    assert!((none.auroc - 0.5).abs() < 0.06, "{none:?}");
    assert_eq!((found.folds.len(), found.positives + found.negatives), (6, 600));
}

#[test]
fn what_only_one_block_has_is_not_defined() {
    let (features, _, folds) = planted(0.0);
    let labels: Vec<bool> = folds.iter().map(|&fold| fold == 3).collect();
    assert_eq!(territory(features.view(), &labels, &folds, 1.0).unwrap(), None);
    assert_eq!(territory(features.view(), &[false; 600], &folds, 1.0).unwrap(), None);
    let nothing = Array2::zeros((0, 3));
    assert_eq!(territory(nothing.view(), &[], &[], 1.0).unwrap(), None);
    let mut broken = features;
    broken[[7, 0]] = f32::NAN;
    assert!(territory(broken.view(), &labels, &folds, 1.0).unwrap_err().to_string().contains("window 7"));
}

#[test]
fn composition_is_counted_over_known_bases() {
    let found = composition(b"acgNNGT", Composition { k: 2 });
    assert_eq!(found.len(), 17);
    assert!((found[0] - 0.6).abs() < 1e-6, "three of five known bases");
    // AC, CG, and GT beyond the gap.
    let at = |word: usize| found[1 + word];
    assert_eq!([at(1), at(6), at(11)], [1.0 / 3.0; 3]);
    assert_eq!(composition(b"NN", Composition { k: 1 }), [0.0; 5]);
}
