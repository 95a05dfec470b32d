//! `ReduceSum` and `ReduceMean`: `dy` repeated along the reduced axes, divided by their length for the mean.

use crate::{
    Result, Var,
    rules::{Adjoint, Inputs, count},
};

/// Returns the axes that a reduction reduces, counted from the front.
pub(super) fn axes(a: &Adjoint<'_>) -> Result<Vec<usize>> {
    let rank = a.graph.rank(a.x(0)?)?;
    match a.constants(1)?.filter(|axes| !axes.is_empty()) {
        Some(axes) => axes.into_iter().map(|axis| a.counted(axis, rank)).collect(),
        None if a.node.attributes.int("noop_with_empty_axes", 0) != 0 => Ok(Vec::new()),
        None => Ok((0..rank).collect()),
    }
}

/// Returns a reduced value with its reduced axes in place, with length 1.
pub(super) fn kept(a: &mut Adjoint<'_>, reduced: Var) -> Result<Var> {
    if a.node.attributes.int("keepdims", 1) != 0 {
        return Ok(reduced);
    }
    let mut axes: Vec<i64> = axes(a)?.into_iter().map(|axis| axis as i64).collect();
    axes.sort_unstable();
    if axes.is_empty() { Ok(reduced) } else { a.graph.unsqueeze(reduced, &axes) }
}

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let dy = kept(a, dy)?;
    let shape = a.graph.shape_tensor(x)?;
    Ok(vec![Some(a.graph.expand_to(dy, shape)?), None])
}

pub(super) fn mean(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let dims = a.graph.dims(x)?;
    let reduced: Vec<usize> = axes(a)?.into_iter().map(|axis| dims[axis]).collect();
    // Before it is repeated, it is small.
    let dy = a.graph.mul_scalar(dy, 1.0 / count(&reduced) as f64)?;
    let dy = kept(a, dy)?;
    let shape = a.graph.shape_tensor(x)?;
    Ok(vec![Some(a.graph.expand_to(dy, shape)?), None])
}
