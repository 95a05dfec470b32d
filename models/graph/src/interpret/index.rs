//! Operators that pick and place elements by index.

use ndarray::{ArrayD, Axis, Dimension, IxDyn};

use crate::{
    Result,
    interpret::{Array, Call, Rule, layout::either, linear::shape_error},
};

pub(super) fn rule(key: &str) -> Option<Rule> {
    Some(match key {
        "Gather" => gather,
        "GatherElements" => gather_elements,
        "GatherND" => gather_nd,
        "ScatterElements" => scatter_elements,
        "ScatterND" => scatter_nd,
        "OneHot" => one_hot,
        "ArgMax" | "ArgMin" => arg,
        _ => return None,
    })
}

fn place(call: &Call<'_>, index: i64, size: usize) -> Result<usize> {
    let positive = if index < 0 { index.saturating_add(size as i64) } else { index };
    let found = usize::try_from(positive).ok().filter(|&at| at < size);
    found.ok_or_else(|| call.fail(format!("index {index} of {size}")))
}

fn gather(call: &Call<'_>) -> Result<Vec<Array>> {
    let data = call.array(0)?;
    let axis = call.axis(call.int("axis", 0), data.dims().len())?;
    let indices = call.integer(1)?;
    let size = data.dims()[axis];
    let picked = indices.iter().map(|&index| place(call, index, size)).collect::<Result<Vec<_>>>()?;
    let (before, after) = (&data.dims()[..axis], &data.dims()[axis + 1..]);
    let dims: Vec<usize> = before.iter().chain(indices.shape()).chain(after).copied().collect();
    Ok(vec![either!(data, |data| {
        let rows = data.select(Axis(axis), &picked).as_standard_layout().into_owned();
        rows.into_shape_with_order(IxDyn(&dims)).map_err(shape_error(call))?
    })])
}

fn gather_elements(call: &Call<'_>) -> Result<Vec<Array>> {
    let (data, indices) = (call.array(0)?, call.integer(1)?);
    let places = elements(call, data.dims(), indices)?;
    let dims = indices.shape().to_vec();
    Ok(vec![either!(data, |data| {
        let picked = places.iter().map(|at| data[IxDyn(at)]).collect();
        ArrayD::from_shape_vec(IxDyn(&dims), picked).map_err(shape_error(call))?
    })])
}

/// Returns the place in the data of each index, where data and indices differ along one axis.
fn elements(call: &Call<'_>, data: &[usize], indices: &ArrayD<i64>) -> Result<Vec<Vec<usize>>> {
    let axis = call.axis(call.int("axis", 0), data.len())?;
    let fits = |(at, (index, size)): (usize, (&usize, &usize))| at == axis || index <= size;
    if indices.ndim() != data.len() || !indices.shape().iter().zip(data).enumerate().all(fits) {
        return Err(call.fail("indices are larger than the data"));
    }
    let one = |(at, &index): (IxDyn, &i64)| {
        let mut at = at.slice().to_vec();
        at[axis] = place(call, index, data[axis])?;
        Ok(at)
    };
    indices.indexed_iter().map(one).collect()
}

/// Returns the place in the data of each row of indices.
fn rows(call: &Call<'_>, data: &[usize], indices: &ArrayD<i64>) -> Result<Vec<Vec<usize>>> {
    let depth = *indices.shape().last().ok_or_else(|| call.fail("indices are a scalar"))?;
    if depth > data.len() {
        return Err(call.fail("indices are deeper than the data"));
    }
    let list: Vec<i64> = indices.iter().copied().collect();
    let count = indices.len().checked_div(depth).unwrap_or(0);
    let row = |at: usize| {
        let index = &list[at * depth..(at + 1) * depth];
        index.iter().zip(data).map(|(&index, &size)| place(call, index, size)).collect()
    };
    (0..count).map(row).collect()
}

fn gather_nd(call: &Call<'_>) -> Result<Vec<Array>> {
    if call.int("batch_dims", 0) != 0 {
        return Err(call.fail("batch dimensions are not supported"));
    }
    let (data, indices) = (call.array(0)?, call.integer(1)?);
    let places = rows(call, data.dims(), indices)?;
    let outer = &indices.shape()[..indices.ndim() - 1];
    let depth = indices.shape()[indices.ndim() - 1];
    let dims: Vec<usize> = outer.iter().chain(&data.dims()[depth..]).copied().collect();
    Ok(vec![either!(data, |data| {
        let mut picked = Vec::new();
        for at in &places {
            let mut part = data.view();
            for &index in at {
                part = part.index_axis_move(Axis(0), index);
            }
            picked.extend(part.iter().copied());
        }
        ArrayD::from_shape_vec(IxDyn(&dims), picked).map_err(shape_error(call))?
    })])
}

fn combined<T: Copy + PartialOrd + std::ops::Add<Output = T> + std::ops::Mul<Output = T>>(
    call: &Call<'_>,
    old: T,
    new: T,
) -> Result<T> {
    Ok(match call.node.attributes.text("reduction", "none") {
        "none" => new,
        "add" => old + new,
        "mul" => old * new,
        "min" => {
            if new < old {
                new
            } else {
                old
            }
        }
        "max" => {
            if new > old {
                new
            } else {
                old
            }
        }
        other => return Err(call.fail(format!("no reduction {other}"))),
    })
}

fn scatter_elements(call: &Call<'_>) -> Result<Vec<Array>> {
    let (data, indices) = (call.array(0)?, call.integer(1)?);
    let places = elements(call, data.dims(), indices)?;
    if call.array(2)?.dims() != indices.shape() {
        return Err(call.fail("updates and indices of different shapes"));
    }
    Ok(vec![match data {
        Array::Real(data) => {
            let mut data = data.clone();
            for (at, &update) in places.iter().zip(call.real(2)?) {
                data[IxDyn(at)] = combined(call, data[IxDyn(at)], update)?;
            }
            Array::Real(data)
        }
        Array::Integer(data) => {
            let mut data = data.clone();
            for (at, &update) in places.iter().zip(call.integer(2)?) {
                data[IxDyn(at)] = combined(call, data[IxDyn(at)], update)?;
            }
            Array::Integer(data)
        }
    }])
}

fn scatter_nd(call: &Call<'_>) -> Result<Vec<Array>> {
    let (data, indices) = (call.array(0)?, call.integer(1)?);
    let places = rows(call, data.dims(), indices)?;
    let depth = indices.shape().last().copied().unwrap_or(0);
    let inner: usize = data.dims()[depth..].iter().product();
    let updates = call.array(2)?;
    if updates.dims().iter().product::<usize>() != places.len() * inner {
        return Err(call.fail("updates do not fit the indices"));
    }
    Ok(vec![match data {
        Array::Real(data) => {
            let (mut data, updates) = (data.clone(), updates.to_reals());
            for (row, at) in places.iter().enumerate() {
                let mut part = data.view_mut();
                for &index in at {
                    part = part.index_axis_move(Axis(0), index);
                }
                for (slot, &update) in part.iter_mut().zip(&updates[row * inner..]) {
                    *slot = combined(call, *slot, update)?;
                }
            }
            Array::Real(data)
        }
        Array::Integer(data) => {
            let (mut data, updates) = (data.clone(), updates.to_integers());
            for (row, at) in places.iter().enumerate() {
                let mut part = data.view_mut();
                for &index in at {
                    part = part.index_axis_move(Axis(0), index);
                }
                for (slot, &update) in part.iter_mut().zip(&updates[row * inner..]) {
                    *slot = combined(call, *slot, update)?;
                }
            }
            Array::Integer(data)
        }
    }])
}

fn one_hot(call: &Call<'_>) -> Result<Vec<Array>> {
    let indices = call.array(0)?;
    let depth = call.list(1)?.and_then(|list| list.first().copied()).unwrap_or(0);
    let depth = usize::try_from(depth).map_err(|_| call.fail("a negative depth"))?;
    let axis = call.axis(call.int("axis", -1), indices.dims().len() + 1)?;
    let mut dims = indices.dims().to_vec();
    dims.insert(axis, depth);
    let flat = indices.to_integers();
    let strides: Vec<usize> =
        (0..indices.dims().len()).map(|at| indices.dims()[at + 1..].iter().product()).collect();
    let hot = ArrayD::from_shape_fn(IxDyn(&dims), |at| {
        let mut outer = at.slice().to_vec();
        let class = outer.remove(axis) as i64;
        let place: usize = outer.iter().zip(&strides).map(|(at, stride)| at * stride).sum();
        let index = flat[place];
        let index = if index < 0 { index + depth as i64 } else { index };
        usize::from(index == class)
    });
    Ok(vec![either!(call.array(2)?, |values| {
        let values: Vec<_> = values.iter().copied().collect();
        if values.len() != 2 {
            return Err(call.fail("two values: off and on"));
        }
        hot.mapv(|on| values[on])
    })])
}

fn arg(call: &Call<'_>) -> Result<Vec<Array>> {
    let data = call.array(0)?;
    let axis = call.axis(call.int("axis", 0), data.dims().len())?;
    let (largest, last) = (call.node.operator() == "ArgMax", call.int("select_last_index", 0) != 0);
    let reals = ArrayD::from_shape_vec(IxDyn(data.dims()), data.to_reals()).map_err(shape_error(call))?;
    let best = reals.map_axis(Axis(axis), |lane| {
        let mut best = 0;
        for (at, value) in lane.iter().enumerate() {
            let better = if largest { *value > lane[best] } else { *value < lane[best] };
            if better || (last && *value == lane[best]) {
                best = at;
            }
        }
        best as i64
    });
    Ok(vec![Array::Integer(if call.int("keepdims", 1) == 0 { best } else { best.insert_axis(Axis(axis)) })])
}
