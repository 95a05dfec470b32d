//! `Mul`, `y = a * b`: `da = dy * b`, `db = dy * a`, summed over broadcast axes.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let dy = a.dy()?;
    let mut inputs = vec![None, None];
    for index in [0, 1] {
        if a.wants(index) {
            let other = a.x(1 - index)?;
            let product = a.graph.mul(dy, other)?;
            inputs[index] = a.reduced(product, index)?;
        }
    }
    Ok(inputs)
}
