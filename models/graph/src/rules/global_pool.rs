//! `GlobalAveragePool`: `dy` over the number of places. `GlobalMaxPool`: `dy` at the largest element, in equal parts
//! where several are.

use crate::{
    Result,
    rules::{Adjoint, Inputs, count},
};

pub(super) fn average(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let places = count(&a.graph.dims(x)?[2..]);
    let part = a.graph.mul_scalar(dy, 1.0 / places as f64)?;
    let shape = a.graph.shape_tensor(x)?;
    Ok(vec![Some(a.graph.expand_to(part, shape)?)])
}

pub(super) fn max(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x, y) = (a.dy()?, a.x(0)?, a.y(0)?);
    let axes: Vec<i64> = (2..a.graph.rank(x)? as i64).collect();
    let dtype = a.graph.dtype(x)?;
    let same = a.graph.equal(x, y)?;
    let chosen = a.graph.as_number(same, dtype)?;
    let count = a.graph.reduce_sum(chosen, &axes, true)?;
    let share = a.graph.div(dy, count)?;
    Ok(vec![Some(a.graph.mul(chosen, share)?)])
}
