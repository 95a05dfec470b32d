//! Operators that reduce axes to one element.

use crate::{
    Dim, Result,
    infer::{Request, Rule, Type},
};

pub(super) fn rule(key: &str) -> Option<Rule> {
    match key {
        "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd" | "ReduceL1" | "ReduceL2"
        | "ReduceLogSumExp" | "ReduceSumSquare" => Some(reduce),
        _ => None,
    }
}

fn reduce(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    let Some(data) = request.shape(0) else { return Ok(vec![Type::maybe(dtype, None)]) };
    let keep = request.node.attributes.int("keepdims", 1) != 0;
    let given = match (request.node.input(1), request.integers(1)) {
        (Some(_), None) => return Ok(vec![Type::maybe(dtype, None)]),
        (_, axes) => axes.unwrap_or_default(),
    };
    let axes: Vec<usize> = if !given.is_empty() {
        request.axes(&given, data.len())?
    } else if request.node.attributes.int("noop_with_empty_axes", 0) != 0 {
        Vec::new()
    } else {
        (0..data.len()).collect()
    };
    let reduced = data.iter().enumerate().filter_map(|(axis, dim)| match (axes.contains(&axis), keep) {
        (false, _) => Some(dim.clone()),
        (true, true) => Some(Dim::Fixed(1)),
        (true, false) => None,
    });
    Ok(vec![Type::new(dtype, reduced.collect())])
}
