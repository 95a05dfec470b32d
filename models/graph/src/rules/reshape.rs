//! `Reshape`, `Flatten`, `Squeeze`, `Unsqueeze`: `dy` in x's shape.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let shape = a.graph.shape_tensor(x)?;
    Ok(vec![Some(a.graph.reshape_to(dy, shape)?), None])
}
