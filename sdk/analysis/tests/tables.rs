//! Rank correlation, components, clustering and contextuality against `SciPy`, scikit-learn and `NumPy`
//! (`tests/oracles/analysis/make.py`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dlm_analysis::{
    Covariance, Pca, SelfSimilarity, Tree, first_component_share, maximum_explainable_variance, spearman,
};
use ndarray::{Array2, array};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/tables.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn table(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(numbers).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, column)| rows[row][column])
}

fn near(found: f64, expected: f64, scale: f64) {
    assert!((found - expected).abs() <= 1e-9 * scale, "{found} is not {expected}");
}

fn cases<'a>(golden: &'a Value, name: &str) -> &'a Vec<Value> {
    golden[name].as_array().unwrap()
}

#[test]
fn correlations_are_scipys() {
    for case in cases(&golden(), "correlations") {
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        assert_eq!(dlm_sdk::metrics::ranks(&a), numbers(&case["ranks"]));
        let found = spearman(&a, &b).unwrap();
        near(found.rho, case["rho"].as_f64().unwrap(), 1.0);
        let p_value = case["p_value"].as_f64().unwrap();
        near(found.p_value, p_value, p_value.max(1e-12));
    }
}

#[test]
fn a_correlation_is_defined_or_not() {
    assert!(spearman(&[1.0, 2.0], &[1.0, 2.0]).is_none(), "two points");
    assert!(spearman(&[1.0, 1.0, 1.0, 1.0], &[1.0, 2.0, 3.0, 4.0]).is_none(), "a constant");
    let missing = spearman(&[1.0, f64::NAN, 2.0, 3.0], &[3.0, 0.0, 2.0, 1.0]).unwrap();
    assert_eq!((missing.rho, missing.points), (-1.0, 3));
}

#[test]
fn components_are_those_of_scikit_learn() {
    for case in cases(&golden(), "components") {
        let table = table(&case["table"]);
        let expected = self::table(&case["components"]);
        let pca = Pca::fit(table.view(), expected.nrows()).unwrap();
        let scale = table.iter().fold(1.0_f64, |most, value| most.max(value.abs()));
        for (found, expected) in pca.components().iter().zip(&expected) {
            near(*found, *expected, scale.max(10.0));
        }
        for (found, expected) in pca.mean().iter().zip(numbers(&case["mean"])) {
            near(*found, expected, scale);
        }
        for (found, expected) in pca.variances().iter().zip(numbers(&case["variances"])) {
            near(*found, expected, scale);
        }
        for (found, expected) in pca.shares().into_iter().zip(numbers(&case["shares"])) {
            near(found, expected, scale);
        }
        for (found, expected) in pca.transform(table.view()).iter().zip(&self::table(&case["places"])) {
            near(*found, *expected, scale.max(10.0));
        }
        near(first_component_share(table.view()).unwrap(), numbers(&case["shares"])[0], scale);
    }
}

#[test]
fn components_of_a_stream_do_not_depend_on_its_pieces() {
    let rows = 1_000;
    let table = Array2::from_shape_fn((rows, 4), |(row, column)| {
        1e4 + ((row * 7919 + column * 104_729) % 997) as f64 * (column + 1) as f64
    });
    let mut streamed = Covariance::new(4);
    table.rows().into_iter().for_each(|row| streamed.push(row));
    let (mean, covariance) = streamed.finish().unwrap();
    for a in 0..4 {
        near(mean[a], table.column(a).mean().unwrap(), 1e4);
        for b in 0..4 {
            let products = table.rows().into_iter().map(|row| (row[a] - mean[a]) * (row[b] - mean[b]));
            near(covariance[[a, b]], products.sum::<f64>() / (rows as f64 - 1.0), 1e6);
        }
    }
}

#[test]
fn a_table_without_variance_is_no_accident() {
    let constant = Pca::fit(Array2::from_elem((5, 3), 2.0).view(), 3).unwrap();
    assert_eq!(constant.shares(), [0.0; 3]);
    let message = |rows: usize| Pca::fit(Array2::zeros((rows, 3)).view(), 1).unwrap_err().to_string();
    assert!(message(1).contains("1 rows do not vary"));
    assert!(message(0).contains("0 rows do not vary"));
    assert!(Pca::fit(array![[1.0], [f64::NAN]].view(), 1).unwrap_err().to_string().contains("row 1"));
}

#[test]
fn trees_and_their_leaves_are_scipys() {
    for case in cases(&golden(), "trees") {
        let tree = Tree::complete(table(&case["table"]).view()).unwrap();
        for (join, expected) in tree.joins().iter().zip(case["joins"].as_array().unwrap()) {
            let expected = numbers(expected);
            assert_eq!(
                [join.left as f64, join.right as f64, join.size as f64],
                [expected[0], expected[1], expected[3]]
            );
            near(join.distance, expected[2], 1.0);
        }
        let leaves: Vec<f64> = tree.leaves().into_iter().map(|leaf| leaf as f64).collect();
        assert_eq!(leaves, numbers(&case["leaves"]));
        // Numbers of clusters are names: the same points must share them.
        let (found, expected) = (tree.cut(4), numbers(&case["cut"]));
        for a in 0..found.len() {
            for b in 0..found.len() {
                assert_eq!(found[a] == found[b], expected[a] == expected[b], "{a} and {b}");
            }
        }
    }
    assert_eq!(Tree::complete(Array2::zeros((1, 2)).view()).unwrap().leaves(), [0]);
    assert!(Tree::complete(Array2::zeros((0, 2)).view()).unwrap().leaves().is_empty());
    assert!(Tree::complete(array![[0.0], [f64::INFINITY]].view()).is_err());
}

#[test]
fn contextuality_is_what_its_definition_says() {
    for case in cases(&golden(), "contexts") {
        let table = table(&case["table"]);
        let mut similarity = SelfSimilarity::new(table.ncols());
        table.rows().into_iter().for_each(|row| similarity.push(row.mapv(|value| value as f32).view()));
        near(similarity.mean().unwrap(), case["self_similarity"].as_f64().unwrap(), 1.0);
        near(maximum_explainable_variance(table.view()).unwrap(), case["mev"].as_f64().unwrap(), 1.0);
    }
    assert_eq!(SelfSimilarity::new(3).mean(), None);
    assert_eq!(maximum_explainable_variance(Array2::zeros((3, 2)).view()), None);
    let mut zeros = SelfSimilarity::new(2);
    zeros.push(array![0.0, 0.0].view());
    assert_eq!(zeros.count(), 0, "no direction");
}
