//! `GatherND`: `dx` is zeros with `dy` added at the indices.

use crate::{
    Attributes, Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, data, indices) = (a.dy()?, a.x(0)?, a.x(1)?);
    if a.node.attributes.int("batch_dims", 0) != 0 {
        return Err(a.fail("batch dimensions are not supported"));
    }
    let zeros = a.graph.zeros_like(data)?;
    let attributes = Attributes::new().with("reduction", "add");
    Ok(vec![Some(a.graph.apply("ScatterND", &[zeros, indices, dy], attributes)?), None])
}
