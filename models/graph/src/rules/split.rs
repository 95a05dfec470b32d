//! `Split`: the parts' adjoints side by side, zeros for a part that the loss does not depend on.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let axis = a.node.attributes.int("axis", 0);
    let mut parts = Vec::with_capacity(a.outputs.len());
    for (index, adjoint) in a.outputs.clone().into_iter().enumerate() {
        parts.push(if let Some(adjoint) = adjoint {
            adjoint
        } else {
            let y = a.y(index)?;
            a.graph.zeros_like(y)?
        });
    }
    Ok(vec![Some(a.graph.concat(&parts, axis)?), None])
}
