//! The metrics against scikit-learn's and scipy's; `tests/oracles/metrics/make.py` wrote the golden file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dlm_sdk::{
    SplitKind, Target, TaskSpec,
    metrics::{Answers, Metric, Outcome},
};
use ndarray::Array2;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/metrics.json")).unwrap()
}

fn matrix(rows: &Value) -> Array2<f32> {
    let rows = rows.as_array().unwrap();
    let row = |row: &Value| match row.as_array() {
        Some(values) => values.iter().map(|value| value.as_f64().unwrap() as f32).collect(),
        None => vec![row.as_f64().unwrap() as f32],
    };
    let values: Vec<f32> = rows.iter().flat_map(row).collect();
    Array2::from_shape_vec((rows.len(), values.len() / rows.len()), values).unwrap()
}

fn compare(answers: Answers<'_>, task: &TaskSpec, expected: &Value) {
    for (id, value) in expected.as_object().unwrap() {
        let metric: Metric = id.parse().unwrap();
        let found = answers.metric(metric, task).unwrap_or(f64::NAN);
        let value = value.as_f64().unwrap();
        assert!((found - value).abs() < 2e-6 * value.abs().max(1.0), "{id}: {found} is not {value}");
    }
}

#[test]
fn classes_score_as_in_scikit_learn() {
    for case in golden()["classes"].as_array().unwrap() {
        let scores = matrix(&case["scores"]);
        let targets = case["target"].as_array().unwrap();
        let outcomes: Vec<Outcome> = targets
            .iter()
            .zip(scores.rows())
            .map(|(target, row)| Outcome::new(target.as_u64().unwrap() as usize, row))
            .collect();
        let target = match case["classes"].as_u64().unwrap() as usize {
            2 => Target::Binary,
            classes => Target::Multiclass(classes),
        };
        let task = TaskSpec::new("golden", target, SplitKind::Given);
        compare(
            Answers::Classes { outcomes: &outcomes, scores: Some(scores.view()) },
            &task,
            &case["expected"],
        );
    }
}

#[test]
fn labels_score_as_in_scikit_learn() {
    let case = &golden()["labels"];
    let (targets, scores) = (matrix(&case["target"]), matrix(&case["scores"]));
    let task = TaskSpec::new("golden", Target::Multilabel(3), SplitKind::Given);
    compare(Answers::Labels { targets: targets.view(), scores: scores.view() }, &task, &case["expected"]);
}

#[test]
fn values_score_as_in_scipy() {
    let case = &golden()["regression"];
    let (targets, scores) = (matrix(&case["target"]), matrix(&case["value"]));
    let task = TaskSpec::new("golden", Target::Regression(1), SplitKind::Given);
    compare(Answers::Values { targets: targets.view(), scores: scores.view() }, &task, &case["expected"]);
}

#[test]
fn every_id_is_read_back_and_common_aliases_too() {
    for metric in Metric::ALL {
        assert_eq!(metric.id().parse::<Metric>().unwrap(), metric);
    }
    assert_eq!("matthews_correlation".parse::<Metric>().unwrap(), Metric::Mcc);
    assert_eq!("accurcy".parse::<Metric>().unwrap_err().hint(), Some("did you mean \"accuracy\"?"));
}

#[test]
fn nothing_is_made_up_where_a_metric_is_not_defined() {
    let task = TaskSpec::new("empty", Target::Binary, SplitKind::Given);
    let empty = Answers::Classes { outcomes: &[], scores: None };
    assert!(empty.metrics(&task).is_empty());
}
