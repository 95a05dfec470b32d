//! The graph of every rule of differentiation, run by ONNX Runtime beside the reference interpreter.
//!
//! The functions are those that `dlm-graph` checks against finite differences in double precision.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "../../graph/tests/rules/arithmetic.rs"]
mod arithmetic;
#[path = "../../graph/tests/rules/check.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "a part of it is for other tests")]
mod check;
#[path = "../../graph/tests/rules/functions.rs"]
mod functions;
#[path = "../../graph/tests/rules/indices.rs"]
mod indices;
#[path = "../../graph/tests/rules/layout.rs"]
mod layout;
#[path = "../../graph/tests/rules/linear.rs"]
mod linear;
#[path = "../../graph/tests/rules/reductions.rs"]
mod reductions;
#[path = "../../graph/tests/rules/window.rs"]
mod window;

use std::collections::BTreeSet;

use check::Case;
use dlm_graph::{DataType, Graph};
use dlm_runtime::{Input, Runtime, Session, SessionOptions};
use ndarray::{ArrayD, IxDyn};

/// Relative to the largest number of an output: what single precision gives after some tens of operations.
const TOLERANCE: f64 = 2e-5;

/// Returns the largest error of the runtime's loss and gradients, or why the runtime does not run them.
fn error_of(runtime: &Runtime, case: &Case) -> Result<f64, String> {
    let (mut g, parameters, loss) = case.graph();
    let gradients = g.gradients(loss, &parameters).unwrap();
    let loss = g.cast(loss, DataType::F32).unwrap();
    let mut outputs = vec![g.output("loss", loss).unwrap()];
    for (at, &gradient) in gradients.iter().enumerate() {
        outputs.push(g.output(&format!("gradient {at}"), gradient).unwrap());
    }
    g.arrange().unwrap();
    let feeds = case.feeds(&case.arrays());
    let given: Vec<_> = feeds.iter().map(|(name, array)| (name.as_str(), array.clone())).collect();
    let expected = g.interpret_values(&given, &outputs).unwrap();
    let arrays: Vec<(&str, ArrayD<f32>)> = given
        .iter()
        .map(|(name, array)| {
            let values = array.to_reals().into_iter().map(|value| value as f32).collect();
            (*name, ArrayD::from_shape_vec(IxDyn(array.dims()), values).unwrap())
        })
        .collect();
    let bytes = g.to_onnx().unwrap();
    let mut session = Session::from_bytes(runtime, case.name, &bytes, &SessionOptions::default())
        .map_err(|error| format!("{}: {error:?}", case.name))?;
    let inputs: Vec<(&str, Input<'_>)> =
        arrays.iter().map(|(name, array)| (*name, Input::from(array))).collect();
    let found = session.run(&inputs).map_err(|error| format!("{}: {error:?}", case.name))?;
    let mut worst = 0.0_f64;
    for (&output, expected) in outputs.iter().zip(expected) {
        let name = g.name_of(output).unwrap();
        let found = found.array::<f32>(name).map_err(|error| format!("{}: {error:?}", case.name))?;
        let expected = expected.to_reals();
        assert_eq!(found.len(), expected.len(), "{} {name}", case.name);
        let scale = expected.iter().fold(1e-3, |largest: f64, value| largest.max(value.abs()));
        for (&found, expected) in found.iter().zip(expected) {
            let error = (f64::from(found) - expected).abs() / scale;
            worst = if error.is_nan() { f64::INFINITY } else { worst.max(error) };
        }
    }
    Ok(worst)
}

#[test]
fn the_runtime_computes_what_the_rules_say() {
    let Some(runtime) = support::runtime() else { return };
    let cases = [
        arithmetic::cases(),
        functions::cases(),
        indices::cases(),
        layout::cases(),
        linear::cases(),
        reductions::cases(),
        window::cases(),
    ];
    let (mut ran, mut wrong) = (BTreeSet::new(), Vec::new());
    for case in cases.iter().flatten() {
        match error_of(runtime, case) {
            Ok(error) if error < TOLERANCE => ran.extend(case.operators()),
            Ok(error) => wrong.push(format!("{}: error {error:e}", case.name)),
            Err(problem) => wrong.push(problem),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let missing: Vec<_> = Graph::rules().filter(|rule| !ran.contains(*rule)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
