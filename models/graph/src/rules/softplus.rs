//! `Softplus`, `y = log(1 + exp(x))`: `dx = dy * sigmoid(x)`.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let slope = a.graph.sigmoid(x)?;
    Ok(vec![Some(a.graph.mul(dy, slope)?)])
}
