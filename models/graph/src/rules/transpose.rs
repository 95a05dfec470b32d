//! `Transpose`: the axes of `dy` go back to where they were.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let dy = a.dy()?;
    let rank = a.graph.rank(dy)?;
    let mut inverse: Vec<usize> = (0..rank).rev().collect();
    if let Some(order) = a.node.attributes.ints("perm") {
        for (at, &axis) in order.iter().enumerate() {
            inverse[a.counted(axis, rank)?] = at;
        }
    }
    Ok(vec![Some(a.graph.transpose(dy, &inverse)?)])
}
