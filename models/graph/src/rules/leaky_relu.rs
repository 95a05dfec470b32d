//! `LeakyRelu`, `y = x` or `alpha * x` below 0: `dx = dy` or `alpha * dy`.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let alpha = f64::from(a.node.attributes.float("alpha", 0.01));
    let zero = a.graph.scalar(a.graph.dtype(x)?, 0.0);
    let negative = a.graph.less(x, zero)?;
    let scaled = a.graph.mul_scalar(dy, alpha)?;
    Ok(vec![Some(a.graph.choose(negative, scaled, dy)?)])
}
