//! `RMSNormalization` (Zhang and Sennrich, 2019).
//!
//! With `r = 1 / sqrt(mean(x^2) + epsilon)` and `n = x r`, `y = n scale`. Let `dn = dy scale`; then
//! `dx = r (dn - n mean(dn n))`, `dscale = sum(dy n)`.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x, scale) = (a.dy()?, a.x(0)?, a.x(1)?);
    let rank = a.graph.rank(x)?;
    let axes: Vec<i64> = (a.axis(-1, rank)? as i64..rank as i64).collect();
    let epsilon = f64::from(a.node.attributes.float("epsilon", 1e-5));
    let square = a.graph.square(x)?;
    let mean = a.graph.reduce_mean(square, &axes, true)?;
    let raised = a.graph.add_scalar(mean, epsilon)?;
    let root = a.graph.sqrt(raised)?;
    let inverse = a.graph.reciprocal(root)?;
    let normal = a.graph.mul(x, inverse)?;
    let mut inputs = vec![None, None];
    if a.wants(0) {
        let inner = a.graph.mul(dy, scale)?;
        let product = a.graph.mul(inner, normal)?;
        let slope = a.graph.reduce_mean(product, &axes, true)?;
        let along = a.graph.mul(normal, slope)?;
        let rest = a.graph.sub(inner, along)?;
        inputs[0] = Some(a.graph.mul(rest, inverse)?);
    }
    if a.wants(1) {
        let product = a.graph.mul(dy, normal)?;
        inputs[1] = a.reduced(product, 1)?;
    }
    Ok(inputs)
}
