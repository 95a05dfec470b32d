//! `MaxPool`: `dy` added at the indices of the chosen elements, which the forward node is asked for.

use crate::{
    Result,
    rules::{Adjoint, Inputs, count},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x) = (a.dy()?, a.x(0)?);
    if a.node.attributes.int("storage_order", 0) != 0 {
        return Err(a.fail("indices in column-major order are not supported"));
    }
    // The indices count through the whole tensor.
    let indices = a.ask(1)?;
    let total = count(&a.graph.dims(x)?) as i64;
    let indices = a.graph.reshape(indices, &[-1])?;
    let updates = a.graph.reshape(dy, &[-1])?;
    let (dtype, shape) = (a.graph.dtype(x)?, a.graph.list(&[total]));
    let zeros = a.graph.filled(shape, dtype, 0.0)?;
    let flat = a.graph.scatter_add(zeros, indices, updates, 0)?;
    let shape = a.graph.shape_tensor(x)?;
    Ok(vec![Some(a.graph.reshape_to(flat, shape)?)])
}
