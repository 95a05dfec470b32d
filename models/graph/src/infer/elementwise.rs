//! Operators that work element by element, with broadcasting.

use crate::{
    DataType, Dim, Result, Shape,
    infer::{Request, Rule, Type},
};

pub(super) fn rule(key: &str) -> Option<Rule> {
    Some(match key {
        "Neg"
        | "Abs"
        | "Sign"
        | "Sqrt"
        | "Reciprocal"
        | "Exp"
        | "Log"
        | "Erf"
        | "Tanh"
        | "Sigmoid"
        | "Sin"
        | "Cos"
        | "Relu"
        | "Floor"
        | "Ceil"
        | "Round"
        | "Softplus"
        | "LeakyRelu"
        | "Elu"
        | "HardSigmoid"
        | "HardSwish"
        | "Gelu"
        | "com.microsoft:Gelu"
        | "com.microsoft:FastGelu"
        | "com.microsoft:QuickGelu"
        | "Identity"
        | "Softmax"
        | "LogSoftmax"
        | "Clip"
        | "CumSum"
        | "Trilu"
        | "RMSNormalization"
        | "Not" => same,
        "IsNaN" | "IsInf" => test,
        "Add" | "Sub" | "Mul" | "Div" | "Mod" | "Min" | "Max" | "Sum" | "Mean" | "And" | "Or" | "Xor" => {
            arithmetic
        }
        "Pow" => power,
        "Equal" | "Less" | "LessOrEqual" | "Greater" | "GreaterOrEqual" => comparison,
        "Where" => choice,
        "Cast" => cast,
        "CastLike" => cast_like,
        "DequantizeLinear" => dequantize,
        "Dropout" => dropout,
        "LayerNormalization" => layer_normalization,
        _ => return None,
    })
}

/// Returns the shape of two that are broadcast, or why they cannot be.
pub(crate) fn broadcast(a: &[Dim], b: &[Dim]) -> Result<Shape, String> {
    let rank = a.len().max(b.len());
    let at = |dims: &[Dim], axis: usize| {
        (axis + dims.len()).checked_sub(rank).map_or(Dim::Fixed(1), |index| dims[index].clone())
    };
    let one = |axis| match (at(a, axis), at(b, axis)) {
        (left, right) if left == right => Ok(left),
        (Dim::Fixed(1), other) | (other, Dim::Fixed(1)) => Ok(other),
        // A name beside a number: at run time it is that number or 1, and the result is the number.
        (Dim::Fixed(size), Dim::Symbol(_)) | (Dim::Symbol(_), Dim::Fixed(size)) => Ok(Dim::Fixed(size)),
        (Dim::Symbol(left), Dim::Symbol(_)) => Ok(Dim::Symbol(left)),
        (left, right) => Err(format!("dimensions {left} and {right} do not broadcast")),
    };
    (0..rank).map(one).collect()
}

fn shapes(request: &Request<'_>, inputs: std::ops::Range<usize>) -> Result<Option<Shape>> {
    let mut shape = Shape::scalar();
    for index in inputs {
        let Some(next) = request.shape(index) else { return Ok(None) };
        shape = broadcast(&shape, next).map_err(|problem| request.fail(problem))?;
    }
    Ok(Some(shape))
}

fn same(request: &Request<'_>) -> Result<Vec<Type>> {
    Ok(vec![Type::maybe(request.dtype(0)?, request.shape(0).cloned())])
}

fn test(request: &Request<'_>) -> Result<Vec<Type>> {
    request.dtype(0)?;
    Ok(vec![Type::maybe(DataType::Bool, request.shape(0).cloned())])
}

fn arithmetic(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.same_types(0)?;
    Ok(vec![Type::maybe(dtype, shapes(request, 0..request.node.inputs.len())?)])
}

fn power(request: &Request<'_>) -> Result<Vec<Type>> {
    request.dtype(1)?;
    Ok(vec![Type::maybe(request.dtype(0)?, shapes(request, 0..2)?)])
}

fn comparison(request: &Request<'_>) -> Result<Vec<Type>> {
    request.same_types(0)?;
    request.dtype(1)?;
    Ok(vec![Type::maybe(DataType::Bool, shapes(request, 0..2)?)])
}

fn choice(request: &Request<'_>) -> Result<Vec<Type>> {
    if request.dtype(0)? != DataType::Bool {
        return Err(request.fail("the condition is not bool"));
    }
    let dtype = request.same_types(1)?;
    request.dtype(2)?;
    Ok(vec![Type::maybe(dtype, shapes(request, 0..3)?)])
}

fn cast(request: &Request<'_>) -> Result<Vec<Type>> {
    let code = request.node.attributes.int("to", 0);
    let dtype = i32::try_from(code).ok().and_then(DataType::from_code);
    let dtype = dtype.ok_or_else(|| request.fail(format!("element type {code} is not supported")))?;
    request.dtype(0)?;
    Ok(vec![Type::maybe(dtype, request.shape(0).cloned())])
}

fn cast_like(request: &Request<'_>) -> Result<Vec<Type>> {
    request.dtype(0)?;
    Ok(vec![Type::maybe(request.dtype(1)?, request.shape(0).cloned())])
}

/// Whole tensors alone: one scale for all elements.
fn dequantize(request: &Request<'_>) -> Result<Vec<Type>> {
    let whole = |index| request.shape(index).is_none_or(|shape| shape.is_empty());
    if !whole(1) || !whole(2) {
        return Err(request.fail("one scale an axis is not supported"));
    }
    if request.dtype(0)?.is_float() {
        return Err(request.fail("input 0 is not an integer"));
    }
    Ok(vec![Type::maybe(request.dtype(1)?, request.shape(0).cloned())])
}

fn dropout(request: &Request<'_>) -> Result<Vec<Type>> {
    let shape = request.shape(0).cloned();
    Ok(vec![Type::maybe(request.dtype(0)?, shape.clone()), Type::maybe(DataType::Bool, shape)])
}

fn layer_normalization(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.same_types(0)?;
    // The statistics have the type of stash_type, single precision by default; in double precision they stay double.
    let stash = match request.node.attributes.int("stash_type", 1) {
        1 if dtype != DataType::F64 => DataType::F32,
        _ => dtype,
    };
    let Some(shape) = request.shape(0) else {
        return Ok(vec![Type::maybe(dtype, None), Type::maybe(stash, None), Type::maybe(stash, None)]);
    };
    let axis = request.axis(request.node.attributes.int("axis", -1), shape.len())?;
    for index in [1, 2] {
        let Some(weights) = request.shape(index) else { continue };
        let merged = broadcast(&shape[axis..], weights).map_err(|problem| request.fail(problem))?;
        if merged.len() != shape.len() - axis {
            return Err(request.fail("a weight has more dimensions than are normalised"));
        }
    }
    let kept = shape.iter().enumerate().map(|(at, dim)| if at < axis { dim.clone() } else { Dim::Fixed(1) });
    let statistics: Shape = kept.collect();
    Ok(vec![
        Type::new(dtype, shape.clone()),
        Type::new(stash, statistics.clone()),
        Type::new(stash, statistics),
    ])
}
