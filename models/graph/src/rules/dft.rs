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
    let axis = a.counted(a.constants(2)?.map_or(-2, |axes| axes[0]), rank)?;
    let inverse = a.node.attributes.int("inverse", 0) != 0;
    let length = a.constants(1)?.map_or(dims[axis], |list| list[0] as usize);
    let frequencies = a.graph.dims(dy)?[axis];
    dy = a.graph.pad(dy, axis, 0, length - frequencies)?;
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
