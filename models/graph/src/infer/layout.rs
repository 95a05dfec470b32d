//! Operators that move elements without changing them, and those that make shapes.

use crate::{
    DataType, Dim, Result, Shape,
    attribute::Attribute,
    infer::{Entry, MOST_AXES, Request, Rule, Type, broadcast},
};

pub(super) fn rule(key: &str) -> Option<Rule> {
    Some(match key {
        "Reshape" => reshape,
        "Flatten" => flatten,
        "Transpose" => transpose,
        "Squeeze" => squeeze,
        "Unsqueeze" => unsqueeze,
        "Expand" => expand,
        "Tile" => tile,
        "Concat" => concat,
        "Split" => split,
        "Slice" => slice,
        "Pad" => pad,
        "Shape" => shape,
        "Size" => size,
        "Constant" => constant,
        "ConstantOfShape" => constant_of_shape,
        "Range" => range,
        "EyeLike" => eye_like,
        "DFT" => dft,
        _ => return None,
    })
}

/// Returns the dimensions that a list of integers stands for; what is not known gets a name.
fn described(request: &Request<'_>, index: usize) -> Option<Vec<Dim>> {
    let dim = |(axis, entry): (usize, &Entry)| entry.dim().unwrap_or_else(|| request.unknown(axis));
    if let Some(entries) = request.content(index) {
        return Some(entries.iter().enumerate().map(dim).collect());
    }
    let length = request.shape(index)?.first()?.fixed()?;
    // A shape of more axes than any tensor has is not worth naming.
    (length <= MOST_AXES).then(|| (0..length).map(|axis| request.unknown(axis)).collect())
}

fn reshape(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    request.dtype(1)?;
    let zero_is_zero = request.node.attributes.int("allowzero", 0) != 0;
    let Some(entries) = request.content(1) else {
        return Ok(vec![Type::maybe(dtype, described(request, 1).map(Shape::from))]);
    };
    let from = request.shape(0);
    let mut rest = None;
    let mut dims = Vec::with_capacity(entries.len());
    for (axis, entry) in entries.iter().enumerate() {
        dims.push(match entry {
            Entry::Known(-1) if rest.is_none() => {
                rest = Some(axis);
                Dim::Fixed(1)
            }
            Entry::Known(0) if !zero_is_zero => match from {
                None => request.unknown(axis),
                Some(from) if axis < from.len() => from[axis].clone(),
                Some(_) => return Err(request.fail(format!("a 0 at axis {axis}, which the input has not"))),
            },
            Entry::Known(size) if *size < 0 => {
                return Err(request.fail(format!("{size} at axis {axis} of the new shape")));
            }
            other => other.dim().unwrap_or_else(|| request.unknown(axis)),
        });
    }
    let Some(from) = from else {
        if let Some(axis) = rest {
            dims[axis] = request.unknown(axis);
        }
        return Ok(vec![Type::new(dtype, dims.into())]);
    };
    let total = Dim::product(from.iter());
    match rest {
        Some(axis) => {
            let numbers = from.fixed().is_some() && dims.iter().all(|dim| dim.fixed().is_some());
            dims[axis] = match Dim::quotient(from.iter(), dims.iter()) {
                Some(dim) => dim,
                None if numbers => return Err(request.fail("the elements do not fill the new shape")),
                None => request.unknown(axis),
            };
        }
        None => {
            if let (Some(Dim::Fixed(from)), Some(Dim::Fixed(to))) = (total, Dim::product(dims.iter()))
                && from != to
            {
                return Err(request.fail(format!("{from} elements do not fill a shape of {to}")));
            }
        }
    }
    Ok(vec![Type::new(dtype, dims.into())])
}

fn flatten(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    let Some(from) = request.shape(0) else {
        return Ok(vec![Type::new(dtype, vec![request.unknown(0), request.unknown(1)].into())]);
    };
    let axis = request.node.attributes.int("axis", 1);
    let axis = if axis == from.len() as i64 { from.len() } else { request.axis(axis, from.len())? };
    let product = |dims: &[Dim], at| Dim::product(dims).unwrap_or_else(|| request.unknown(at));
    Ok(vec![Type::new(dtype, vec![product(&from[..axis], 0), product(&from[axis..], 1)].into())])
}

fn transpose(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    let Some(from) = request.shape(0) else { return Ok(vec![Type::maybe(dtype, None)]) };
    let reversed: Vec<i64> = (0..from.len() as i64).rev().collect();
    let order = request.node.attributes.ints("perm").unwrap_or(&reversed);
    if request.axes(order, from.len())?.len() != from.len() {
        return Err(request.fail(format!("the permutation {order:?} does not fit {} dimensions", from.len())));
    }
    let moved = order.iter().map(|&axis| Ok(from[request.axis(axis, from.len())?].clone()));
    Ok(vec![Type::new(dtype, moved.collect::<Result<_>>()?)])
}

fn squeeze(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    let Some(from) = request.shape(0) else { return Ok(vec![Type::maybe(dtype, None)]) };
    let axes = match request.integers(1) {
        Some(axes) => request.axes(&axes, from.len())?,
        None if request.node.input(1).is_some() => return Ok(vec![Type::maybe(dtype, None)]),
        None => (0..from.len()).filter(|&axis| from[axis] == Dim::Fixed(1)).collect(),
    };
    if let Some(&axis) = axes.iter().find(|&&axis| from[axis].fixed().is_some_and(|size| size != 1)) {
        return Err(request.fail(format!("axis {axis} has the size {}", from[axis])));
    }
    let kept = from.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, dim)| dim.clone());
    Ok(vec![Type::new(dtype, kept.collect())])
}

fn unsqueeze(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    let (Some(from), Some(axes)) = (request.shape(0), request.integers(1)) else {
        return Ok(vec![Type::maybe(dtype, None)]);
    };
    let rank = from.len() + axes.len();
    if rank > MOST_AXES {
        return Err(request.fail(format!("{rank} dimensions")));
    }
    let axes = request.axes(&axes, rank)?;
    let mut old = from.iter();
    let place = |axis| if axes.contains(&axis) { Some(Dim::Fixed(1)) } else { old.next().cloned() };
    Ok(vec![Type::new(dtype, (0..rank).filter_map(place).collect())])
}

fn expand(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    request.dtype(1)?;
    let (Some(from), Some(to)) = (request.shape(0), described(request, 1)) else {
        return Ok(vec![Type::maybe(dtype, None)]);
    };
    Ok(vec![Type::new(dtype, broadcast(from, &to).map_err(|problem| request.fail(problem))?)])
}

fn tile(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    let Some(from) = request.shape(0) else { return Ok(vec![Type::maybe(dtype, None)]) };
    let Some(times) = described(request, 1) else { return Ok(vec![Type::maybe(dtype, None)]) };
    if times.len() != from.len() {
        return Err(request.fail("one number of repeats for each axis"));
    }
    let one = |(axis, (dim, times))| Dim::product([dim, times]).unwrap_or_else(|| request.unknown(axis));
    Ok(vec![Type::new(dtype, from.iter().zip(&times).enumerate().map(one).collect())])
}

fn concat(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.same_types(0)?;
    let count = request.node.inputs.len();
    let Some(shapes) = (0..count).map(|index| request.shape(index)).collect::<Option<Vec<_>>>() else {
        return Ok(vec![Type::maybe(dtype, None)]);
    };
    let axis = request.axis(request.node.attributes.int("axis", 0), shapes[0].len())?;
    let mut dims = shapes[0].to_vec();
    let mut length = dims[axis].fixed();
    for shape in &shapes[1..] {
        if shape.len() != dims.len() {
            return Err(request.fail("inputs of different ranks"));
        }
        for (at, dim) in shape.iter().enumerate().filter(|(at, _)| *at != axis) {
            match (&dims[at], dim) {
                (Dim::Fixed(a), Dim::Fixed(b)) if a != b => {
                    return Err(request.fail(format!("axis {at} differs: {a} and {b}")));
                }
                (Dim::Symbol(_), Dim::Fixed(_)) => dims[at] = dim.clone(),
                _ => {}
            }
        }
        length = length.zip(shape[axis].fixed()).and_then(|(a, b)| a.checked_add(b));
    }
    if count > 1 {
        dims[axis] = length.map_or_else(|| request.unknown(axis), Dim::Fixed);
    }
    Ok(vec![Type::new(dtype, dims.into())])
}

fn split(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    let count = request.outputs;
    let Some(from) = request.shape(0) else { return Ok(vec![Type::maybe(dtype, None); count]) };
    let axis = request.axis(request.node.attributes.int("axis", 0), from.len())?;
    let sizes: Vec<Dim> = match (request.integers(1), from[axis].fixed()) {
        (Some(sizes), whole) => {
            let numbers: Option<Vec<usize>> = sizes.iter().map(|&size| usize::try_from(size).ok()).collect();
            let total =
                numbers.as_ref().and_then(|all| all.iter().try_fold(0usize, |sum, &n| sum.checked_add(n)));
            match (numbers, total) {
                (Some(all), Some(total))
                    if all.len() == count && whole.is_none_or(|whole| whole == total) =>
                {
                    all.into_iter().map(Dim::Fixed).collect()
                }
                _ => return Err(request.fail(format!("parts {sizes:?} do not make up axis {axis}"))),
            }
        }
        (None, Some(whole)) if request.node.input(1).is_none() => {
            let each = whole.div_ceil(count.max(1));
            let part = |at: usize| Dim::Fixed(each.min(whole.saturating_sub(at * each)));
            (0..count).map(part).collect()
        }
        _ => (0..count)
            .map(|at| Dim::symbol(&format!("{}.{at}", request.node.name().replace('*', "x"))))
            .collect(),
    };
    let part = |size: Dim| {
        let mut dims = from.to_vec();
        dims[axis] = size;
        Type::new(dtype, dims.into())
    };
    Ok(sizes.into_iter().map(part).collect())
}

/// Returns first index and number of elements that a slice takes from an axis.
pub(crate) fn sliced(size: usize, start: i64, end: i64, step: i64) -> (usize, usize) {
    let length = size as i64;
    let from_end = |at: i64| if at < 0 { at.saturating_add(length) } else { at };
    if step > 0 {
        let (start, end) = (from_end(start).clamp(0, length), from_end(end).clamp(0, length));
        let count = (end - start).max(0) as usize;
        (start as usize, count.div_ceil(step.unsigned_abs() as usize))
    } else {
        let (start, end) = (from_end(start).clamp(-1, length - 1), from_end(end).clamp(-1, length - 1));
        let count = (start - end).max(0) as usize;
        (start.max(0) as usize, count.div_ceil(step.unsigned_abs() as usize))
    }
}

fn slice(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    let Some(from) = request.shape(0) else { return Ok(vec![Type::maybe(dtype, None)]) };
    let count = request.shape(1).and_then(|shape| shape.first()).and_then(Dim::fixed);
    let along = match (request.node.input(3), request.integers(3)) {
        (Some(_), Some(along)) => Some(along),
        (None, _) => count.map(|count| (0..count as i64).collect()),
        _ => None,
    };
    let Some(along) = along else {
        return Ok(vec![Type::new(dtype, (0..from.len()).map(|axis| request.unknown(axis)).collect())]);
    };
    request.axes(&along, from.len())?;
    let steps = match (request.node.input(4), request.integers(4)) {
        (None, _) => Some(vec![1; along.len()]),
        (Some(_), steps) => steps,
    };
    let (starts, ends) = (request.content(1), request.content(2));
    if starts.is_some_and(|list| list.len() != along.len())
        || ends.is_some_and(|list| list.len() != along.len())
    {
        return Err(request.fail("starts, ends and axes have different lengths"));
    }
    if steps.as_ref().is_some_and(|steps| steps.len() != along.len() || steps.contains(&0)) {
        return Err(request.fail("steps do not fit the axes"));
    }
    let mut dims = from.to_vec();
    for (at, &given) in along.iter().enumerate() {
        let axis = request.axis(given, from.len())?;
        let step = steps.as_ref().map(|steps| steps[at]);
        let (start, end) = (starts.map(|list| &list[at]), ends.map(|list| &list[at]));
        dims[axis] = match (from[axis].fixed(), start, end, step) {
            (Some(size), Some(Entry::Known(start)), Some(Entry::Known(end)), Some(step)) => {
                Dim::Fixed(sliced(size, *start, *end, step).1)
            }
            (None, Some(Entry::Known(0)), Some(Entry::Known(i64::MAX)), Some(1)) => from[axis].clone(),
            // From the front to a named length: what position tables are cut by.
            (_, Some(Entry::Known(0)), Some(Entry::Named(end)), Some(1)) => end.clone(),
            _ => request.unknown(axis),
        };
    }
    Ok(vec![Type::new(dtype, dims.into())])
}

fn pad(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    let Some(from) = request.shape(0) else { return Ok(vec![Type::maybe(dtype, None)]) };
    let Some(pads) = request.integers(1) else {
        return Ok(vec![Type::new(dtype, (0..from.len()).map(|axis| request.unknown(axis)).collect())]);
    };
    let axes = match (request.node.input(3), request.integers(3)) {
        (None, _) => (0..from.len()).collect(),
        (Some(_), Some(axes)) => {
            axes.iter().map(|&axis| request.axis(axis, from.len())).collect::<Result<Vec<_>>>()?
        }
        (Some(_), None) => return Ok(vec![Type::maybe(dtype, None)]),
    };
    if pads.len() != 2 * axes.len() {
        return Err(request.fail("two pads for each axis"));
    }
    let mut dims = from.to_vec();
    for (at, &axis) in axes.iter().enumerate() {
        let (before, after) = (pads[at], pads[at + axes.len()]);
        dims[axis] = match from[axis].fixed() {
            _ if before == 0 && after == 0 => from[axis].clone(),
            None => request.unknown(axis),
            Some(size) => {
                let padded = (size as i64).checked_add(before).and_then(|sum| sum.checked_add(after));
                let padded = padded.and_then(|sum| usize::try_from(sum).ok());
                Dim::Fixed(padded.ok_or_else(|| request.fail(format!("axis {axis} is cut below nothing")))?)
            }
        };
    }
    Ok(vec![Type::new(dtype, dims.into())])
}

fn shape(request: &Request<'_>) -> Result<Vec<Type>> {
    request.dtype(0)?;
    let Some(from) = request.shape(0) else {
        return Ok(vec![Type::new(DataType::I64, vec![request.unknown(0)].into())]);
    };
    let rank = from.len() as i64;
    let clamp = |at: i64| (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank);
    let start = clamp(request.node.attributes.int("start", 0));
    let end = clamp(request.node.attributes.int("end", rank));
    Ok(vec![Type::new(DataType::I64, [(end - start).max(0) as usize].into())])
}

fn size(request: &Request<'_>) -> Result<Vec<Type>> {
    request.dtype(0)?;
    Ok(vec![Type::new(DataType::I64, Shape::scalar())])
}

fn constant(request: &Request<'_>) -> Result<Vec<Type>> {
    match request.node.attributes.get("value") {
        Some(Attribute::Tensor(tensor)) => Ok(vec![Type::of(tensor)]),
        _ => Err(request.fail("no tensor as its value")),
    }
}

fn constant_of_shape(request: &Request<'_>) -> Result<Vec<Type>> {
    request.dtype(0)?;
    let dtype = match request.node.attributes.get("value") {
        Some(Attribute::Tensor(tensor)) => tensor.dtype(),
        _ => DataType::F32,
    };
    Ok(vec![Type::maybe(dtype, described(request, 0).map(Shape::from))])
}

fn range(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.same_types(0)?;
    let scalar = |index: usize| request.tensor(index).and_then(|tensor| tensor.reals().first().copied());
    let length = match (scalar(0), scalar(1), scalar(2)) {
        (_, _, Some(0.0)) => return Err(request.fail("a step of zero")),
        (Some(start), Some(end), Some(step)) => Dim::Fixed(((end - start) / step).ceil().max(0.0) as usize),
        (Some(0.0), None, Some(1.0)) => match request.content(1) {
            Some([Entry::Named(end)]) => end.clone(),
            _ => request.unknown(0),
        },
        _ => request.unknown(0),
    };
    Ok(vec![Type::new(dtype, vec![length].into())])
}

fn eye_like(request: &Request<'_>) -> Result<Vec<Type>> {
    let code = i32::try_from(request.node.attributes.int("dtype", 0)).ok();
    let dtype = code.and_then(DataType::from_code).map_or_else(|| request.dtype(0), Ok)?;
    Ok(vec![Type::maybe(dtype, request.shape(0).cloned())])
}

fn dft(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    let Some(from) = request.shape(0) else { return Ok(vec![Type::maybe(dtype, None)]) };
    let attributes = &request.node.attributes;
    let (inverse, one_sided) = (attributes.int("inverse", 0) != 0, attributes.int("onesided", 0) != 0);
    if inverse && one_sided {
        return Err(request.fail("an inverse of one side is not supported"));
    }
    let axis = match (request.node.input(2), request.integers(2)) {
        (None, _) => -2,
        (Some(_), Some(axes)) if axes.len() == 1 => axes[0],
        _ => return Err(request.fail("the axis must be a constant")),
    };
    let axis = request.axis(axis, from.len())?;
    let last = from.len() - 1;
    if axis == last || !matches!(from[last], Dim::Fixed(1 | 2)) {
        return Err(request.fail("the last axis holds one real or two complex parts"));
    }
    let mut dims = from.to_vec();
    if request.node.input(1).is_some() {
        dims[axis] = match request.integers(1).as_deref() {
            Some(&[length]) if length > 0 => Dim::Fixed(length as usize),
            _ => request.unknown(axis),
        };
    }
    if one_sided {
        dims[axis] =
            dims[axis].fixed().map_or_else(|| request.unknown(axis), |size| Dim::Fixed(size / 2 + 1));
    }
    dims[last] = Dim::Fixed(2);
    Ok(vec![Type::new(dtype, dims.into())])
}
