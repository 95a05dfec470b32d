//! `Pad` with a constant: the part of `dy` that is x; where an axis was cut (negative pads), zeros.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (mut dx, x) = (a.dy()?, a.x(0)?);
    if a.node.attributes.text("mode", "constant") != "constant" {
        return Err(a.fail("only padding with a constant can be differentiated"));
    }
    if a.wants(2) {
        return Err(a.fail("the constant cannot be differentiated"));
    }
    let rank = a.graph.rank(x)?;
    let pads = a.constants(1)?.unwrap_or_default();
    let along = a.constants(3)?.unwrap_or_else(|| (0..rank as i64).collect());
    if pads.len() != 2 * along.len() {
        return Err(a.fail("two pads for each axis"));
    }
    for (at, &given) in along.iter().enumerate() {
        let axis = a.counted(given, rank)?;
        let (before, after) = (pads[at], pads[at + along.len()]);
        if before > 0 || after > 0 {
            let size = a.graph.dims(dx)?[axis] as i64;
            dx = a.graph.slice(dx, axis as i64, before.max(0), size - after.max(0))?;
        }
        let cut = |pad: i64| usize::try_from(pad.saturating_neg()).unwrap_or(0);
        dx = a.graph.pad(dx, axis, cut(before), cut(after))?;
    }
    Ok(vec![Some(dx), None, None, None])
}
