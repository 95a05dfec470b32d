//! Functions whose derivative is one product: `Neg`, `Abs`, `Sqrt`, `Reciprocal`, `Exp`, `Log`.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

/// `y = -x`: `dx = -dy`.
pub(super) fn neg(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let dy = a.dy()?;
    Ok(vec![Some(a.graph.neg(dy)?)])
}

/// `y = |x|`: `dx = dy * sign(x)`, 0 at 0.
pub(super) fn abs(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    let sign = a.graph.sign(x)?;
    Ok(vec![Some(a.graph.mul(dy, sign)?)])
}

/// `y = sqrt(x)`: `dx = dy / (2 y)`.
pub(super) fn sqrt(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, y) = (a.dy()?, a.y(0)?);
    let half = a.graph.mul_scalar(dy, 0.5)?;
    Ok(vec![Some(a.graph.div(half, y)?)])
}

/// `y = 1 / x`: `dx = -dy * y^2`.
pub(super) fn reciprocal(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, y) = (a.dy()?, a.y(0)?);
    let square = a.graph.square(y)?;
    let product = a.graph.mul(dy, square)?;
    Ok(vec![Some(a.graph.neg(product)?)])
}

/// `y = exp(x)`: `dx = dy * y`.
pub(super) fn exp(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, y) = (a.dy()?, a.y(0)?);
    Ok(vec![Some(a.graph.mul(dy, y)?)])
}

/// `y = log(x)`: `dx = dy / x`.
pub(super) fn log(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    Ok(vec![Some(a.graph.div(dy, x)?)])
}
