//! `DFT`, a linear map: its adjoint is the conjugate transpose.
//!
//! With L the length and complex numbers as pairs, the forward transform is `y = F x` and the inverse `y = F* x / L`.
//! So `dx = F* dy = L IDFT(dy)` for the forward and `dx = F dy / L = DFT(dy) / L` for the inverse transform. Frequencies
//! that a one-sided transform left out have no adjoint: zeros. A real x takes the real part.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (mut dy, x) = (a.dy()?, a.x(0)?);
    let dims = a.graph.dims(x)?;
    let rank = dims.len();
    let axis = a.counted(a.constants(2)?.and_then(|axes| axes.first().copied()).unwrap_or(-2), rank)?;
    let inverse = a.node.attributes.int("inverse", 0) != 0;
    let given = a.constants(1)?.and_then(|list| list.first().copied());
    let length = given.map_or(Some(dims[axis]), |given| usize::try_from(given).ok());
    let length = length.ok_or_else(|| a.fail("a negative length"))?;
    let frequencies = a.graph.dims(dy)?[axis];
    dy = a.graph.pad(dy, axis, 0, length.saturating_sub(frequencies))?;
    let turned = a.graph.dft(dy, axis as i64, !inverse, false)?;
    let scale = if inverse { 1.0 / length as f64 } else { length as f64 };
    let mut dx = a.graph.mul_scalar(turned, scale)?;
    if length > dims[axis] {
        dx = a.graph.slice(dx, axis as i64, 0, dims[axis] as i64)?;
    } else {
        dx = a.graph.pad(dx, axis, 0, dims[axis] - length)?;
    }
    if dims[rank - 1] == 1 {
        dx = a.graph.slice(dx, -1, 0, 1)?;
    }
    Ok(vec![Some(dx), None, None])
}
