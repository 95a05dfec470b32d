//! Wrong derivatives, which the comparison must see.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use dlm_graph::{Gelu, Graph, Result, Var};

use crate::check::Case;

/// The exact unit's slope, with the density's constant times a factor.
fn slope(g: &mut Graph, x: Var, factor: f64) -> Result<Var> {
    let scaled = g.mul_scalar(x, FRAC_1_SQRT_2)?;
    let erf = g.erf(scaled)?;
    let raised = g.add_scalar(erf, 1.0)?;
    let distribution = g.mul_scalar(raised, 0.5)?;
    let square = g.mul(x, x)?;
    let exponent = g.mul_scalar(square, -0.5)?;
    let bell = g.exp(exponent)?;
    let density = g.mul_scalar(bell, factor / TAU.sqrt())?;
    let product = g.mul(x, density)?;
    g.add(distribution, product)
}

/// Differentiates the weighted sum around one unit by hand.
fn by_hand(g: &mut Graph, loss: Var, x: Var, factor: f64) -> Result<Vec<Var>> {
    let product = g.producer(loss).and_then(|node| node.input(0)).unwrap();
    let weights = g.producer(product).and_then(|node| node.input(1)).unwrap();
    let slope = slope(g, x, factor)?;
    Ok(vec![g.mul(weights, slope)?])
}

#[test]
fn a_constant_that_is_one_percent_off_is_caught() {
    let case = Case::new("gelu", [&[6]], |g, p| g.gelu(p[0], Gelu::Exact));
    assert!(case.error_of(|g, loss, wrt| by_hand(g, loss, wrt[0], 1.0)) < 1e-6);
    case.check_caught(|g, loss, wrt| by_hand(g, loss, wrt[0], 1.01));
}

#[test]
fn a_turned_sign_is_caught() {
    let case = Case::new("sub", [&[2, 3], &[3]], |g, p| g.sub(p[0], p[1]));
    case.check_caught(|g, loss, wrt| {
        let mut gradients = g.gradients(loss, wrt)?;
        gradients[1] = g.neg(gradients[1])?;
        Ok(gradients)
    });
}

#[test]
fn a_missing_term_is_caught() {
    let case = Case::new("softmax", [&[3, 4]], |g, p| g.softmax(p[0], -1));
    case.check_caught(|g, loss, wrt| {
        let product = g.producer(loss).and_then(|node| node.input(0)).unwrap();
        let (y, weights) =
            (g.producer(product).unwrap().input(0).unwrap(), g.producer(product).unwrap().input(1).unwrap());
        assert_eq!(wrt.len(), 1);
        Ok(vec![g.mul(y, weights)?])
    });
}
