//! `Slice`: `dy` at the places it was taken from, zeros elsewhere.
//!
//! A step s > 1 is undone by putting s - 1 zeros behind each element, a negative step by turning the axis around first.

use crate::{
    Result, Var,
    infer::sliced,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (mut dx, x) = (a.dy()?, a.x(0)?);
    let dims = a.graph.dims(x)?;
    let starts = a.constants(1)?.unwrap_or_default();
    let ends = a.constants(2)?.unwrap_or_default();
    let given = a.constants(3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = a.constants(4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), given.len(), steps.len()] != [starts.len(); 3] {
        return Err(a.fail("starts, ends, axes and steps do not agree"));
    }
    for (at, &axis) in given.iter().enumerate() {
        let axis = a.counted(axis, dims.len())?;
        let (first, count) = sliced(dims[axis], starts[at], ends[at], steps[at]);
        dx = placed(a, dx, axis, dims[axis], first, count, steps[at])?;
    }
    Ok(vec![Some(dx), None, None, None, None])
}

fn placed(
    a: &mut Adjoint<'_>,
    part: Var,
    axis: usize,
    size: usize,
    first: usize,
    count: usize,
    step: i64,
) -> Result<Var> {
    if count == 0 {
        return a.graph.pad(part, axis, 0, size);
    }
    let (mut part, stride) = (part, step.unsigned_abs() as usize);
    let lowest = if step < 0 { first - (count - 1) * stride } else { first };
    if step < 0 {
        part = a.graph.slice_by(part, axis as i64, -1, i64::MIN, -1)?;
    }
    let mut length = count;
    if stride > 1 {
        let mut spread: Vec<i64> = a.graph.dims(part)?.iter().map(|&size| size as i64).collect();
        spread[axis] = (count * stride) as i64;
        part = a.graph.unsqueeze(part, &[axis as i64 + 1])?;
        part = a.graph.pad(part, axis + 1, 0, stride - 1)?;
        part = a.graph.reshape(part, &spread)?;
        // What lies behind the last element may lie behind the axis's end.
        length = (count - 1) * stride + 1;
        part = a.graph.slice(part, axis as i64, 0, length as i64)?;
    }
    a.graph.pad(part, axis, lowest, size - lowest - length)
}
