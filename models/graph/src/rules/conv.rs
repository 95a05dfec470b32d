//! `Conv`, with strides, dilations, pads and groups, on one spatial axis or more for the data, on one for the weights.
//!
//! The data's adjoint is the transposed convolution of `dy` with the same weights. The weights' adjoint is a sum of
//! shifted products: for the element j of the window, `dW[:, :, j]` is the product of `dy` with the data shifted by
//! `j * dilation`, summed over rows and places. The bias's is `dy` summed over rows and places.

use crate::{
    Attributes, Result, Var,
    rules::{Adjoint, Inputs},
};

/// Windows of more elements than this would make graphs of as many nodes.
const WIDEST: usize = 1 << 12;

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let dy = a.dy()?;
    let mut inputs = vec![None, None, None];
    if a.wants(0) {
        inputs[0] = Some(data(a, dy)?);
    }
    if a.wants(1) {
        inputs[1] = Some(weights(a, dy)?);
    }
    if a.wants(2) {
        let rank = a.graph.rank(dy)? as i64;
        let axes: Vec<i64> = (0..rank).filter(|&axis| axis != 1).collect();
        inputs[2] = Some(a.graph.reduce_sum(dy, &axes, false)?);
    }
    Ok(inputs)
}

fn data(a: &mut Adjoint<'_>, dy: Var) -> Result<Var> {
    let (x, w) = (a.x(0)?, a.x(1)?);
    let (from, to, kernel) = (a.graph.dims(dy)?, a.graph.dims(x)?, a.graph.dims(w)?);
    let axes = from.len() - 2;
    let list = |name: &str, default: i64, length: usize| -> Vec<i64> {
        a.node.attributes.ints(name).map_or_else(|| vec![default; length], <[i64]>::to_vec)
    };
    let (strides, dilations, pads) =
        (list("strides", 1, axes), list("dilations", 1, axes), list("pads", 0, 2 * axes));
    // Elements at the end that no place of the window reached.
    let missed = (0..axes).map(|axis| {
        let reach = dilations[axis] * (kernel[axis + 2] as i64 - 1) + 1;
        let made = strides[axis] * (from[axis + 2] as i64 - 1) + reach - pads[axis] - pads[axis + axes];
        to[axis + 2] as i64 - made
    });
    let missed: Vec<i64> = missed.collect();
    let attributes = Attributes::new()
        .with("strides", strides)
        .with("dilations", dilations)
        .with("pads", pads)
        .with("group", a.node.attributes.int("group", 1))
        .with("output_padding", missed);
    a.graph.apply("ConvTranspose", &[dy, w], attributes)
}

fn weights(a: &mut Adjoint<'_>, dy: Var) -> Result<Var> {
    let (mut x, w) = (a.x(0)?, a.x(1)?);
    let (data, kernel, places) = (a.graph.dims(x)?, a.graph.dims(w)?, a.graph.dims(dy)?);
    let (&[rows, channels, length], &[out, each, width], &[_, _, places]) = (&*data, &*kernel, &*places)
    else {
        return Err(a.fail("weights of more than one spatial axis cannot be differentiated"));
    };
    if each == 0 || width > WIDEST {
        return Err(
            a.fail(format!("a window of {width} elements and {each} channels cannot be differentiated"))
        );
    }
    let first =
        |name: &str, default: i64| a.node.attributes.ints(name).map_or(default, |list| list[0]) as usize;
    let (stride, dilation) = (first("strides", 1), first("dilations", 1));
    let (before, after) =
        a.node.attributes.ints("pads").map_or((0, 0), |pads| (pads[0] as usize, pads[1] as usize));
    x = a.graph.pad(x, 2, before, after)?;
    let padded = length + before + after;
    let groups = channels / each;
    let grouped = |n: usize, each: usize, last: usize| [n as i64, groups as i64, each as i64, last as i64];
    let dy = if groups == 1 { dy } else { a.graph.reshape(dy, &grouped(rows, out / groups, places))? };
    let mut parts = Vec::with_capacity(width);
    for element in 0..width {
        let start = element * dilation;
        let end = (start + (places - 1) * stride + 1).min(padded);
        let seen = a.graph.slice_by(x, 2, start as i64, end as i64, stride as i64)?;
        let seen = if groups == 1 { seen } else { a.graph.reshape(seen, &grouped(rows, each, places))? };
        let sum = if out == groups && each == 1 {
            // Depthwise: one product a channel.
            let product = a.graph.mul(dy, seen)?;
            a.graph.reduce_sum(product, &[0, 3], false)?
        } else {
            let seen = a.graph.swapped(seen)?;
            let product = a.graph.matmul(dy, seen)?;
            a.graph.reduce_sum(product, &[0], false)?
        };
        parts.push(a.graph.reshape(sum, &[out as i64, each as i64, 1])?);
    }
    a.graph.concat(&parts, 2)
}
