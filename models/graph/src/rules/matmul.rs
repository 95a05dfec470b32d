//! `MatMul`, `Y = A B` on the last two axes: `dA = dY B^T`, `dB = A^T dY`, summed over broadcast axes.
//!
//! Where B is a matrix and A a stack of rows, all rows are one matrix: both adjoints are single `Gemm`s, and no stack of
//! weight gradients is made only to be summed. `FusedMatMul` of ONNX Runtime multiplies by `alpha` and may transpose, and
//! its adjoints are `FusedMatMul`s.

use crate::{
    Attributes, Gemm, Graph, Result, Var,
    graph::MICROSOFT,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, left, right) = (a.dy()?, a.x(0)?, a.x(1)?);
    let (rows, columns) = (a.graph.rank(left)?, a.graph.rank(right)?);
    if columns == 2 && rows >= 2 {
        return flat(a, dy, left, right, rows);
    }
    // A vector is a matrix of one row on the left, of one column on the right.
    let (mut left, mut right, mut dy) = (left, right, dy);
    if columns == 1 {
        right = a.graph.unsqueeze(right, &[1])?;
        dy = a.graph.unsqueeze(dy, &[-1])?;
    }
    if rows == 1 {
        left = a.graph.unsqueeze(left, &[0])?;
        dy = a.graph.unsqueeze(dy, &[-2])?;
    }
    let mut inputs = vec![None, None];
    if a.wants(0) {
        let flipped = a.graph.swapped(right)?;
        let product = a.graph.matmul(dy, flipped)?;
        inputs[0] = Some(shaped(a, product, left, 0)?);
    }
    if a.wants(1) {
        let flipped = a.graph.swapped(left)?;
        let product = a.graph.matmul(flipped, dy)?;
        inputs[1] = Some(shaped(a, product, right, 1)?);
    }
    Ok(inputs)
}

/// Sums a product to a factor as it was multiplied, and gives it the shape the input has.
fn shaped(a: &mut Adjoint<'_>, product: Var, factor: Var, index: usize) -> Result<Var> {
    let sum = a.graph.sum_to(product, factor)?;
    let input = a.x(index)?;
    if input == factor {
        return Ok(sum);
    }
    let shape = a.graph.shape_tensor(input)?;
    a.graph.reshape_to(sum, shape)
}

fn flat(a: &mut Adjoint<'_>, dy: Var, left: Var, right: Var, rank: usize) -> Result<Inputs> {
    let flatten = |g: &mut Graph, var: Var| -> Result<Var> {
        if rank == 2 {
            return Ok(var);
        }
        let shape = g.shape(var)?;
        // With a number at hand the reshape stays static.
        let width = shape[rank - 1].fixed().map_or(-1, |width| width as i64);
        if width < 0 {
            let axis = g.dims(var)?[rank - 1] as i64;
            return g.reshape(var, &[-1, axis]);
        }
        g.reshape(var, &[-1, width])
    };
    let mut inputs = vec![None, None];
    let flat_dy = flatten(a.graph, dy)?;
    if a.wants(0) {
        let product = a.graph.gemm(flat_dy, right, None, Gemm { trans_b: true, ..Gemm::default() })?;
        inputs[0] = Some(if rank == 2 {
            product
        } else {
            let shape = a.graph.shape_tensor(left)?;
            a.graph.reshape_to(product, shape)?
        });
    }
    if a.wants(1) {
        let rows = flatten(a.graph, left)?;
        inputs[1] = Some(a.graph.gemm(rows, flat_dy, None, Gemm { trans_a: true, ..Gemm::default() })?);
    }
    Ok(inputs)
}

pub(super) fn fused(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, left, right) = (a.dy()?, a.x(0)?, a.x(1)?);
    let attributes = &a.node.attributes;
    if attributes.int("transBatchA", 0) != 0 || attributes.int("transBatchB", 0) != 0 {
        return Err(a.fail("transposed batches are not supported"));
    }
    if a.graph.rank(left)? < 2 || a.graph.rank(right)? < 2 {
        return Err(a.fail("vectors are not supported"));
    }
    let (trans_a, trans_b) = (attributes.int("transA", 0) != 0, attributes.int("transB", 0) != 0);
    let alpha = attributes.float("alpha", 1.0);
    let mut inputs = vec![None, None];
    if a.wants(0) {
        let product = if trans_a {
            product(a.graph, right, dy, trans_b, true, alpha)?
        } else {
            product(a.graph, dy, right, false, !trans_b, alpha)?
        };
        inputs[0] = Some(a.graph.sum_to(product, left)?);
    }
    if a.wants(1) {
        let product = if trans_b {
            product(a.graph, dy, left, true, trans_a, alpha)?
        } else {
            product(a.graph, left, dy, !trans_a, false, alpha)?
        };
        inputs[1] = Some(a.graph.sum_to(product, right)?);
    }
    Ok(inputs)
}

fn product(g: &mut Graph, a: Var, b: Var, trans_a: bool, trans_b: bool, alpha: f32) -> Result<Var> {
    let attributes = Attributes::new().with("alpha", alpha).with("transA", trans_a).with("transB", trans_b);
    Ok(g.node("FusedMatMul", MICROSOFT, &[Some(a), Some(b)], attributes, 1)?[0])
}
