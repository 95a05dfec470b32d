//! `ReduceLogSumExp`: `dx = dy exp(x - y)`, which is dy times the softmax.

use crate::{
    Result,
    rules::{Adjoint, Inputs, reduce_sum::kept},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x, y) = (a.dy()?, a.x(0)?, a.y(0)?);
    let (dy, y) = (kept(a, dy)?, kept(a, y)?);
    let difference = a.graph.sub(x, y)?;
    let share = a.graph.exp(difference)?;
    Ok(vec![Some(a.graph.mul(share, dy)?), None])
}
