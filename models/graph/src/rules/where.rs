//! `Where`, `y = a` where the condition holds, else `b`: each gets `dy` at its own places and 0 elsewhere.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, condition) = (a.dy()?, a.x(0)?);
    let zero = a.graph.scalar(a.graph.dtype(dy)?, 0.0);
    let mut inputs = vec![None, None, None];
    if a.wants(1) {
        let kept = a.graph.choose(condition, dy, zero)?;
        inputs[1] = a.reduced(kept, 1)?;
    }
    if a.wants(2) {
        let kept = a.graph.choose(condition, zero, dy)?;
        inputs[2] = a.reduced(kept, 2)?;
    }
    Ok(inputs)
}
