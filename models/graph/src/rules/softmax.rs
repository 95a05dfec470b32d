//! `Softmax`: `dx = y (dy - sum(dy y))`, the sum along the axis.
//!
//! The Jacobian of a softmax is `diag(y) - y y^T`.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, y) = (a.dy()?, a.y(0)?);
    let axis = a.node.attributes.int("axis", -1);
    let product = a.graph.mul(dy, y)?;
    let sum = a.graph.reduce_sum(product, &[axis], true)?;
    let centred = a.graph.sub(dy, sum)?;
    Ok(vec![Some(a.graph.mul(centred, y)?)])
}
