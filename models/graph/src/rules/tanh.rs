//! `Tanh`: `dx = dy * (1 - y^2)`.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, y) = (a.dy()?, a.y(0)?);
    let square = a.graph.square(y)?;
    let product = a.graph.mul(dy, square)?;
    Ok(vec![Some(a.graph.sub(dy, product)?)])
}
