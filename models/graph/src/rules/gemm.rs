//! `Gemm`, `Y = alpha A' B' + beta C`, where a prime is an optional transposition.
//!
//! `dA' = alpha dY B'^T`, `dB' = alpha A'^T dY`, `dC = beta` times the sum of dY over the axes along which C was
//! broadcast. Each is again one `Gemm`: where A was used transposed, `dA = (dA')^T = alpha B' dY^T`.

use crate::{
    Gemm, Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, left, right) = (a.dy()?, a.x(0)?, a.x(1)?);
    let attributes = &a.node.attributes;
    let (trans_a, trans_b) = (attributes.int("transA", 0) != 0, attributes.int("transB", 0) != 0);
    let (alpha, beta) = (attributes.float("alpha", 1.0), attributes.float("beta", 1.0));
    let form = |trans_a, trans_b| Gemm { trans_a, trans_b, alpha, beta: 1.0 };
    let mut inputs = vec![None, None, None];
    if a.wants(0) {
        inputs[0] = Some(if trans_a {
            a.graph.gemm(right, dy, None, form(trans_b, true))?
        } else {
            a.graph.gemm(dy, right, None, form(false, !trans_b))?
        });
    }
    if a.wants(1) {
        inputs[1] = Some(if trans_b {
            a.graph.gemm(dy, left, None, form(true, trans_a))?
        } else {
            a.graph.gemm(left, dy, None, form(!trans_a, false))?
        });
    }
    if a.wants(2) {
        let sum = a.reduced(dy, 2)?;
        inputs[2] = match sum {
            Some(sum) if beta != 1.0 => Some(a.graph.mul_scalar(sum, f64::from(beta))?),
            sum => sum,
        };
    }
    Ok(inputs)
}
