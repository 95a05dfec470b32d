//! Intervals and tests against `SciPy`, statsmodels, `NumPy` and `MLstatkit` (`tests/oracles/statistics`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dlm::statistics::{
    Resampling, benjamini_hochberg, delong, holm, mcnemar, over_seeds, paired, quantile, two_level,
};
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
    for case in golden()["corrections"].as_array().unwrap() {
        let p_values = numbers(&case["p_values"]);
        for (name, corrected) in
            [("holm", holm(&p_values)), ("benjamini_hochberg", benjamini_hochberg(&p_values))]
        {
            for (corrected, expected) in corrected.into_iter().zip(case[name].as_array().unwrap()) {
                near(corrected, expected);
            }
        }
    }
}

#[test]
fn areas_are_compared_as_by_mlstatkit() {
    for case in golden()["delong"].as_array().unwrap() {
        let positive: Vec<bool> =
            case["positive"].as_array().unwrap().iter().map(|value| value.as_bool().unwrap()).collect();
        let test = delong(&positive, &numbers(&case["a"]), &numbers(&case["b"])).unwrap();
        near(test.a, &case["area_a"]);
        near(test.b, &case["area_b"]);
        near(((test.a - test.b) / test.standard_error).abs(), &case["z"]);
        near(test.p_value, &case["p_value"]);
    }
}

/// A thousand resamples are set beside all 4,096 equally likely ones.
#[test]
fn seeds_and_groups_are_resampled_as_enumerated() {
    let case = &golden()["two_level"];
    let groups: Vec<u64> =
        case["groups"].as_array().unwrap().iter().map(|group| group.as_u64().unwrap()).collect();
    let resampling = Resampling::new(&groups);
    let of = |name: &str| -> Vec<f64> {
        let per_seed: Vec<Vec<f64>> = case[name]
            .as_array()
            .unwrap()
            .iter()
            .map(|right| {
                let right = numbers(right);
                resampling.map(|items| {
                    Some(items.iter().map(|&item| right[item]).sum::<f64>() / items.len() as f64)
                })
            })
            .collect();
        two_level(&per_seed)
    };
    let (a, b) = (of("a"), of("b"));
    let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
    let mean = differences.iter().sum::<f64>() / differences.len() as f64;
    let deviation = (differences.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
        / differences.len() as f64)
        .sqrt();
    let number = |name: &str| case[name].as_f64().unwrap();
    assert!((mean - number("mean")).abs() < 0.02, "{mean}");
    assert!((deviation - number("deviation")).abs() < 0.01, "{deviation}");
    let difference = paired(&a, &b, "items").unwrap();
    assert!((difference.interval.low - number("low")).abs() < 0.05, "{difference:?}");
    assert!((difference.interval.high - number("high")).abs() < 0.05, "{difference:?}");
    let unbiased = deviation * (differences.len() as f64 / (differences.len() as f64 - 1.0)).sqrt();
    near(difference.detectable / unbiased, &golden()["detectable"]);
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
