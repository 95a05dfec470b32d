//! Names of nodes stay apart when a graph that was read grows.

use std::collections::BTreeSet;

use dlm_graph::{DataType, Graph};

#[test]
fn a_new_node_takes_no_name_of_one_that_was_read() {
    let mut g = Graph::new("small");
    let x = g.input("x", DataType::F32, [3]).unwrap();
    let weight = g.parameter("weight", [3]).unwrap();
    let product = g.mul(x, weight).unwrap();
    // The value gets another name, the node keeps `Mul_0`.
    g.output("hidden", product).unwrap();
    let mut g = Graph::from_onnx(&g.to_onnx().unwrap(), None).unwrap();
    let hidden = g.find("hidden").unwrap();
    let weight = g.find("weight").unwrap();
    g.mark_parameter(weight).unwrap();
    let squared = g.mul(hidden, hidden).unwrap();
    let loss = g.reduce_sum(squared, &[0], false).unwrap();
    g.gradients(loss, &[weight]).unwrap();
    let names: BTreeSet<&str> = g.nodes().iter().map(dlm_graph::Node::name).collect();
    assert_eq!(names.len(), g.nodes().len(), "{:?}", g.nodes());
}

#[test]
fn two_nodes_of_one_name_are_told_apart() {
    let mut g = Graph::new("once");
    let x = g.input("x", DataType::F32, [3]).unwrap();
    let negative = g.neg(x).unwrap();
    g.output("y", negative).unwrap();
    // Spliced into itself: the values and the nodes of the copy need names of their own.
    let y = g.find("y").unwrap();
    let copy = g.clone();
    let mut bound = Graph::new("twice");
    let x = bound.input("x", DataType::F32, [3]).unwrap();
    let first = bound.append(&g, &[("x", x)]).unwrap()[0];
    let second = bound.append(&copy, &[("x", first)]).unwrap()[0];
    assert_ne!(bound.name_of(first).unwrap(), bound.name_of(second).unwrap());
    let names: BTreeSet<&str> = bound.nodes().iter().map(dlm_graph::Node::name).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(g.name_of(y).unwrap(), "y");
}
