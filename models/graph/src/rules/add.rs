//! `Add` and `Sum`: each input's adjoint is the output's, summed over the axes along which the input was broadcast.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let dy = a.dy()?;
    (0..a.node.inputs.len())
        .map(|index| if a.wants(index) { a.reduced(dy, index) } else { Ok(None) })
        .collect()
}
