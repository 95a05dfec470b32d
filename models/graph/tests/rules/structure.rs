//! What holds for whole graphs: sharing, unused branches, missing rules.

use dlm_graph::{Attributes, DataType, ErrorKind, Graph, Tensor, interpret::Array};

use crate::check::Case;

#[test]
fn a_value_that_is_used_often_sums_its_adjoints() {
    Case::new("shared", [&[2, 2], &[2, 2]], |g, p| {
        let shared = g.mul(p[0], p[1])?;
        let (a, b) = (g.exp(shared)?, g.sin(shared)?);
        let product = g.matmul(a, b)?;
        g.add(product, shared)
    })
    .check();
}

#[test]
fn derivatives_of_derivatives() {
    Case::new("second", [&[3]], |g, p| {
        let power = g.mul(p[0], p[0])?;
        let power = g.mul(power, p[0])?;
        let sum = g.reduce_sum(power, &[], false)?;
        Ok(g.gradients(sum, &[p[0]])?[0])
    })
    .check();
}

#[test]
fn a_weight_that_the_loss_does_not_see_has_zeros() {
    let mut g = Graph::new("unseen");
    let (x, y) = (g.parameter("x", [2]).unwrap(), g.parameter("y", [3, 2]).unwrap());
    let loss = g.reduce_sum(x, &[], false).unwrap();
    let gradients = g.gradients(loss, &[x, y]).unwrap();
    let feeds = [("x", Array::reals(&[2], vec![1.0, 2.0]).unwrap())];
    let values = g.interpret_values(&feeds, &gradients).unwrap();
    assert_eq!(values[0].to_reals(), [1.0; 2]);
    assert_eq!(values[1], Array::reals(&[3, 2], vec![0.0; 6]).unwrap());
}

#[test]
fn a_missing_rule_is_named_before_anything_is_added() {
    let mut g = Graph::new("missing");
    let x = g.parameter("x", [4]).unwrap();
    let elu = g.scope("head", |g| Ok(g.node("Elu", "", &[Some(x)], Attributes::new(), 1)?[0])).unwrap();
    let loss = g.reduce_sum(elu, &[], false).unwrap();
    let before = g.nodes().len();
    assert_eq!(g.missing_rules(loss, &[x]).unwrap()[0].operator, "Elu");
    let error = g.gradients(loss, &[x]).unwrap_err();
    assert_eq!(error.to_string(), "no gradient rule for Elu (`head/Elu_0`)");
    assert!(matches!(error.kind(), ErrorKind::MissingRules(missing) if missing.len() == 1));
    assert_eq!(g.nodes().len(), before);
}

#[test]
fn an_operator_off_the_way_needs_no_rule() {
    let mut g = Graph::new("off");
    let (x, w) = (g.input("x", DataType::F32, [4]).unwrap(), g.parameter("w", [4]).unwrap());
    let elu = g.node("Elu", "", &[Some(x)], Attributes::new(), 1).unwrap()[0];
    let product = g.mul(elu, w).unwrap();
    let loss = g.reduce_sum(product, &[], false).unwrap();
    assert!(g.gradients(loss, &[w]).is_ok());
    assert!(g.gradients(loss, &[x]).is_err());
}

#[test]
fn integers_stop_derivatives() {
    let mut g = Graph::new("integers");
    let x = g.parameter("x", [3]).unwrap();
    let whole = g.cast(x, DataType::I64).unwrap();
    let real = g.cast(whole, DataType::F32).unwrap();
    let sum = g.add(real, x).unwrap();
    let loss = g.reduce_sum(sum, &[], false).unwrap();
    let gradient = g.gradients(loss, &[x]).unwrap()[0];
    let feeds = [("x", Array::reals(&[3], vec![0.5; 3]).unwrap())];
    assert_eq!(g.interpret_values(&feeds, &[gradient]).unwrap()[0].to_reals(), [1.0; 3]);
    assert!(g.gradients(loss, &[whole]).is_err());
}

#[test]
fn branches_to_no_weight_are_not_walked() {
    let mut g = Graph::new("walk");
    let (x, w) = (g.input("x", DataType::F32, [2, 4]).unwrap(), g.parameter("w", [4, 3]).unwrap());
    let product = g.matmul(x, w).unwrap();
    let loss = g.reduce_sum(product, &[], false).unwrap();
    g.gradients(loss, &[w]).unwrap();
    let products = g.nodes().iter().filter(|node| matches!(node.operator(), "Gemm" | "MatMul")).count();
    assert_eq!(products, 2, "the input's adjoint is not computed");
}

#[test]
fn ties_share_the_derivative() {
    let mut g = Graph::new("ties");
    let x = g.parameter("x", [4]).unwrap();
    let loss = g.reduce_max(x, &[], false).unwrap();
    let gradient = g.gradients(loss, &[x]).unwrap()[0];
    let feeds = [("x", Array::reals(&[4], vec![1.0, 3.0, 3.0, 0.0]).unwrap())];
    assert_eq!(g.interpret_values(&feeds, &[gradient]).unwrap()[0].to_reals(), [0.0, 0.5, 0.5, 0.0]);
}

#[test]
fn a_loss_is_one_number() {
    let mut g = Graph::new("loss");
    let x = g.parameter("x", [4]).unwrap();
    let error = g.gradients(x, &[x]).unwrap_err();
    assert_eq!(error.to_string(), "`x`: x f32[4] is not one floating-point number");
    let constant = g.constant(Tensor::scalar(DataType::I64, 1.0));
    assert!(g.gradients(constant, &[x]).is_err());
}
