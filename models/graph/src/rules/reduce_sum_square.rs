//! `ReduceSumSquare`, `y = sum(x^2)`: `dx = 2 dy x`.

use crate::{
    Result,
    rules::{Adjoint, Inputs, reduce_sum::kept},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let dy = kept(a, dy)?;
    let twice = a.graph.mul_scalar(dy, 2.0)?;
    Ok(vec![Some(a.graph.mul(twice, x)?), None])
}
