//! Building graphs: shapes, names, errors.

mod common;

use dlm_graph::{DataType, Dim, ErrorKind, Graph, Shape, Tensor};

#[test]
fn a_bert_keeps_its_named_dimensions() {
    let mut g = Graph::new("bert");
    let hidden = common::encoder(&mut g, common::TINY, 0.1).unwrap();
    assert_eq!(g.shape(hidden).unwrap().to_string(), common::expected(32));
    g.output("hidden", hidden).unwrap();
    let bytes = g.to_onnx().unwrap();
    if let Some(path) = std::env::var_os("DLM_GRAPH_DUMP") {
        std::fs::write(path, &bytes).unwrap();
    }
    assert_eq!(bytes, g.clone().to_onnx().unwrap());
}

#[test]
fn an_error_names_operator_node_and_shapes() {
    let mut g = Graph::new("wrong");
    let a = g.input("a", DataType::F32, [2, 3]).unwrap();
    let b = g.input("b", DataType::F32, [4]).unwrap();
    let error = g.scope("layer", |g| g.add(a, b)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Add `layer/Add_0`: dimensions 3 and 4 do not broadcast (inputs: a f32[2, 3], b f32[4])"
    );
    let ids = g.input("ids", DataType::I64, [2]).unwrap();
    assert!(g.add(a, ids).is_err());
    assert!(g.gather(a, b, 0).is_err());
    assert!(g.reshape(a, &[4, -1]).is_err());
    assert!(g.reshape(a, &[5]).is_err());
    assert!(g.transpose(a, &[0, 0]).is_err());
    assert!(g.split(a, 1, &[1, 1]).is_err());
    assert!(g.concat(&[a, b], 0).is_err());
    assert!(g.softmax(a, 0).is_ok());
    assert!(matches!(g.input("a", DataType::F32, [1]).unwrap_err().kind(), ErrorKind::DuplicateName(_)));
    let mut other = Graph::new("other");
    assert!(matches!(other.neg(a).unwrap_err().kind(), ErrorKind::ForeignVariable));
    let error = g.node("Unheard", "", &[Some(a)], dlm_graph::Attributes::new(), 1).unwrap_err();
    assert!(error.to_string().starts_with("Unheard `Unheard_0`: an operator that is not known"), "{error}");
}

#[test]
fn equal_constants_are_one() {
    let mut g = Graph::new("constants");
    assert_eq!(g.list(&[1, 2]), g.list(&[1, 2]));
    assert_ne!(g.list(&[1, 2]), g.list(&[2, 1]));
    assert_ne!(g.scalar(DataType::F32, 1.0), g.scalar(DataType::F64, 1.0));
}

#[test]
fn a_constant_that_changes_is_no_longer_shared() {
    let mut g = Graph::new("constants");
    let one = g.scalar(DataType::F32, 1.0);
    g.set_constant(one, Tensor::scalar(DataType::F32, 2.0)).unwrap();
    assert_ne!(g.scalar(DataType::F32, 1.0), one);
}

#[test]
fn reshaping_divides_names() {
    let mut g = Graph::new("names");
    let x =
        g.input("x", DataType::F32, [Dim::symbol("batch"), Dim::symbol("tokens"), Dim::Fixed(12)]).unwrap();
    let flat = g.reshape(x, &[-1, 12]).unwrap();
    assert_eq!(g.shape(flat).unwrap(), &Shape::from([Dim::symbol("batch*tokens"), Dim::Fixed(12)]));
    let heads = g.reshape(x, &[0, 0, 3, -1]).unwrap();
    assert_eq!(g.shape(heads).unwrap().to_string(), "[batch, tokens, 3, 4]");
}

#[test]
fn an_output_that_is_an_input_is_a_copy() {
    let mut g = Graph::new("copy");
    let x = g.input("x", DataType::F32, [1]).unwrap();
    let y = g.output("y", x).unwrap();
    let z = g.output("z", y).unwrap();
    assert_ne!(y, z);
    assert_eq!(g.nodes().len(), 2);
    assert_eq!(g.outputs(), [y, z]);
}
