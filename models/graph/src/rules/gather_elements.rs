//! `GatherElements`: `dx` is zeros with `dy` added at the indices.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, data, indices) = (a.dy()?, a.x(0)?, a.x(1)?);
    let axis = a.node.attributes.int("axis", 0);
    let zeros = a.graph.zeros_like(data)?;
    Ok(vec![Some(a.graph.scatter_add(zeros, indices, dy, axis)?), None])
}
