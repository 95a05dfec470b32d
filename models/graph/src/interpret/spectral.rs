//! The discrete Fourier transform, by its definition.

use std::f64::consts::TAU;

use ndarray::{ArrayD, Axis, IxDyn};

use crate::{
    Result,
    interpret::{Array, Call, Rule},
};

pub(super) fn rule(key: &str) -> Option<Rule> {
    (key == "DFT").then_some(dft as Rule)
}

/// Sums `x[n] exp(-2 pi i k n / length)`, with the sign turned and divided by the length for the inverse.
fn dft(call: &Call<'_>) -> Result<Vec<Array>> {
    let x = call.real(0)?;
    let rank = x.ndim();
    let axis = call.list(2)?.and_then(|axes| axes.first().copied()).unwrap_or(-2);
    let axis = call.axis(axis, rank)?;
    let parts = x.shape().last().copied().unwrap_or(0);
    if axis + 1 == rank || !(1..=2).contains(&parts) {
        return Err(call.fail("the last axis holds one real or two complex parts"));
    }
    let (inverse, one_sided) = (call.int("inverse", 0) != 0, call.int("onesided", 0) != 0);
    let given = x.shape()[axis];
    let length = match call.list(1)?.and_then(|list| list.first().copied()) {
        Some(length) => usize::try_from(length).map_err(|_| call.fail("a negative length"))?,
        None => given,
    };
    let frequencies = if one_sided { length / 2 + 1 } else { length };
    let mut dims = x.shape().to_vec();
    dims[axis] = frequencies;
    dims[rank - 1] = 2;
    let mut y = ArrayD::<f64>::zeros(IxDyn(&dims));
    let sign = if inverse { 1.0 } else { -1.0 };
    let scale = if inverse { 1.0 / length as f64 } else { 1.0 };
    let real = x.index_axis(Axis(rank - 1), 0);
    let imaginary = (parts == 2).then(|| x.index_axis(Axis(rank - 1), 1));
    for frequency in 0..frequencies {
        for place in 0..length.min(given) {
            // Reduced before it is a float, so that long transforms stay exact.
            let angle = sign * TAU * ((frequency * place) % length) as f64 / length as f64;
            let (sine, cosine) = (angle.sin() * scale, angle.cos() * scale);
            let re = real.index_axis(Axis(axis), place);
            let mut out = y.index_axis_mut(Axis(axis), frequency);
            let last = Axis(rank - 2);
            out.index_axis_mut(last, 0).scaled_add(cosine, &re);
            out.index_axis_mut(last, 1).scaled_add(sine, &re);
            if let Some(imaginary) = &imaginary {
                let im = imaginary.index_axis(Axis(axis), place);
                out.index_axis_mut(last, 0).scaled_add(-sine, &im);
                out.index_axis_mut(last, 1).scaled_add(cosine, &im);
            }
        }
    }
    Ok(vec![Array::Real(y)])
}
