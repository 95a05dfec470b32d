//! Neighbours and maps against scikit-learn and umap-learn (`tests/oracles/analysis/umap_learn.py`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dlm_analysis::{
    Neighbours, preservation,
    umap::{Curve, Options, umap},
};
use ndarray::{Array2, s};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/umap.json")).unwrap()
}

fn table(value: &Value) -> Array2<f32> {
    let rows = value.as_array().unwrap();
    let columns = rows[0].as_array().unwrap().len();
    Array2::from_shape_fn((rows.len(), columns), |(row, column)| rows[row][column].as_f64().unwrap() as f32)
}

#[test]
fn neighbours_are_those_of_scikit_learn() {
    let golden = golden();
    let found = Neighbours::find(table(&golden["table"]).view(), 10).unwrap();
    let distances = table(&golden["distances"]);
    for (found, expected) in found.distances.iter().zip(&distances) {
        assert!((found - expected).abs() < 2e-5, "{found} is not {expected}");
    }
    let same =
        found.indices.iter().zip(&table(&golden["neighbours"])).filter(|(a, b)| **a as f32 == **b).count();
    // Points that are equally far may come in another order.
    assert!(same >= 2990, "{same} of 3000");
}

#[test]
fn curves_are_those_of_umap_learn() {
    for row in golden()["curves"].as_array().unwrap() {
        let row: Vec<f64> = row.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
        let curve = Curve::fit(row[0], row[1]);
        assert!(
            (curve.a - row[2]).abs() < 1e-5 * row[2] && (curve.b - row[3]).abs() < 1e-5,
            "{curve:?}: {row:?}"
        );
    }
}

#[test]
fn what_a_map_keeps_is_counted_as_by_scikit_learn() {
    let golden = golden();
    let table = table(&golden["table"]);
    let found = preservation(table.view(), table.slice(s![.., ..2]), 10, usize::MAX).unwrap().unwrap();
    let expected = |name: &str| golden["plane"][name].as_f64().unwrap();
    assert!((found.trustworthiness - expected("trustworthiness")).abs() < 1e-5, "{found:?}");
    assert!((found.shared - expected("shared")).abs() < 1e-3, "{found:?}");
    assert_eq!(preservation(table.slice(s![..20, ..]), table.slice(s![..20, ..2]), 10, 9).unwrap(), None);
}

#[test]
fn maps_keep_as_much_as_those_of_umap_learn() {
    let golden = golden();
    let table = table(&golden["table"]);
    let mean = |name: &str| {
        let maps = golden["maps"].as_array().unwrap();
        maps.iter().map(|map| map[name].as_f64().unwrap()).sum::<f64>() / maps.len() as f64
    };
    let (mut trust, mut shared) = (0.0, 0.0);
    for seed in 0..5 {
        let map = umap(table.view(), &Options { seed, ..Options::default() }, |_, _| Ok(())).unwrap();
        let kept = preservation(table.view(), map.view(), 10, usize::MAX).unwrap().unwrap();
        trust += kept.trustworthiness / 5.0;
        shared += kept.shared / 5.0;
    }
    println!("trustworthiness {trust:.4}, umap-learn {:.4}", mean("trustworthiness"));
    println!("shared neighbours {shared:.4}, umap-learn {:.4}", mean("shared"));
    assert!(trust >= mean("trustworthiness") - 0.01, "{trust} beside {}", mean("trustworthiness"));
    assert!(shared >= mean("shared") - 0.03, "{shared} beside {}", mean("shared"));
}

#[test]
fn a_seed_gives_one_map_for_any_number_of_threads() {
    let table = table(&golden()["table"]);
    let with = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let options = Options { seed, epochs: Some(30), ..Options::default() };
        pool.install(|| umap(table.view(), &options, |_, _| Ok(())).unwrap())
    };
    assert_eq!(with(1, 7), with(4, 7));
    assert_ne!(with(1, 7), with(1, 8));
}

#[test]
fn odd_points_have_a_place() {
    let of = |table: Array2<f32>| umap(table.view(), &Options::default(), |_, _| Ok(())).unwrap();
    assert_eq!(of(Array2::zeros((0, 3))).dim(), (0, 2));
    assert_eq!(of(Array2::ones((1, 3))), Array2::<f32>::zeros((1, 2)));
    for points in [2, 3, 10] {
        let map = of(Array2::from_shape_fn(
            (points, 4),
            |(row, column)| if column == 2 { 7.0 } else { row as f32 },
        ));
        assert!(map.iter().all(|value| value.is_finite()), "{points} points, fewer than neighbours: {map}");
    }
    let alike = of(Array2::ones((40, 3)));
    assert!(alike.iter().all(|value| value.is_finite()), "duplicates");
    assert!(umap(Array2::from_elem((3, 1), f32::NAN).view(), &Options::default(), |_, _| Ok(())).is_err());
    let stopped = umap(Array2::ones((9, 3)).view(), &Options::default(), |epoch, _| {
        if epoch == 5 { Err(dlm_sdk::Error::cancelled()) } else { Ok(()) }
    });
    assert!(stopped.is_err());
}

#[test]
fn many_equal_distances_are_told_apart_by_index() {
    let grid = Array2::from_shape_fn(
        (3_000, 2),
        |(row, column)| if column == 0 { row % 60 } else { row / 60 } as f32,
    );
    let found = Neighbours::find(grid.view(), 4).unwrap();
    assert_eq!(found.indices.row(61).to_vec(), [1, 60, 62, 121]);
    let alike = Neighbours::find(Array2::zeros((500, 3)).view(), 3).unwrap();
    assert_eq!(alike.indices.row(2).to_vec(), [0, 1, 3]);
}
