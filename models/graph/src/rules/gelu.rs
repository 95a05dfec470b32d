//! `Gelu` (Hendrycks and Gimpel, 2016).
//!
//! Exact, with the normal distribution's cumulative `P` and density `p`: `y = x P(x)`, `dx = dy (P(x) + x p(x))`.
//! Tanh form, with `u = sqrt(2 / pi) (x + 0.044715 x^3)` and `t = tanh(u)`: `y = x (1 + t) / 2`,
//! `dx = dy ((1 + t) / 2 + x (1 - t^2) u' / 2)`, `u' = sqrt(2 / pi) (1 + 3 * 0.044715 x^2)`.
//!
//! `P` or `t` is computed again: of the forward pass only x is kept.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, FRAC_2_SQRT_PI};

use crate::{
    DataType, Graph, Result, Var,
    rules::{Adjoint, Inputs},
};

const CUBE: f64 = 0.044_715;

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let tanh = a.node.operator() == "FastGelu" || a.node.attributes.text("approximate", "none") == "tanh";
    if a.node.input(1).is_some() {
        return Err(a.fail("a bias inside is not supported"));
    }
    // In half precision a dozen roundings would add up.
    let dtype = a.graph.dtype(x)?;
    let inner = if dtype == DataType::F64 { dtype } else { DataType::F32 };
    let (x, dy) = (a.graph.cast(x, inner)?, a.graph.cast(dy, inner)?);
    let slope = if tanh { tanh_slope(a.graph, x)? } else { exact_slope(a.graph, x)? };
    let dx = a.graph.mul(dy, slope)?;
    Ok(vec![Some(a.graph.cast(dx, dtype)?)])
}

fn exact_slope(g: &mut Graph, x: Var) -> Result<Var> {
    // With u = x / sqrt(2): P = (1 + erf(u)) / 2 and x p = u exp(-u^2) / sqrt(pi), so that the slope is
    // (1 + erf(u) + u exp(log(2 / sqrt(pi)) - u^2)) / 2: each factor costs a pass over the largest tensor of a layer.
    let scaled = g.mul_scalar(x, FRAC_1_SQRT_2)?;
    let erf = g.erf(scaled)?;
    let square = g.square(scaled)?;
    let logarithm = g.scalar(g.dtype(x)?, FRAC_2_SQRT_PI.ln());
    let exponent = g.sub(logarithm, square)?;
    let bell = g.exp(exponent)?;
    let product = g.mul(scaled, bell)?;
    let sum = g.add(erf, product)?;
    let raised = g.add_scalar(sum, 1.0)?;
    g.mul_scalar(raised, 0.5)
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
