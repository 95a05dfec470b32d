//! Operators that pick and place elements by index.

use crate::{
    DataType, Dim, Result,
    infer::{Request, Rule, Type},
};

pub(super) fn rule(key: &str) -> Option<Rule> {
    Some(match key {
        "Gather" => gather,
        "GatherElements" => gather_elements,
        "GatherND" => gather_nd,
        "ScatterElements" | "ScatterND" => scatter,
        "OneHot" => one_hot,
        "ArgMax" | "ArgMin" => arg,
        _ => return None,
    })
}

/// Refuses indices that are not integers.
fn indices(request: &Request<'_>) -> Result<()> {
    if matches!(request.dtype(1)?, DataType::I64 | DataType::I32) {
        return Ok(());
    }
    Err(request.fail("indices are not integers"))
}

fn gather(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    indices(request)?;
    let (Some(data), Some(picked)) = (request.shape(0), request.shape(1)) else {
        return Ok(vec![Type::maybe(dtype, None)]);
    };
    let axis = request.axis(request.node.attributes.int("axis", 0), data.len())?;
    if let (Some(size), Some(values)) = (data[axis].fixed(), request.integers(1)) {
        let size = size as i64;
        if let Some(value) = values.iter().find(|value| !(-size..size).contains(*value)) {
            return Err(request.fail(format!("index {value} of {size}")));
        }
    }
    let dims = data[..axis].iter().chain(picked.iter()).chain(&data[axis + 1..]).cloned();
    Ok(vec![Type::new(dtype, dims.collect())])
}

fn gather_elements(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    indices(request)?;
    if let (Some(data), Some(picked)) = (request.shape(0), request.shape(1)) {
        request.axis(request.node.attributes.int("axis", 0), data.len())?;
        if data.len() != picked.len() {
            return Err(request.fail("data and indices of different ranks"));
        }
    }
    Ok(vec![Type::maybe(dtype, request.shape(1).cloned())])
}

fn gather_nd(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    indices(request)?;
    let (Some(data), Some(picked)) = (request.shape(0), request.shape(1)) else {
        return Ok(vec![Type::maybe(dtype, None)]);
    };
    let batch = request.node.attributes.int("batch_dims", 0);
    let depth = picked.last().and_then(Dim::fixed);
    let (Ok(batch), Some(depth)) = (usize::try_from(batch), depth) else {
        return Ok(vec![Type::maybe(dtype, None)]);
    };
    let Some(rest) = data.get(batch.saturating_add(depth)..) else {
        return Err(request.fail(format!("indices of {depth} axes into {} dimensions", data.len())));
    };
    let dims = picked[..picked.len() - 1].iter().chain(rest).cloned();
    Ok(vec![Type::new(dtype, dims.collect())])
}

fn scatter(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    indices(request)?;
    if request.dtype(2)? != dtype {
        return Err(request.fail("data and updates of different types"));
    }
    Ok(vec![Type::maybe(dtype, request.shape(0).cloned())])
}

fn one_hot(request: &Request<'_>) -> Result<Vec<Type>> {
    request.dtype(0)?;
    request.dtype(1)?;
    let dtype = request.dtype(2)?;
    let Some(picked) = request.shape(0) else { return Ok(vec![Type::maybe(dtype, None)]) };
    let rank = picked.len() + 1;
    let axis = request.axis(request.node.attributes.int("axis", -1), rank)?;
    let depth = match request.integers(1).as_deref() {
        Some(&[depth]) if depth > 0 => Dim::Fixed(depth as usize),
        Some(_) => return Err(request.fail("the depth is not one positive number")),
        None => request.unknown(axis),
    };
    let mut dims = picked.to_vec();
    dims.insert(axis, depth);
    Ok(vec![Type::new(dtype, dims.into())])
}

fn arg(request: &Request<'_>) -> Result<Vec<Type>> {
    request.dtype(0)?;
    let Some(data) = request.shape(0) else { return Ok(vec![Type::maybe(DataType::I64, None)]) };
    let axis = request.axis(request.node.attributes.int("axis", 0), data.len())?;
    let mut dims = data.to_vec();
    if request.node.attributes.int("keepdims", 1) == 0 {
        dims.remove(axis);
    } else {
        dims[axis] = Dim::Fixed(1);
    }
    Ok(vec![Type::new(DataType::I64, dims.into())])
}
