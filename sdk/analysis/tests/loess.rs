//! Local regression against R's `loess` (`tests/oracles/analysis/loess.R`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dlm_analysis::loess::{Loess, Options, Surface};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn near(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-3_f64, |most, value| most.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= 1e-8 * scale, "{what} {index}: {found} is not {expected}");
    }
}

#[test]
fn curves_errors_and_bands_are_those_of_r() {
    let golden: Value = serde_json::from_str(include_str!("golden/loess.json")).unwrap();
    for case in golden["cases"].as_array().unwrap() {
        let surface = match case["surface"].as_str().unwrap() {
            "direct" => Surface::Direct,
            _ => Surface::Interpolate,
        };
        let options = Options { span: case["span"].as_f64().unwrap(), surface };
        let curve = Loess::fit(&numbers(&case["x"]), &numbers(&case["y"]), options).unwrap();
        let name = |what: &str| format!("{}, {surface:?}: {what}", case["name"]);
        near(curve.fitted(), &numbers(&case["fitted"]), &name("fitted"));
        near(&[curve.trace()], &[case["trace"].as_f64().unwrap()], &name("trace"));
        let (first, second) = curve.deltas();
        near(&[first], &[case["one_delta"].as_f64().unwrap()], &name("one delta"));
        near(&[second], &[case["two_delta"].as_f64().unwrap()], &name("two delta"));
        near(&[curve.residual_scale()], &[case["residual_scale"].as_f64().unwrap()], &name("scale"));
        let at = curve.predict(&numbers(&case["at"])).unwrap();
        for (what, of) in [
            ("value", (|p| p.value) as fn(&dlm_analysis::loess::Prediction) -> f64),
            ("standard_error", |p| p.standard_error),
            ("low", |p| p.low),
            ("high", |p| p.high),
        ] {
            near(&at.iter().map(of).collect::<Vec<_>>(), &numbers(&case[what]), &name(what));
        }
    }
}

#[test]
fn the_two_surfaces_are_near_each_other() {
    let x: Vec<f64> = (0..60).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|x| (x / 9.0).sin() + 0.3 * (x * 12.9).sin()).collect();
    let of = |surface| Loess::fit(&x, &y, Options { surface, ..Options::default() }).unwrap();
    let (direct, blended) = (of(Surface::Direct), of(Surface::Interpolate));
    let farthest =
        direct.fitted().iter().zip(blended.fitted()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(farthest < 0.3 * direct.residual_scale(), "{farthest} of {}", direct.residual_scale());
    assert!(farthest > 0.0, "they are not the same");
}

#[test]
fn what_cannot_be_fitted_is_said() {
    let shown = |x: &[f64], y: &[f64], span| {
        Loess::fit(x, y, Options { span, surface: Surface::Direct }).unwrap_err().to_string()
    };
    assert!(shown(&[1.0], &[1.0, 2.0], 0.75).contains("1 places for 2 values"));
    assert!(shown(&[1.0, 2.0, f64::NAN], &[1.0; 3], 1.0).contains("point 2 is not finite"));
    assert!(shown(&[1.0, 2.0, 3.0], &[1.0; 3], 0.5).contains("holds 1 of 3 points"));
    assert!(shown(&[4.0; 9], &[1.0; 9], 0.5).contains("all lie at it"));
    assert!(shown(&[1.0, 2.0, 3.0], &[1.0; 3], 1.5).contains("span of 1.5"));
    let curve = Loess::fit(
        &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
        &[0.0, 1.0, 0.0, 1.0, 0.0, 1.0],
        Options { span: 1.0, surface: Surface::Direct },
    )
    .unwrap();
    assert!(curve.predict(&[5.5]).unwrap_err().to_string().contains("lies outside"));
}
