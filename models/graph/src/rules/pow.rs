//! `Pow`, `y = x ^ p`: `dx = dy * p * x ^ (p - 1)`, `dp = dy * y * log(x)`, summed over broadcast axes.
//!
//! For the constants 2 and 0.5 the power is a product or the output itself. The derivative with respect to the exponent
//! exists for positive x only.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x, p, y) = (a.dy()?, a.x(0)?, a.x(1)?, a.y(0)?);
    let mut inputs = vec![None, None];
    if a.wants(0) {
        let dtype = a.graph.dtype(x)?;
        let constant = a.graph.tensor(p).filter(|tensor| tensor.len() == 1).map(|tensor| tensor.reals()[0]);
        let slope = match constant {
            Some(2.0) => a.graph.mul_scalar(x, 2.0)?,
            Some(0.5) => {
                let inverse = a.graph.reciprocal(y)?;
                a.graph.mul_scalar(inverse, 0.5)?
            }
            _ => {
                let exponent = a.graph.cast(p, dtype)?;
                let lower = a.graph.add_scalar(exponent, -1.0)?;
                let power = a.graph.pow(x, lower)?;
                a.graph.mul(power, exponent)?
            }
        };
        let product = a.graph.mul(dy, slope)?;
        inputs[0] = a.reduced(product, 0)?;
    }
    if a.wants(1) {
        let logarithm = a.graph.log(x)?;
        let slope = a.graph.mul(y, logarithm)?;
        let product = a.graph.mul(dy, slope)?;
        inputs[1] = a.reduced(product, 1)?;
    }
    Ok(inputs)
}
