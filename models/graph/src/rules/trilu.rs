//! `Trilu`: the same triangle of `dy`.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let mut inputs = a.node.inputs.clone();
    inputs[0] = Some(a.dy()?);
    let attributes = a.node.attributes.clone();
    Ok(vec![Some(a.graph.apply_optional("Trilu", &inputs, attributes)?), None])
}
