//! `Clip`: `dx = dy` where x lies within the bounds, else 0. The bounds have no adjoint.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (mut dx, x) = (a.dy()?, a.x(0)?);
    if a.wants(1) || a.wants(2) {
        return Err(a.fail("a bound cannot be differentiated"));
    }
    if let Some(low) = a.node.input(1) {
        let within = a.graph.greater_or_equal(x, low)?;
        dx = a.graph.choose_or_zero(within, dx)?;
    }
    if let Some(high) = a.node.input(2) {
        let within = a.graph.less_or_equal(x, high)?;
        dx = a.graph.choose_or_zero(within, dx)?;
    }
    Ok(vec![Some(dx)])
}
