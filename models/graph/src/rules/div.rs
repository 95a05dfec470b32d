//! `Div`, `y = a / b`: `da = dy / b`, `db = -dy * y / b`, summed over broadcast axes.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, b, y) = (a.dy()?, a.x(1)?, a.y(0)?);
    let quotient = a.graph.div(dy, b)?;
    let left = if a.wants(0) { a.reduced(quotient, 0)? } else { None };
    let right = if a.wants(1) {
        let product = a.graph.mul(quotient, y)?;
        let sum = a.reduced(product, 1)?;
        sum.map(|sum| a.graph.neg(sum)).transpose()?
    } else {
        None
    };
    Ok(vec![left, right])
}
