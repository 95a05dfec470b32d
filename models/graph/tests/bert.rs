//! A BERT: bound, with dropout replaced, differentiated.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{BASE, Size, TINY};
use dlm_graph::{DataType, DropoutMask, Graph, Var, interpret::Array};

struct Training {
    graph: Graph,
    loss: Var,
    parameters: Vec<Var>,
    gradients: Vec<Var>,
    masks: Vec<DropoutMask>,
}

fn training(size: Size, batch: usize, tokens: usize, dropout: f32) -> Training {
    let mut g = Graph::new("bert");
    let hidden = common::encoder(&mut g, size, dropout).unwrap();
    let mut g = g.bind(&[("batch", batch), ("tokens", tokens)]).unwrap();
    let square = g.mul(hidden, hidden).unwrap();
    let cube = g.mul(square, hidden).unwrap();
    let loss = g.reduce_mean(cube, &[], false).unwrap();
    let loss = g.output("loss", loss).unwrap();
    let masks = g.replace_dropout().unwrap();
    let parameters = g.parameters();
    let gradients = g.gradients(loss, &parameters).unwrap();
    Training { graph: g, loss, parameters, gradients, masks }
}

fn number(at: usize) -> f64 {
    ((at as f64 + 1.0) * 0.618_033_988_749).fract() - 0.5
}

fn feeds(training: &Training, tokens: usize) -> Vec<(String, Array)> {
    let g = &training.graph;
    let mut feeds = Vec::new();
    for &var in g.inputs() {
        let (name, dims) = (g.name_of(var).unwrap().to_owned(), g.dims(var).unwrap());
        let count: usize = dims.iter().product();
        let array = match g.dtype(var).unwrap() {
            DataType::F32 => Array::reals(&dims, (0..count).map(|at| number(at + name.len() * 7)).collect()),
            DataType::U8 => Array::integers(&dims, (0..count).map(|at| i64::from(at % 5 != 0)).collect()),
            _ if name == "input_ids" => {
                Array::integers(&dims, (0..count).map(|at| (at * 7 % 30) as i64).collect())
            }
            // The last token of each row is padding.
            _ => Array::integers(&dims, (0..count).map(|at| i64::from(at % tokens + 1 < tokens)).collect()),
        };
        feeds.push((name, array.unwrap()));
    }
    feeds
}

#[test]
fn gradients_of_a_tiny_bert_are_right() {
    let size = Size { layers: 1, hidden: 8, heads: 2, inner: 12, ..TINY };
    let training = training(size, 2, 4, 0.2);
    assert_eq!(training.masks.len(), 4);
    assert_eq!(training.masks[1].name, "dropout.1");
    assert_eq!(training.masks[1].shape.to_string(), "[2, 2, 4, 4]");
    let mut feeds = feeds(&training, 4);
    let run = |feeds: &[(String, Array)], wanted: &[Var]| {
        let feeds: Vec<_> = feeds.iter().map(|(name, array)| (name.as_str(), array.clone())).collect();
        training.graph.interpret_values(&feeds, wanted).unwrap()
    };
    let analytic = run(&feeds, &training.gradients);
    for (parameter, gradient) in training.parameters.iter().zip(&analytic) {
        let name = training.graph.name_of(*parameter).unwrap();
        let at = feeds.iter().position(|(feed, _)| feed == name).unwrap();
        let original = feeds[at].1.clone();
        let gradient = gradient.to_reals();
        let scale = gradient.iter().fold(1e-6, |largest: f64, value| largest.max(value.abs()));
        // Some elements of each, spread over it.
        for element in (0..gradient.len()).step_by(gradient.len().div_ceil(6)) {
            let mut shifted = |by: f64| {
                let mut values = original.to_reals();
                values[element] += by;
                feeds[at].1 = Array::reals(original.dims(), values).unwrap();
                run(&feeds, &[training.loss])[0].to_reals()[0]
            };
            let numeric = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
            let error = (numeric - gradient[element]).abs() / scale;
            assert!(error < 1e-5, "{name}[{element}]: {numeric} and {}", gradient[element]);
        }
        feeds[at].1 = original;
    }
}

#[test]
fn binding_leaves_no_arithmetic_of_shapes() {
    let training = training(TINY, 2, 8, 0.1);
    let shapes = ["Shape", "Range", "ConstantOfShape", "Concat", "Squeeze"];
    let forward = training.graph.nodes().iter().filter(|node| !node.name().starts_with("gradient/"));
    let left: Vec<_> = forward.filter(|node| shapes.contains(&node.operator())).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(
        !training.graph.nodes().iter().any(|node| node.operator() == "Dropout" && node.name().is_empty())
    );
}

#[test]
fn a_base_model_is_differentiated_with_few_nodes() {
    let mut training = training(BASE, 8, 128, 0.1);
    for (&parameter, &gradient) in training.parameters.iter().zip(&training.gradients) {
        assert_eq!(training.graph.dims(parameter).unwrap(), training.graph.dims(gradient).unwrap());
        let name = format!("gradient.{}", training.graph.name_of(parameter).unwrap());
        training.graph.output(&name, gradient).unwrap();
    }
    training.graph.prune().unwrap();
    let nodes = training.graph.nodes().len();
    assert!((900..1600).contains(&nodes), "{nodes} nodes");
    let bytes = training.graph.to_onnx().unwrap();
    if let Some(path) = std::env::var_os("DLM_GRAPH_DUMP") {
        std::fs::write(path, &bytes).unwrap();
    }
}

#[test]
fn dropout_is_nothing_in_inference() {
    let mut g = Graph::new("bert");
    let hidden = common::encoder(&mut g, TINY, 0.1).unwrap();
    g.output("hidden", hidden).unwrap();
    g.remove_dropout().unwrap();
    g.prune().unwrap();
    assert!(g.nodes().iter().all(|node| node.operator() != "Dropout"));
    let mut g = Graph::new("only");
    let x = g.parameter("x", [2]).unwrap();
    let y = g.dropout(x, 0.5).unwrap();
    g.output("y", y).unwrap();
    g.remove_dropout().unwrap();
    g.prune().unwrap();
    let fed = [("x", Array::reals(&[2], vec![1.0, 2.0]).unwrap())];
    assert_eq!(g.interpret(&fed).unwrap()[0].to_reals(), [1.0, 2.0]);
    assert_eq!(g.nodes()[0].operator(), "Identity");
}
