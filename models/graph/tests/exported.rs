//! Models that PyTorch exported, read, bound, differentiated and trained, against PyTorch in double precision.
//!
//! `tests/oracles/graph/export.py` writes the files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, io::Read, path::PathBuf};

use dlm_graph::{DataType, Graph, Tensor, Var, interpret::Array, loss};
use flate2::read::GzDecoder;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    input_ids: Vec<Vec<i64>>,
    attention_mask: Vec<Vec<i64>>,
    labels: Vec<Vec<i64>>,
    rate: f64,
    losses: Vec<f64>,
    gradients: BTreeMap<String, Vec<f64>>,
}

struct Model {
    graph: Graph,
    loss: Var,
    parameters: Vec<Var>,
    gradients: Vec<Var>,
    values: Vec<Tensor>,
    golden: Golden,
}

fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    std::fs::read(path).unwrap()
}

fn read(name: &str) -> Graph {
    let mut bytes = Vec::new();
    GzDecoder::new(&*file(&format!("{name}.onnx.gz"))).read_to_end(&mut bytes).unwrap();
    Graph::from_onnx(&bytes, None).unwrap()
}

/// Reads a model, gives it a loss, and differentiates it with respect to all weights that PyTorch trains.
fn model(name: &str) -> Model {
    let golden: Golden = serde_json::from_slice(&file(&format!("{name}.json"))).unwrap();
    let (rows, tokens) = (golden.input_ids.len(), golden.input_ids[0].len());
    let mut g = read(name);
    let (mut parameters, mut values) = (Vec::new(), Vec::new());
    for weight in golden.gradients.keys() {
        let var = g.find(weight).unwrap();
        values.push(g.make_parameter(var).unwrap());
        parameters.push(var);
    }
    let sizes = [("batch", rows), ("tokens", tokens)];
    let sizes = if g.symbols().is_empty() { &[] } else { &sizes[..] };
    let mut g = g.bind(sizes).unwrap();
    let logits = g.find("logits").unwrap();
    let labels = g.input("labels", DataType::I64, [rows * tokens]).unwrap();
    let flat = g.reshape(logits, &[(rows * tokens) as i64, -1]).unwrap();
    let loss = loss::cross_entropy(&mut g, flat, labels, None, None).unwrap().mean;
    let gradients = g.gradients(loss, &parameters).unwrap();
    Model { graph: g, loss, parameters, gradients, values, golden }
}

impl Model {
    fn run(&self, weights: &[Vec<f64>]) -> Vec<Array> {
        let golden = &self.golden;
        let dims = [golden.input_ids.len(), golden.input_ids[0].len()];
        let flat = |rows: &[Vec<i64>]| rows.concat();
        let mut feeds = vec![
            ("input_ids".to_owned(), Array::integers(&dims, flat(&golden.input_ids)).unwrap()),
            ("attention_mask".to_owned(), Array::integers(&dims, flat(&golden.attention_mask)).unwrap()),
            ("labels".to_owned(), Array::integers(&[dims[0] * dims[1]], flat(&golden.labels)).unwrap()),
        ];
        for ((&var, tensor), weights) in self.parameters.iter().zip(&self.values).zip(weights) {
            let name = self.graph.name_of(var).unwrap().to_owned();
            feeds.push((name, Array::reals(tensor.dims(), weights.clone()).unwrap()));
        }
        let feeds: Vec<_> = feeds.iter().map(|(name, array)| (name.as_str(), array.clone())).collect();
        let mut wanted = vec![self.loss];
        wanted.extend(&self.gradients);
        self.graph.interpret_values(&feeds, &wanted).unwrap()
    }

    fn weights(&self) -> Vec<Vec<f64>> {
        self.values.iter().map(Tensor::reals).collect()
    }

    /// Compares each gradient with PyTorch's, relative to its length.
    fn check_gradients(&self) {
        let found = self.run(&self.weights());
        for ((name, expected), found) in self.golden.gradients.iter().zip(&found[1..]) {
            let found = found.to_reals();
            let difference: f64 = expected.iter().zip(&found).map(|(a, b)| (a - b) * (a - b)).sum();
            let length: f64 = expected.iter().map(|a| a * a).sum();
            assert_eq!(expected.len(), found.len(), "{name}");
            // Some are zero but for rounding: the biases of keys, which a softmax does not see.
            assert!(difference.sqrt() <= 1e-5 * length.sqrt() + 1e-9, "{name}: {difference:e} of {length:e}");
        }
    }

    /// Trains by Adam (Kingma and Ba, 2015) and compares every loss with PyTorch's.
    fn check_curve(&self) {
        let mut weights = self.weights();
        let mut moments: Vec<_> = weights.iter().map(|weights| vec![(0.0, 0.0); weights.len()]).collect();
        for (step, &expected) in self.golden.losses.iter().enumerate() {
            let found = self.run(&weights);
            let loss = found[0].to_reals()[0];
            assert!((loss - expected).abs() <= 1e-4 * expected, "step {step}: {loss} and {expected}");
            let power = step as i32 + 1;
            let (first, second) = (1.0 - 0.9f64.powi(power), 1.0 - 0.999f64.powi(power));
            for ((weights, moments), gradient) in weights.iter_mut().zip(&mut moments).zip(&found[1..]) {
                let each = weights.iter_mut().zip(moments).zip(gradient.to_reals());
                for ((weight, (mean, square)), gradient) in each {
                    *mean = 0.9 * *mean + 0.1 * gradient;
                    *square = 0.999 * *square + 0.001 * gradient * gradient;
                    *weight -= self.golden.rate * (*mean / first) / ((*square / second).sqrt() + 1e-8);
                }
            }
        }
    }
}

const NAMES: [&str; 4] = ["bert-script", "bert-dynamo", "esm-script", "esm-dynamo"];

#[test]
fn gradients_equal_those_of_pytorch() {
    for name in NAMES {
        model(name).check_gradients();
    }
}

#[test]
fn losses_follow_those_of_pytorch() {
    for name in NAMES {
        model(name).check_curve();
    }
}

#[test]
fn shapes_are_constants_once_bound() {
    for name in NAMES {
        let model = model(name);
        let integers = model.graph.nodes().iter().filter(|node| {
            let output = node.output(0).unwrap();
            let of_labels = node.name().contains("entropy") || node.name().contains("gradient");
            model.graph.dtype(output).unwrap() == DataType::I64 && !of_labels
        });
        let operators: Vec<_> = integers.map(dlm_graph::Node::operator).collect();
        assert!(!operators.contains(&"Shape") && operators.len() < 8, "{name}: {operators:?}");
    }
}
