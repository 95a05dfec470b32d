//! `Cast` between floating-point types: `dx` is `dy` in x's type. Casts to integers stop the derivative.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let dtype = a.graph.dtype(x)?;
    Ok(vec![Some(a.graph.cast(dy, dtype)?)])
}
