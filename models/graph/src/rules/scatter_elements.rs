//! `ScatterElements`: the updates' adjoint is `dy` at the indices; the data's is `dy`, with zeros at the indices where
//! updates replaced the data instead of being added.

use crate::{
    Attributes, Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, indices, updates) = (a.dy()?, a.x(1)?, a.x(2)?);
    let axis = a.node.attributes.int("axis", 0);
    let replaced = match a.node.attributes.text("reduction", "none") {
        "none" => true,
        "add" => false,
        other => return Err(a.fail(format!("the reduction {other} cannot be differentiated"))),
    };
    let mut inputs = vec![None, None, None];
    if a.wants(0) {
        inputs[0] = Some(if replaced {
            let zeros = a.graph.zeros_like(updates)?;
            a.graph.apply("ScatterElements", &[dy, indices, zeros], Attributes::new().with("axis", axis))?
        } else {
            dy
        });
    }
    if a.wants(2) {
        inputs[2] = Some(a.graph.gather_elements(dy, indices, axis)?);
    }
    Ok(inputs)
}
