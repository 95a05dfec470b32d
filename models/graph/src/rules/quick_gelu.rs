//! `QuickGelu` of ONNX Runtime, `y = x s` with `s = sigmoid(alpha x)`: `dx = dy (s + alpha y (1 - s))`.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x, y) = (a.dy()?, a.x(0)?, a.y(0)?);
    let alpha = f64::from(a.node.attributes.float("alpha", 1.702));
    let scaled = a.graph.mul_scalar(x, alpha)?;
    let gate = a.graph.sigmoid(scaled)?;
    let product = a.graph.mul(y, gate)?;
    let rest = a.graph.sub(y, product)?;
    let rest = a.graph.mul_scalar(rest, alpha)?;
    let slope = a.graph.add(gate, rest)?;
    Ok(vec![Some(a.graph.mul(dy, slope)?)])
}
