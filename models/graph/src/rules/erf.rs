//! `Erf`, `y = 2 / sqrt(pi) * integral of exp(-t^2) from 0 to x`: `dx = dy * 2 / sqrt(pi) * exp(-x^2)`.

use std::f64::consts::FRAC_2_SQRT_PI;

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let square = a.graph.square(x)?;
    let negative = a.graph.neg(square)?;
    let bell = a.graph.exp(negative)?;
    let slope = a.graph.mul_scalar(bell, FRAC_2_SQRT_PI)?;
    Ok(vec![Some(a.graph.mul(dy, slope)?)])
}
