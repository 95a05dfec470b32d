//! Names of nodes stay apart when a graph that was read grows.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

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
