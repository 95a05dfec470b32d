//! `Expand`: `dy` summed over the axes along which x was repeated.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let dy = a.dy()?;
    Ok(vec![a.reduced(dy, 0)?, None])
}
