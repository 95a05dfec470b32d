//! `LayerNormalization` (Ba, Kiros and Hinton, 2016).
//!
//! With `n = (x - mean) r`, where `r` is the reciprocal of the standard deviation, `y = n scale + bias`. Let
//! `dn = dy scale`; then, with means over the normalised axes,
//! `dx = r (dn - mean(dn) - n mean(dn n))`, `dscale = sum(dy n)`, `dbias = sum(dy)`, the sums over the other axes.
//!
//! `mean` and `r` are the second and third output of the forward node: `[.., 1]`, two numbers a row.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, x, scale) = (a.dy()?, a.x(0)?, a.x(1)?);
    if a.outputs.iter().skip(1).any(Option::is_some) {
        return Err(a.fail("its statistics cannot be differentiated"));
    }
    let rank = a.graph.rank(x)?;
    let axes: Vec<i64> = (a.axis(-1, rank)? as i64..rank as i64).collect();
    let dtype = a.graph.dtype(x)?;
    let mut inputs = vec![None, None, None];
    if a.wants(0) || a.wants(1) {
        let (mean, inverse) = (a.ask(1)?, a.ask(2)?);
        let (mean, inverse) = (a.graph.cast(mean, dtype)?, a.graph.cast(inverse, dtype)?);
        let centred = a.graph.sub(x, mean)?;
        let normal = a.graph.mul(centred, inverse)?;
        if a.wants(0) {
            let inner = a.graph.mul(dy, scale)?;
            let average = a.graph.reduce_mean(inner, &axes, true)?;
            let product = a.graph.mul(inner, normal)?;
            let slope = a.graph.reduce_mean(product, &axes, true)?;
            let along = a.graph.mul(normal, slope)?;
            let rest = a.graph.sub(inner, average)?;
            let rest = a.graph.sub(rest, along)?;
            inputs[0] = Some(a.graph.mul(rest, inverse)?);
        }
        if a.wants(1) {
            let product = a.graph.mul(dy, normal)?;
            inputs[1] = a.reduced(product, 1)?;
        }
    }
    if a.wants(2) {
        inputs[2] = a.reduced(dy, 2)?;
    }
    Ok(inputs)
}
