//! Intervals and tests against `SciPy`, statsmodels and `NumPy` (`tests/oracles/statistics`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dlm::statistics::{holm, mcnemar, over_seeds, quantile};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/statistics.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn near(a: f64, b: &Value) {
    let b = b.as_f64().unwrap();
    assert!((a - b).abs() <= 1e-9 * b.abs().max(1e-3), "{a} is not {b}");
}

#[test]
fn student_intervals_are_scipys() {
    for case in golden()["student"].as_array().unwrap() {
        let interval = over_seeds(&numbers(&case["scores"])).unwrap();
        near(interval.low, &case["low"]);
        near(interval.high, &case["high"]);
    }
}

#[test]
fn the_exact_test_is_statsmodels() {
    for case in golden()["mcnemar"].as_array().unwrap() {
        let times = |name: &str| case[name].as_u64().unwrap() as usize;
        let pairs = std::iter::repeat_n((true, false), times("only_a"))
            .chain(std::iter::repeat_n((false, true), times("only_b")))
            .chain([(true, true), (false, false)]);
        near(mcnemar(pairs).p_value, &case["p_value"]);
    }
}

#[test]
fn corrections_are_statsmodels() {
    for case in golden()["holm"].as_array().unwrap() {
        let corrected = holm(&numbers(&case["p_values"]));
        for (corrected, expected) in corrected.into_iter().zip(case["holm"].as_array().unwrap()) {
            near(corrected, expected);
        }
    }
}

#[test]
fn quantiles_are_numpys() {
    let golden = golden();
    let mut values = numbers(&golden["quantiles"]["values"]);
    values.sort_by(f64::total_cmp);
    for case in golden["quantiles"]["of"].as_array().unwrap() {
        near(quantile(&values, case["share"].as_f64().unwrap()), &case["value"]);
    }
}
