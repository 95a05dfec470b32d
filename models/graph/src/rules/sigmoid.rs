//! `Sigmoid`: `dx = dy * y * (1 - y)`.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, y) = (a.dy()?, a.y(0)?);
    let product = a.graph.mul(dy, y)?;
    let square = a.graph.mul(product, y)?;
    Ok(vec![Some(a.graph.sub(product, square)?)])
}
