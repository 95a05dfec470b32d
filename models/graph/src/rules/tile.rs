//! `Tile`: with each axis split into repeats and places, `dy` summed over the repeats.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let dims = a.graph.dims(x)?;
    let times = a.constants(1)?.unwrap_or_default();
    let split: Vec<i64> = times.iter().zip(&dims).flat_map(|(&times, &size)| [times, size as i64]).collect();
    let repeats: Vec<i64> = (0..dims.len() as i64).map(|axis| 2 * axis).collect();
    let dy = a.graph.reshape(dy, &split)?;
    Ok(vec![Some(a.graph.reduce_sum(dy, &repeats, false)?), None])
}
