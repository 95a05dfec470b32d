//! Operators that move elements, and those that make shapes.

use ndarray::{ArrayD, Axis, Dimension, IxDyn, Slice};

use crate::{
    Attribute, DataType, Result, Tensor,
    infer::sliced,
    interpret::{
        Array, Call, Rule,
        elementwise::{broadcast_dims, view},
        linear::shape_error,
    },
};

pub(super) fn rule(key: &str) -> Option<Rule> {
    Some(match key {
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => reshape,
        "Transpose" => transpose,
        "Expand" => expand,
        "Tile" => tile,
        "Concat" => concat,
        "Split" => split,
        "Slice" => slice,
        "Pad" => pad,
        "Shape" | "Size" => shape,
        "Constant" => constant,
        "ConstantOfShape" => constant_of_shape,
        "Range" => range,
        "EyeLike" => eye_like,
        _ => return None,
    })
}

/// Runs the same expression on real numbers and on integers.
macro_rules! either {
    ($array:expr, |$x:ident| $body:expr) => {
        match $array {
            Array::Real($x) => Array::Real($body),
            Array::Integer($x) => Array::Integer($body),
        }
    };
}
pub(super) use either;

fn reshape(call: &Call<'_>) -> Result<Vec<Array>> {
    let x = call.array(0)?;
    let from = x.dims();
    let total: usize = from.iter().product();
    let dims: Vec<usize> = match call.node.operator() {
        "Flatten" => {
            let axis = call.int("axis", 1);
            let axis = if axis == from.len() as i64 { from.len() } else { call.axis(axis, from.len())? };
            vec![from[..axis].iter().product(), from[axis..].iter().product()]
        }
        "Squeeze" => {
            let axes = match call.list(1)? {
                Some(axes) => {
                    axes.iter().map(|&axis| call.axis(axis, from.len())).collect::<Result<Vec<_>>>()?
                }
                None => (0..from.len()).filter(|&axis| from[axis] == 1).collect(),
            };
            (0..from.len()).filter(|axis| !axes.contains(axis)).map(|axis| from[axis]).collect()
        }
        "Unsqueeze" => {
            let axes = call.list(1)?.unwrap_or_default();
            let rank = from.len() + axes.len();
            let axes = axes.iter().map(|&axis| call.axis(axis, rank)).collect::<Result<Vec<_>>>()?;
            let mut old = from.iter().copied();
            (0..rank).filter_map(|axis| if axes.contains(&axis) { Some(1) } else { old.next() }).collect()
        }
        _ => filled(call, from, total)?,
    };
    let dims = IxDyn(&dims);
    Ok(vec![either!(x, |x| {
        let flat = x.as_standard_layout().into_owned();
        flat.into_shape_with_order(dims).map_err(shape_error(call))?
    })])
}

fn filled(call: &Call<'_>, from: &[usize], total: usize) -> Result<Vec<usize>> {
    let wanted = call.list(1)?.unwrap_or_default();
    let zero_is_zero = call.int("allowzero", 0) != 0;
    let mut dims = Vec::with_capacity(wanted.len());
    let mut rest = None;
    for (axis, &size) in wanted.iter().enumerate() {
        dims.push(match size {
            -1 if rest.is_none() => {
                rest = Some(axis);
                1
            }
            0 if !zero_is_zero => {
                *from.get(axis).ok_or_else(|| call.fail("a 0 where the input has no axis"))?
            }
            size => usize::try_from(size).map_err(|_| call.fail("a negative dimension"))?,
        });
    }
    let known = dims.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    if let Some(axis) = rest {
        let known = known.filter(|&known| known > 0 && total.is_multiple_of(known));
        dims[axis] = total / known.ok_or_else(|| call.fail("the elements do not fill the new shape"))?;
    }
    Ok(dims)
}

fn transpose(call: &Call<'_>) -> Result<Vec<Array>> {
    let x = call.array(0)?;
    let rank = x.dims().len();
    let reversed: Vec<i64> = (0..rank as i64).rev().collect();
    let order = call.node.attributes.ints("perm").unwrap_or(&reversed);
    let order = order.iter().map(|&axis| call.axis(axis, rank)).collect::<Result<Vec<_>>>()?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..rank) {
        return Err(call.fail("not a permutation"));
    }
    Ok(vec![either!(x, |x| x.view().permuted_axes(IxDyn(&order)).as_standard_layout().into_owned())])
}

fn sizes(call: &Call<'_>, index: usize) -> Result<Vec<usize>> {
    let list = call.list(index)?.unwrap_or_default();
    let size = |size: i64| usize::try_from(size).map_err(|_| call.fail(format!("a dimension of {size}")));
    list.into_iter().map(size).collect()
}

fn expand(call: &Call<'_>) -> Result<Vec<Array>> {
    let x = call.array(0)?;
    let dims = broadcast_dims(call, x.dims(), &sizes(call, 1)?)?;
    Ok(vec![either!(x, |x| view(call, x, &dims)?.as_standard_layout().into_owned())])
}

fn tile(call: &Call<'_>) -> Result<Vec<Array>> {
    let x = call.array(0)?;
    let times = sizes(call, 1)?;
    if times.len() != x.dims().len() {
        return Err(call.fail("one number of repeats for each axis"));
    }
    let dims: Option<Vec<usize>> = x.dims().iter().zip(&times).map(|(a, b)| a.checked_mul(*b)).collect();
    let dims = dims.ok_or_else(|| call.fail("too large"))?;
    Ok(vec![either!(x, |x| ArrayD::from_shape_fn(IxDyn(&dims), |index| {
        let source: Vec<usize> = index.slice().iter().zip(x.shape()).map(|(at, size)| at % size).collect();
        x[IxDyn(&source)]
    }))])
}

fn concat(call: &Call<'_>) -> Result<Vec<Array>> {
    let first = call.array(0)?;
    let axis = Axis(call.axis(call.int("axis", 0), first.dims().len())?);
    let parts = 0..call.inputs.len();
    Ok(vec![if matches!(first, Array::Real(_)) {
        let parts = parts.map(|index| Ok(call.real(index)?.view())).collect::<Result<Vec<_>>>()?;
        Array::Real(ndarray::concatenate(axis, &parts).map_err(shape_error(call))?)
    } else {
        let parts = parts.map(|index| Ok(call.integer(index)?.view())).collect::<Result<Vec<_>>>()?;
        Array::Integer(ndarray::concatenate(axis, &parts).map_err(shape_error(call))?)
    }])
}

fn split(call: &Call<'_>) -> Result<Vec<Array>> {
    let x = call.array(0)?;
    let axis = call.axis(call.int("axis", 0), x.dims().len())?;
    let (whole, count) = (x.dims()[axis], call.node.outputs.len().max(1));
    let lengths = if call.has(1) {
        sizes(call, 1)?
    } else {
        let each = whole.div_ceil(count);
        (0..count).map(|at| each.min(whole.saturating_sub(at * each))).collect()
    };
    let total = lengths.iter().try_fold(0usize, |sum, &length| sum.checked_add(length));
    if total != Some(whole) {
        return Err(call.fail(format!("parts {lengths:?} do not make up {whole}")));
    }
    let mut start = 0;
    let mut parts = Vec::with_capacity(lengths.len());
    for length in lengths {
        let range = Slice::from(start..start + length);
        parts.push(either!(x, |x| x.slice_axis(Axis(axis), range).to_owned()));
        start += length;
    }
    Ok(parts)
}

fn slice(call: &Call<'_>) -> Result<Vec<Array>> {
    let mut x = call.array(0)?.clone();
    let rank = x.dims().len();
    let (starts, ends) = (call.list(1)?.unwrap_or_default(), call.list(2)?.unwrap_or_default());
    let along = call.list(3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = call.list(4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), along.len(), steps.len()] != [starts.len(); 3] || steps.contains(&0) {
        return Err(call.fail("starts, ends, axes and steps do not agree"));
    }
    for (at, &given) in along.iter().enumerate() {
        let axis = call.axis(given, rank)?;
        let (first, count) = sliced(x.dims()[axis], starts[at], ends[at], steps[at]);
        let picked: Vec<usize> =
            (0..count).map(|place| (first as i64 + place as i64 * steps[at]) as usize).collect();
        x = either!(&x, |x| x.select(Axis(axis), &picked));
    }
    Ok(vec![x])
}

fn pad(call: &Call<'_>) -> Result<Vec<Array>> {
    let x = call.array(0)?;
    let rank = x.dims().len();
    let pads = call.list(1)?.unwrap_or_default();
    let axes = match call.list(3)? {
        Some(axes) => axes.iter().map(|&axis| call.axis(axis, rank)).collect::<Result<Vec<_>>>()?,
        None => (0..rank).collect(),
    };
    if pads.len() != 2 * axes.len() {
        return Err(call.fail("two pads for each axis"));
    }
    if call.node.attributes.text("mode", "constant") != "constant" {
        return Err(call.fail("only padding with a constant"));
    }
    let fill = if call.has(2) { call.array(2)?.to_reals().first().copied().unwrap_or(0.0) } else { 0.0 };
    let mut before = vec![0i64; rank];
    let mut dims = x.dims().to_vec();
    for (at, &axis) in axes.iter().enumerate() {
        before[axis] = pads[at];
        let size =
            (dims[axis] as i64).checked_add(pads[at]).and_then(|sum| sum.checked_add(pads[at + axes.len()]));
        let size = size.and_then(|size| usize::try_from(size).ok());
        dims[axis] = size.ok_or_else(|| call.fail("an axis is cut below nothing"))?;
    }
    let source = |index: &IxDyn| -> Option<IxDyn> {
        let places = index.slice().iter().zip(&before).zip(x.dims());
        let place = |((&at, &before), &size): ((&usize, &i64), &usize)| {
            usize::try_from((at as i64).saturating_sub(before)).ok().filter(|&at| at < size)
        };
        places.map(place).collect::<Option<Vec<usize>>>().map(|places| IxDyn(&places))
    };
    let dims = IxDyn(&dims);
    Ok(vec![match x {
        Array::Real(x) => Array::Real(ArrayD::from_shape_fn(dims, |at| source(&at).map_or(fill, |at| x[at]))),
        Array::Integer(x) => {
            Array::Integer(ArrayD::from_shape_fn(dims, |at| source(&at).map_or(fill as i64, |at| x[at])))
        }
    }])
}

fn shape(call: &Call<'_>) -> Result<Vec<Array>> {
    let dims: Vec<i64> = call.array(0)?.dims().iter().map(|&size| size as i64).collect();
    if call.node.operator() == "Size" {
        return Ok(vec![Array::integers(&[], vec![dims.iter().product()])?]);
    }
    let rank = dims.len() as i64;
    let clamp = |at: i64| (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank) as usize;
    let (start, end) = (clamp(call.int("start", 0)), clamp(call.int("end", rank)));
    let part = dims.get(start..end.max(start)).unwrap_or_default().to_vec();
    Ok(vec![Array::integers(&[part.len()], part)?])
}

fn constant(call: &Call<'_>) -> Result<Vec<Array>> {
    match call.node.attributes.get("value") {
        Some(Attribute::Tensor(tensor)) => Ok(vec![Array::of(tensor)?]),
        _ => Err(call.fail("no tensor as its value")),
    }
}

fn constant_of_shape(call: &Call<'_>) -> Result<Vec<Array>> {
    let dims = sizes(call, 0)?;
    let zero = Tensor::scalar(DataType::F32, 0.0);
    let value = match call.node.attributes.get("value") {
        Some(Attribute::Tensor(tensor)) if tensor.len() == 1 => tensor,
        None => &zero,
        _ => return Err(call.fail("its value is not one element")),
    };
    Ok(vec![if value.dtype().is_float() {
        Array::Real(ArrayD::from_elem(dims, value.reals()[0]))
    } else {
        Array::Integer(ArrayD::from_elem(dims, value.integers()[0]))
    }])
}

fn range(call: &Call<'_>) -> Result<Vec<Array>> {
    let one = |index: usize| -> Result<f64> {
        call.array(index)?.to_reals().first().copied().ok_or_else(|| call.fail("a bound without a number"))
    };
    let (start, end, step) = (one(0)?, one(1)?, one(2)?);
    let length = ((end - start) / step).ceil().max(0.0);
    if step == 0.0 || !length.is_finite() {
        return Err(call.fail("a step of zero"));
    }
    let values: Vec<f64> = (0..length as usize).map(|at| start + at as f64 * step).collect();
    let dims = [values.len()];
    Ok(vec![match call.array(0)? {
        Array::Real(_) => Array::reals(&dims, values)?,
        Array::Integer(_) => Array::integers(&dims, values.into_iter().map(|value| value as i64).collect())?,
    }])
}

fn eye_like(call: &Call<'_>) -> Result<Vec<Array>> {
    let x = call.array(0)?;
    let shift = call.int("k", 0);
    let &[rows, columns] = x.dims() else { return Err(call.fail("not a matrix")) };
    let ones =
        ArrayD::from_shape_fn(IxDyn(&[rows, columns]), |at| i64::from(at[1] as i64 - at[0] as i64 == shift));
    let output = call.node.output(0).map_or(Ok(DataType::F32), |var| call.graph.dtype(var))?;
    Ok(vec![if output.is_float() { Array::Real(ones.mapv(|one| one as f64)) } else { Array::Integer(ones) }])
}
