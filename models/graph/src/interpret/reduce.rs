//! Reductions.

use ndarray::{ArrayD, Axis};

use crate::{
    Result,
    interpret::{Array, Call, Rule},
};

pub(super) fn rule(key: &str) -> Option<Rule> {
    Some(match key {
        "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd" | "ReduceL1" | "ReduceL2"
        | "ReduceLogSumExp" | "ReduceSumSquare" => reduce,
        _ => return None,
    })
}

fn axes(call: &Call<'_>, rank: usize) -> Result<Vec<usize>> {
    match call.list(1)?.filter(|axes| !axes.is_empty()) {
        Some(axes) => {
            let mut axes = axes.iter().map(|&axis| call.axis(axis, rank)).collect::<Result<Vec<_>>>()?;
            axes.sort_unstable();
            axes.dedup();
            Ok(axes)
        }
        None if call.int("noop_with_empty_axes", 0) != 0 => Ok(Vec::new()),
        None => Ok((0..rank).collect()),
    }
}

fn reduce(call: &Call<'_>) -> Result<Vec<Array>> {
    let keep = call.int("keepdims", 1) != 0;
    let axes = axes(call, call.array(0)?.dims().len())?;
    let operator = call.node.operator();
    Ok(vec![match call.array(0)? {
        Array::Real(x) => Array::Real(folded(x, &axes, keep, |x| real(operator, x))),
        Array::Integer(x) => Array::Integer(folded(x, &axes, keep, |x| integer(operator, x))),
    }])
}

/// Reduces the elements that differ only in some axes.
fn folded<T: Copy + Default>(
    x: &ArrayD<T>,
    axes: &[usize],
    keep: bool,
    fold: impl Fn(&[T]) -> T,
) -> ArrayD<T> {
    let rank = x.ndim();
    let kept: Vec<usize> = (0..rank).filter(|axis| !axes.contains(axis)).collect();
    let dims: Vec<usize> = kept.iter().map(|&axis| x.shape()[axis]).collect();
    let mut result = ArrayD::from_elem(dims, T::default());
    for (index, slot) in result.indexed_iter_mut() {
        let mut view = x.view();
        // From the back, so that the axes in front keep their numbers.
        for (at, &axis) in kept.iter().enumerate().rev() {
            view = view.index_axis_move(Axis(axis), index[at]);
        }
        let elements: Vec<T> = view.iter().copied().collect();
        *slot = fold(&elements);
    }
    if keep {
        for &axis in axes {
            result = result.insert_axis(Axis(axis));
        }
    }
    result
}

fn real(operator: &str, x: &[f64]) -> f64 {
    let sum = || x.iter().sum::<f64>();
    let squares = || x.iter().map(|x| x * x).sum::<f64>();
    match operator {
        "ReduceSum" => sum(),
        "ReduceMean" => sum() / x.len() as f64,
        "ReduceMax" => x.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        "ReduceMin" => x.iter().copied().fold(f64::INFINITY, f64::min),
        "ReduceProd" => x.iter().product(),
        "ReduceL1" => x.iter().map(|x| x.abs()).sum(),
        "ReduceL2" => squares().sqrt(),
        "ReduceSumSquare" => squares(),
        _ => {
            let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            largest + x.iter().map(|x| (x - largest).exp()).sum::<f64>().ln()
        }
    }
}

fn integer(operator: &str, x: &[i64]) -> i64 {
    match operator {
        "ReduceMax" => x.iter().copied().max().unwrap_or(i64::MIN),
        "ReduceMin" => x.iter().copied().min().unwrap_or(i64::MAX),
        "ReduceProd" => x.iter().copied().fold(1, i64::wrapping_mul),
        "ReduceL1" => x.iter().fold(0, |sum, x| sum.wrapping_add(x.wrapping_abs())),
        "ReduceSumSquare" => x.iter().fold(0, |sum, x| sum.wrapping_add(x.wrapping_mul(*x))),
        "ReduceMean" if !x.is_empty() => x.iter().fold(0i64, |sum, &x| sum.wrapping_add(x)) / x.len() as i64,
        "ReduceL2" | "ReduceLogSumExp" => {
            real(operator, &x.iter().map(|&x| x as f64).collect::<Vec<_>>()) as i64
        }
        _ => x.iter().fold(0, |sum, &x| sum.wrapping_add(x)),
    }
}
