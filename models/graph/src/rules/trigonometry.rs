//! `Sin` and `Cos`.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

/// `y = sin(x)`: `dx = dy * cos(x)`.
pub(super) fn sin(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let cosine = a.graph.cos(x)?;
    Ok(vec![Some(a.graph.mul(dy, cosine)?)])
}

/// `y = cos(x)`: `dx = -dy * sin(x)`.
pub(super) fn cos(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let sine = a.graph.sin(x)?;
    let product = a.graph.mul(dy, sine)?;
    Ok(vec![Some(a.graph.neg(product)?)])
}
