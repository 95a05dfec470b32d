//! `Concat`: each input gets its own part of `dy`.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let dy = a.dy()?;
    let axis = a.axis(0, a.graph.rank(dy)?)?;
    let mut inputs = Vec::with_capacity(a.node.inputs.len());
    let mut start = 0;
    for index in 0..a.node.inputs.len() {
        let length = a.graph.dims(a.x(index)?)?[axis] as i64;
        let end = start + length;
        let wanted = a.wants(index);
        inputs.push(if wanted { Some(a.graph.slice(dy, axis as i64, start, end)?) } else { None });
        start = end;
    }
    Ok(inputs)
}
