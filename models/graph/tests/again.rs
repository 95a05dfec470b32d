//! Computing values again, and the order of a file: less memory, the same numbers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::Size;
use dlm_graph::{DataType, Graph, Keep, Var, interpret::Array};

const SIZE: Size = Size { layers: 3, hidden: 128, heads: 2, inner: 256, vocabulary: 30, positions: 128 };
const TOKENS: usize = 128;

/// Returns a training graph of a small BERT with dropout, and its gradients.
fn training(keep: Keep) -> (Graph, Vec<Var>) {
    let mut g = Graph::new("bert");
    let hidden = common::encoder(&mut g, SIZE, 0.1).unwrap();
    let mut g = g.bind(&[("batch", 1), ("tokens", TOKENS)]).unwrap();
    let cube = g.mul(hidden, hidden).unwrap();
    let cube = g.mul(cube, hidden).unwrap();
    let loss = g.reduce_mean(cube, &[], false).unwrap();
    g.output("loss", loss).unwrap();
    g.replace_dropout().unwrap();
    let parameters = g.parameters();
    let gradients = g.gradients_keeping(loss, &parameters, keep).unwrap();
    let outputs = gradients.iter().zip(parameters).map(|(&gradient, parameter)| {
        let name = format!("gradient of {}", g.name_of(parameter).unwrap());
        (gradient, name)
    });
    let outputs: Vec<_> = outputs.collect();
    let gradients = outputs.iter().map(|(gradient, name)| g.output(name, *gradient).unwrap()).collect();
    g.prune().unwrap();
    (g, gradients)
}

fn feeds(g: &Graph) -> Vec<(String, Array)> {
    let feed = |&var: &Var| {
        let (name, dims) = (g.name_of(var).unwrap().to_owned(), g.dims(var).unwrap());
        let count: usize = dims.iter().product();
        let number = |at: usize| (((at + name.len() * 7) as f64 + 1.0) * 0.618_033_988_749).fract() - 0.5;
        let array = match g.dtype(var).unwrap() {
            DataType::F32 => Array::reals(&dims, (0..count).map(number).collect()),
            DataType::U8 => Array::integers(&dims, (0..count).map(|at| i64::from(at % 7 != 0)).collect()),
            _ if name == "input_ids" => {
                Array::integers(&dims, (0..count).map(|at| (at * 7 % 30) as i64).collect())
            }
            _ => Array::integers(&dims, vec![1; count]),
        };
        (name, array.unwrap())
    };
    g.inputs().iter().map(feed).collect()
}

fn is_forward(g: &Graph, var: Var) -> bool {
    g.producer(var)
        .is_some_and(|node| !node.name().starts_with("gradient/") && !node.name().starts_with("again/"))
}

fn bytes(g: &Graph, var: Var) -> usize {
    g.dims(var).unwrap().iter().product::<usize>() * g.dtype(var).unwrap().size()
}

/// Returns the values of the forward pass that are held for the backward pass.
fn held(g: &Graph) -> BTreeSet<Var> {
    let later = g.nodes().iter().filter(|node| !is_forward(g, node.output(0).unwrap()));
    later.flat_map(|node| node.inputs().iter().flatten()).copied().filter(|&var| is_forward(g, var)).collect()
}

#[test]
fn what_is_held_changes_no_number() {
    let (g, gradients) = training(Keep::Everything);
    let run = |g: &Graph, gradients: &[Var]| {
        let feeds = feeds(g);
        let feeds: Vec<_> = feeds.iter().map(|(name, array)| (name.as_str(), array.clone())).collect();
        g.interpret_values(&feeds, gradients).unwrap()
    };
    let whole = run(&g, &gradients);
    assert!(whole.iter().all(|gradient| gradient.to_reals().iter().any(|&value| value != 0.0)));
    for keep in [Keep::Products, Keep::Long, Keep::Borders] {
        let (g, gradients) = training(keep);
        for (ours, theirs) in run(&g, &gradients).iter().zip(&whole) {
            assert_eq!(ours.to_reals(), theirs.to_reals(), "{keep:?}");
        }
    }
}

#[test]
fn each_choice_holds_less_than_the_one_before() {
    let held_bytes = |keep| {
        let (g, _) = training(keep);
        held(&g).into_iter().map(|var| bytes(&g, var)).sum::<usize>()
    };
    let sizes = [Keep::Everything, Keep::Products, Keep::Long, Keep::Borders].map(held_bytes);
    assert!(sizes.windows(2).all(|pair| pair[1] < pair[0]), "{sizes:?}");
    // Two sums a layer, and the embeddings.
    let states = (2 * SIZE.layers + 1) * TOKENS * SIZE.hidden * 4;
    assert!(sizes[3] < states + states / 4, "{sizes:?}");
}

#[test]
fn scores_are_not_held_where_only_long_products_are() {
    let square = |keep| {
        let (g, _) = training(keep);
        let square = [1, SIZE.heads, TOKENS, TOKENS];
        held(&g).into_iter().filter(|&var| g.dims(var).unwrap() == square).count()
    };
    assert_eq!([Keep::Products, Keep::Long].map(square), [SIZE.layers, 0]);
}

/// Returns the places at which ONNX Runtime runs the nodes of a file, by name: back from the nodes nothing takes
/// anything from, the last first.
fn walk(g: &Graph) -> BTreeMap<String, usize> {
    let at = |var: Var| g.nodes().iter().position(|node| node.outputs().contains(&Some(var)));
    let inputs: Vec<Vec<usize>> = g
        .nodes()
        .iter()
        .map(|node| node.inputs().iter().flatten().filter_map(|&var| at(var)).collect())
        .collect();
    let taken: BTreeSet<usize> = inputs.iter().flatten().copied().collect();
    let mut stack: Vec<(usize, bool)> =
        (0..g.nodes().len()).filter(|node| !taken.contains(node)).map(|node| (node, false)).collect();
    let (mut seen, mut places) = (BTreeSet::new(), BTreeMap::new());
    while let Some((node, done)) = stack.pop() {
        if done {
            places.insert(g.nodes()[node].name().to_owned(), places.len());
        } else if seen.insert(node) {
            stack.push((node, true));
            let mut next: Vec<usize> =
                inputs[node].iter().copied().filter(|input| !seen.contains(input)).collect();
            next.sort_unstable();
            stack.extend(next.into_iter().map(|input| (input, false)));
        }
    }
    places
}

/// The gradients of a layer are multiplied out before those of the layer below are begun, and copies made when they are
/// needed.
#[test]
fn a_file_is_run_layer_by_layer() {
    let (mut g, _) = training(Keep::Products);
    g.arrange().unwrap();
    let read = Graph::from_onnx(&g.to_onnx().unwrap(), None).unwrap();
    let places = walk(&read);
    assert_eq!(places.len(), read.nodes().len());
    let of = |layer: usize, start: &str| {
        let part = format!("{start}layer.{layer}/");
        let product =
            |name: &str| name.contains("Gemm") || name.contains("MatMul") || name.starts_with("again/");
        let of = places.iter().filter(move |(name, _)| name.starts_with(&part) && product(name));
        of.map(|(_, &place)| place)
    };
    for layer in 1..SIZE.layers {
        let (lowest, below) =
            (of(layer, "gradient/").max().unwrap(), of(layer - 1, "gradient/").min().unwrap());
        assert!(lowest < below, "layer {layer}: {lowest} and {below}");
    }
    // In every layer the last masked state's adjoint is there before the factors it is multiplied with are made again.
    let mut factors = 0;
    for node in read.nodes().iter().filter(|node| node.operator() == "Mul") {
        let made = |index| read.producer(node.input(index)?).map(dlm_graph::Node::name);
        if let (Some(adjoint), Some(copy)) = (made(0), made(1))
            && copy.starts_with("again/Dequantize")
            && adjoint.contains("/LayerNormalization_")
        {
            assert!(places[copy] > places[adjoint], "{copy} and {adjoint}");
            factors += 1;
        }
    }
    assert!(factors >= 2 * SIZE.layers, "{factors}");
}
