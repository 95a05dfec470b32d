//! Training graphs in half precision, on the processor: they run there, or it is known which operator has no kernel.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use dlm_graph::{DataType, Graph};
use dlm_nn::bert::{self, Config, Heads, Model};
use dlm_runtime::{Error, Input, Runtime, Session, SessionOptions};
use ndarray::{Array1, Array2, ArrayD, IxDyn};

const ROWS: usize = 2;
const TOKENS: usize = 12;
const GUESSED: usize = 5;

fn config() -> Config {
    Config::from_json(
        r#"{"vocab_size": 30, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
            "intermediate_size": 64, "max_position_embeddings": 16, "initializer_range": 0.1}"#,
    )
    .unwrap()
}

/// Returns the graph of a training step without dropout, in a precision.
fn graph(low: Option<DataType>) -> Graph {
    let config = config();
    let g = bert::masked_language_model(&config, "batch".into(), "tokens".into(), "masked".into()).unwrap();
    let mut g = g.bind(&[("batch", ROWS), ("tokens", TOKENS), ("masked", GUESSED)]).unwrap();
    let loss = g.find("loss").unwrap();
    g.clear_outputs();
    g.output("loss", loss).unwrap();
    g.remove_dropout().unwrap();
    if let Some(low) = low {
        g.mixed_precision(low).unwrap();
    }
    let loss = g.find("loss").unwrap();
    let parameters = g.parameters();
    let gradients = g.gradients(loss, &parameters).unwrap();
    for (parameter, gradient) in parameters.into_iter().zip(gradients) {
        let name = format!("gradient of {}", g.name_of(parameter).unwrap());
        g.output(&name, gradient).unwrap();
    }
    g.arrange().unwrap();
    g
}

/// Returns the loss and the gradients.
fn run(runtime: &Runtime, g: &Graph) -> Result<Vec<ArrayD<f32>>, Error> {
    let model = Model::random(config(), Heads { language_model: true, pooler: false }, 1);
    let mut session =
        Session::from_bytes(runtime, "step", &g.to_onnx().unwrap(), &SessionOptions::default())?;
    let weights: Vec<(String, ArrayD<f32>)> = model
        .weights()
        .iter()
        .enumerate()
        .map(|(index, weight)| {
            let shape = IxDyn(&weight.parameter.shape);
            let values = model.values(index).unwrap();
            (weight.parameter.name.clone(), ArrayD::from_shape_vec(shape, values).unwrap())
        })
        .collect();
    let ids = Array2::from_shape_fn((ROWS, TOKENS), |(row, at)| ((row * 17 + at * 7) % 25 + 5) as i64);
    let mask = Array2::<i64>::ones((ROWS, TOKENS));
    let places = Array1::from_iter([1_i64, 4, 9, 14, 20]);
    let labels = Array1::from_iter([6_i64, 8, 10, 12, 14]);
    let shares = Array1::from_elem(GUESSED, 1.0_f32 / GUESSED as f32);
    let mut inputs: Vec<(&str, Input<'_>)> =
        weights.iter().map(|(name, value)| (name.as_str(), Input::from(value))).collect();
    inputs.push((bert::IDS, Input::from(&ids)));
    inputs.push((bert::MASK, Input::from(&mask)));
    inputs.push((bert::PLACES, Input::from(&places)));
    inputs.push((bert::LABELS, Input::from(&labels)));
    inputs.push((bert::LOSS_WEIGHTS, Input::from(&shares)));
    let outputs = session.run(&inputs)?;
    g.outputs()
        .iter()
        .map(|&output| Ok(outputs.array::<f32>(g.name_of(output).unwrap())?.to_owned()))
        .collect()
}

#[test]
fn half_precision_runs_or_lacks_a_kernel_that_is_named() {
    let Some(runtime) = support::runtime() else { return };
    let whole = run(runtime, &graph(None)).unwrap();
    let norm = |array: &ArrayD<f32>| array.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    let largest = whole.iter().skip(1).map(norm).fold(0.0, f64::max);
    for low in [DataType::F16, DataType::BF16] {
        match run(runtime, &graph(Some(low))) {
            Ok(found) => {
                println!("{low}: it ran");
                for (found, whole) in found.iter().zip(&whole) {
                    // A key's bias has the gradient zero but for rounding.
                    let apart = norm(&(found - whole)) / norm(whole).max(largest * 1e-2);
                    assert!(apart < 0.1, "{low}: {apart}");
                }
            }
            // The processor has no product of such numbers. A runtime that has one is compared, as above.
            Err(error) => {
                assert_eq!(low, DataType::BF16, "{error:?}");
                let told = format!("{error:?}");
                assert!(told.contains("implementation for Gemm"), "{told}");
                println!("{low}: {told}");
            }
        }
    }
}
