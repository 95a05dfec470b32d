//! `LogSoftmax`: `dx = dy - exp(y) sum(dy)`, the sum along the axis.
//!
//! With a one-hot `dy` this is "softmax minus one-hot", the derivative of cross-entropy, without a division.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, y) = (a.dy()?, a.y(0)?);
    let axis = a.node.attributes.int("axis", -1);
    let sum = a.graph.reduce_sum(dy, &[axis], true)?;
    let probabilities = a.graph.exp(y)?;
    let product = a.graph.mul(probabilities, sum)?;
    Ok(vec![Some(a.graph.sub(dy, product)?)])
}
