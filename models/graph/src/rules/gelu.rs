//! `Gelu` (Hendrycks and Gimpel, 2016).
//!
//! Exact, with the normal distribution's cumulative `P` and density `p`: `y = x P(x)`, `dx = dy (P(x) + x p(x))`.
//! Tanh form, with `u = sqrt(2 / pi) (x + 0.044715 x^3)` and `t = tanh(u)`: `y = x (1 + t) / 2`,
//! `dx = dy ((1 + t) / 2 + x (1 - t^2) u' / 2)`, `u' = sqrt(2 / pi) (1 + 3 * 0.044715 x^2)`.
//!
//! `P` or `t` is computed again: of the forward pass only x is kept. `gelu_chain` keeps the distribution instead.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, TAU};

use crate::{
    Graph, Result, Var,
    rules::{Adjoint, Inputs},
};

const CUBE: f64 = 0.044_715;

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let tanh = a.node.operator() == "FastGelu" || a.node.attributes.text("approximate", "none") == "tanh";
    if a.node.input(1).is_some() {
        return Err(a.fail("a bias inside is not supported"));
    }
    let slope = if tanh { tanh_slope(a.graph, x)? } else { exact_slope(a.graph, x)? };
    Ok(vec![Some(a.graph.mul(dy, slope)?)])
}

fn exact_slope(g: &mut Graph, x: Var) -> Result<Var> {
    let scaled = g.mul_scalar(x, FRAC_1_SQRT_2)?;
    let erf = g.erf(scaled)?;
    let raised = g.add_scalar(erf, 1.0)?;
    let distribution = g.mul_scalar(raised, 0.5)?;
    let square = g.square(x)?;
    let exponent = g.mul_scalar(square, -0.5)?;
    let bell = g.exp(exponent)?;
    let density = g.mul_scalar(bell, 1.0 / TAU.sqrt())?;
    let product = g.mul(x, density)?;
    g.add(distribution, product)
}

fn tanh_slope(g: &mut Graph, x: Var) -> Result<Var> {
    let root = FRAC_2_PI.sqrt();
    let square = g.square(x)?;
    let cubic = g.mul_scalar(square, CUBE * root)?;
    let factor = g.add_scalar(cubic, root)?;
    let inner = g.mul(x, factor)?;
    let tanh = g.tanh(inner)?;
    let raised = g.add_scalar(tanh, 1.0)?;
    let half = g.mul_scalar(raised, 0.5)?;
    // (1 - t^2) / 2 = (1 + t) / 2 * (1 - t).
    let negative = g.neg(tanh)?;
    let lowered = g.add_scalar(negative, 1.0)?;
    let steep = g.mul(half, lowered)?;
    let inner_square = g.mul_scalar(square, 3.0 * CUBE * root)?;
    let inner_slope = g.add_scalar(inner_square, root)?;
    let product = g.mul(steep, inner_slope)?;
    let product = g.mul(product, x)?;
    g.add(half, product)
}
