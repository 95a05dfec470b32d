//! `Gather`, `y = x[.., indices, ..]`: `dx` is zero but where an index points, and there the sum of what it gave.
//!
//! As a product: with `H[v, n] = 1` where `indices[n] = v`, `dx = H dy`. A product has one order of summation, so the
//! result is the same at each run, which adding at random places by several threads is not. For a vocabulary of
//! thousands it is also fast. Where H would be large, the sum is a `ScatterElements` instead; one constant index is
//! padding with zeros.

use crate::{
    DataType, Result, Var,
    rules::{Adjoint, Inputs, count},
};

/// H of up to this many elements (32 MiB) is made.
const LARGEST: usize = 1 << 23;

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, data, indices) = (a.dy()?, a.x(0)?, a.x(1)?);
    let dims = a.graph.dims(data)?;
    let axis = a.axis(0, dims.len())?;
    let size = dims[axis];
    if a.graph.shape(indices)?.is_empty()
        && let Some(tensor) = a.graph.tensor(indices)
    {
        let index = tensor.integers()[0];
        let at = if index < 0 { index + size as i64 } else { index };
        let at =
            usize::try_from(at).ok().filter(|&at| at < size).ok_or_else(|| a.fail("index out of range"))?;
        let kept = a.graph.unsqueeze(dy, &[axis as i64])?;
        return Ok(vec![Some(a.graph.pad(kept, axis, at, size - 1 - at)?), None]);
    }
    let picked = count(&a.graph.dims(indices)?);
    let indices = a.graph.cast(indices, DataType::I64)?;
    let indices = a.graph.reshape(indices, &[-1])?;
    let (outer, inner) = (count(&dims[..axis]), count(&dims[axis + 1..]));
    let sum = if size.saturating_mul(picked) <= LARGEST {
        product(a, dy, indices, [outer, size, picked, inner])?
    } else {
        scatter(a, dy, indices, [outer, size, picked, inner])?
    };
    let shape = a.graph.shape_tensor(data)?;
    Ok(vec![Some(a.graph.reshape_to(sum, shape)?), None])
}

fn product(a: &mut Adjoint<'_>, dy: Var, indices: Var, sizes: [usize; 4]) -> Result<Var> {
    let [outer, _, count, inner] = sizes.map(|size| size as i64);
    let dtype = a.graph.dtype(dy)?;
    let half = matches!(dtype, DataType::F16 | DataType::BF16);
    let places = a.graph.one_hot(indices, sizes[1], 0, if half { DataType::F32 } else { dtype })?;
    let places = a.graph.cast(places, dtype)?;
    if outer == 1 {
        let rows = a.graph.reshape(dy, &[count, inner])?;
        return a.graph.gemm(places, rows, None, crate::Gemm::default());
    }
    let rows = a.graph.reshape(dy, &[outer, count, inner])?;
    a.graph.matmul(places, rows)
}

fn scatter(a: &mut Adjoint<'_>, dy: Var, indices: Var, sizes: [usize; 4]) -> Result<Var> {
    let [outer, size, count, inner] = sizes.map(|size| size as i64);
    let dtype = a.graph.dtype(dy)?;
    let rows = a.graph.reshape(dy, &[outer, count, inner])?;
    let indices = a.graph.reshape(indices, &[1, count, 1])?;
    let indices = a.graph.expand(indices, &[outer, count, inner])?;
    let shape = a.graph.list(&[outer, size, inner]);
    let zeros = a.graph.filled(shape, dtype, 0.0)?;
    a.graph.scatter_add(zeros, indices, rows, 1)
}
