//! Low-rank adaptation beside PEFT.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use dlm_graph::{DataType, Dim, Graph};
use dlm_sdk::{ErrorKind, Parameter, Result};
use dlm_train::{
    lora::Lora,
    optimiser::OptimiserOptions,
    schedule::{Decay, Schedule},
    step::{Batch, Feed},
    trainer::{Layers, Objective, Trainer, TrainerOptions},
};
use ndarray::{Array1, Array2};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    rank: usize,
    alpha: f64,
    weights: BTreeMap<String, Vec<f64>>,
    adapters: BTreeMap<String, Vec<f64>>,
    x: Vec<Vec<f64>>,
    y: Vec<Vec<f64>>,
    losses: Vec<f64>,
    merged: BTreeMap<String, Vec<f64>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/lora.json")).unwrap()
}

fn singles(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

const INPUTS: usize = 6;
const ROWS: usize = 8;

/// Three layers and a mean squared error, with weights as PyTorch has them or transposed.
fn model(golden: &Golden, transposed: bool) -> (Graph, Vec<Parameter>, Vec<Vec<f32>>) {
    let mut g = Graph::new("layers");
    let shapes = [("query", 10, INPUTS), ("other", 10, 10), ("head", 1, 10)];
    let (mut parameters, mut values) = (Vec::new(), Vec::new());
    let mut x = g.input("x", DataType::F32, [Dim::symbol("rows"), Dim::Fixed(INPUTS)]).unwrap();
    let y = g.input("y", DataType::F32, ["rows"]).unwrap();
    for (index, (name, outputs, inputs)) in shapes.into_iter().enumerate() {
        let mut value = singles(&golden.weights[&format!("{name}.weight")]);
        let mut shape = vec![outputs, inputs];
        if transposed {
            let array = Array2::from_shape_vec((outputs, inputs), value).unwrap();
            value = array.t().iter().copied().collect();
            shape.reverse();
        }
        let group = u32::from(name == "head");
        let weight = g.parameter(&format!("{name}.weight"), shape.clone()).unwrap();
        let bias = g.parameter(&format!("{name}.bias"), [outputs]).unwrap();
        parameters.push(Parameter { name: format!("{name}.weight"), shape, group, decay: true });
        values.push(value);
        parameters.push(Parameter {
            name: format!("{name}.bias"),
            shape: vec![outputs],
            group,
            decay: false,
        });
        values.push(singles(&golden.weights[&format!("{name}.bias")]));
        x = if transposed {
            let product = g.matmul(x, weight).unwrap();
            g.add(product, bias).unwrap()
        } else {
            g.linear_transposed(x, weight, Some(bias)).unwrap()
        };
        if index < 2 {
            x = g.tanh(x).unwrap();
        }
    }
    let answer = g.reshape(x, &[-1]).unwrap();
    let difference = g.sub(answer, y).unwrap();
    let square = g.mul(difference, difference).unwrap();
    let loss = g.reduce_mean(square, &[], false).unwrap();
    g.output("loss", loss).unwrap();
    (g, parameters, values)
}

struct Data {
    graph: Graph,
    golden: Golden,
}

impl Objective for Data {
    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn batches(&mut self, step: u64) -> Result<Vec<Batch>> {
        let x = Array2::from_shape_vec((ROWS, INPUTS), singles(&self.golden.x[step as usize])).unwrap();
        let y = Array1::from(singles(&self.golden.y[step as usize]));
        Ok(vec![Batch {
            sizes: vec![("rows".into(), ROWS)],
            feeds: vec![("x".into(), Feed::F32(x.into_dyn())), ("y".into(), Feed::F32(y.into_dyn()))],
            tokens: 0,
            examples: ROWS as u64,
        }])
    }

    fn identity(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// Losses of twelve steps and the merged weights agree with PEFT's in double precision; what is not adapted stays.
#[test]
fn adapters_learn_and_merge_as_those_of_peft() {
    let Some(runtime) = support::runtime() else { return };
    for transposed in [false, true] {
        let golden = golden();
        let (mut graph, mut parameters, mut values) = model(&golden, transposed);
        let lora = Lora { rank: golden.rank, alpha: golden.alpha, targets: vec!["query".into()] };
        let adapters = lora.attach(&mut graph, &mut parameters, &mut values, 1, 0).unwrap();
        for (end, key, rows) in [("lora_a", "lora_A", golden.rank), ("lora_b", "lora_B", 10)] {
            let at = parameters.iter().position(|it| it.name == format!("query.weight.{end}")).unwrap();
            let value = singles(&golden.adapters[key]);
            assert_eq!(values[at].len(), value.len());
            let columns = value.len() / rows;
            let array = Array2::from_shape_vec((rows, columns), value).unwrap();
            values[at] = if transposed {
                array.t().iter().copied().collect()
            } else {
                array.into_raw_vec_and_offset().0
            };
        }
        let steps = golden.losses.len() as u64;
        let mut options = TrainerOptions::new(0, Schedule::new(0.02, 0, steps, Decay::Constant).unwrap());
        options.optimiser = OptimiserOptions { weight_decay: 0.0, clip: None, ..OptimiserOptions::default() };
        options.layers = Layers { frozen: 1, ..Layers::default() };
        let expected = golden.losses.clone();
        let data = Data { graph, golden };
        let mut trainer = Trainer::new(runtime, data, parameters.clone(), options, |index, to| {
            to.copy_from_slice(&values[index]);
            Ok(())
        })
        .unwrap();
        for (step, expected) in expected.iter().enumerate() {
            let loss = trainer.step().unwrap().loss;
            assert!((loss - expected).abs() < 2e-5 * expected, "{transposed} {step}: {loss} {expected}");
        }
        let (graph, data) = trainer.into_parts();
        let learned: Vec<&[f32]> =
            (0..parameters.len()).map(|index| graph.weights().read(index).unwrap()).collect();
        let (kept, merged) = adapters.merge(&parameters, &learned).unwrap();
        assert_eq!(kept.len(), 6);
        for (parameter, ours) in kept.iter().zip(&merged) {
            let theirs = singles(&data.golden.merged[&parameter.name]);
            let ours: Vec<f32> = if transposed && parameter.shape.len() == 2 {
                let array = Array2::from_shape_vec((parameter.shape[0], parameter.shape[1]), ours.clone());
                array.unwrap().t().iter().copied().collect()
            } else {
                ours.clone()
            };
            for (ours, theirs) in ours.iter().zip(theirs) {
                assert!((ours - theirs).abs() < 2e-5, "{}: {ours} {theirs}", parameter.name);
            }
            // Only what is adapted, and the head, has moved.
            let before = singles(&data.golden.weights[&parameter.name]);
            let moved = ours.iter().zip(before).any(|(ours, before)| *ours != before);
            assert_eq!(moved, parameter.name == "query.weight" || parameter.group == 1, "{}", parameter.name);
        }
    }
}

#[test]
fn what_cannot_be_adapted_is_told() {
    let golden = golden();
    let attach = |lora: Lora| {
        let (mut graph, mut parameters, mut values) = model(&golden, false);
        lora.attach(&mut graph, &mut parameters, &mut values, 1, 0).unwrap_err()
    };
    let of = |targets: &[&str]| Lora {
        targets: targets.iter().map(|&target| target.to_owned()).collect(),
        ..Lora::default()
    };
    let error = attach(of(&["query", "key"]));
    assert!(error.to_string().contains("\"key\""), "{error}");
    // A part of a word is no name.
    assert_eq!(attach(of(&["uery"])).kind(), ErrorKind::Invalid);
    assert_eq!(attach(Lora { rank: 0, ..of(&["query"]) }).kind(), ErrorKind::Invalid);
    assert_eq!(attach(of(&[])).kind(), ErrorKind::Invalid);
    let mut graph = Graph::new("sum");
    let weight = graph.parameter("odd.weight", [2, 2]).unwrap();
    let sum = graph.reduce_sum(weight, &[], false).unwrap();
    graph.output("loss", sum).unwrap();
    let mut parameters =
        vec![Parameter { name: "odd.weight".into(), shape: vec![2, 2], group: 0, decay: true }];
    let error = of(&["odd"]).attach(&mut graph, &mut parameters, &mut vec![vec![0.0; 4]], 1, 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
