//! `Relu`: `dx = dy` where x is positive, else 0, at 0 as well.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, y) = (a.dy()?, a.y(0)?);
    let zero = a.graph.scalar(a.graph.dtype(y)?, 0.0);
    // The output is positive exactly where the input is, and is kept anyway.
    let positive = a.graph.greater(y, zero)?;
    Ok(vec![Some(a.graph.choose_or_zero(positive, dy)?)])
}
