//! `Sub`, `y = a - b`: `da = dy`, `db = -dy`, summed over broadcast axes.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let dy = a.dy()?;
    let left = if a.wants(0) { a.reduced(dy, 0)? } else { None };
    let right = if a.wants(1) {
        // The sum is smaller than what it sums: negate after it.
        let sum = a.reduced(dy, 1)?;
        sum.map(|sum| a.graph.neg(sum)).transpose()?
    } else {
        None
    };
    Ok(vec![left, right])
}
