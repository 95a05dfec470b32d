//! `ReduceMax` and `ReduceMin`: `dy` goes to the element that was chosen, in equal parts where several are equal.

use crate::{
    Result,
    rules::{
        Adjoint, Inputs,
        reduce_sum::{axes, kept},
    },
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x, y) = (a.dy()?, a.x(0)?, a.y(0)?);
    let reduced: Vec<i64> = axes(a)?.into_iter().map(|axis| axis as i64).collect();
    if reduced.is_empty() {
        return Ok(vec![Some(dy), None]);
    }
    let (dy, y) = (kept(a, dy)?, kept(a, y)?);
    let dtype = a.graph.dtype(x)?;
    let same = a.graph.equal(x, y)?;
    let chosen = a.graph.as_number(same, dtype)?;
    let count = a.graph.reduce_sum(chosen, &reduced, true)?;
    let share = a.graph.div(dy, count)?;
    Ok(vec![Some(a.graph.mul(chosen, share)?), None])
}
