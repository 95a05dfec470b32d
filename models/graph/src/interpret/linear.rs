//! Products and normalisations.

use ndarray::{Array2, Array3, ArrayD, ArrayView2, Axis, Ix2, IxDyn};

use crate::{
    Error, Result,
    interpret::{
        Array, Call, Rule,
        elementwise::{broadcast_dims, view},
    },
};

pub(super) fn rule(key: &str) -> Option<Rule> {
    Some(match key {
        "MatMul" | "com.microsoft:FusedMatMul" => matmul,
        "Gemm" => gemm,
        "Softmax" | "LogSoftmax" => softmax,
        "LayerNormalization" | "RMSNormalization" => layer_normalization,
        _ => return None,
    })
}

/// Returns an error where the shapes of arrays do not allow an operation.
pub(super) fn shape_error(call: &Call<'_>) -> impl Fn(ndarray::ShapeError) -> Error {
    move |error| call.fail(error.to_string())
}

fn matmul(call: &Call<'_>) -> Result<Vec<Array>> {
    let (left, right) = (oriented(call, 0, "transA")?, oriented(call, 1, "transB")?);
    let (row, column) = (left.ndim() == 1, right.ndim() == 1);
    let left = if row { left.insert_axis(Axis(0)) } else { left };
    let right = if column { right.insert_axis(Axis(1)) } else { right };
    let (rows, inner) = (left.shape()[left.ndim() - 2], left.shape()[left.ndim() - 1]);
    let (other, columns) = (right.shape()[right.ndim() - 2], right.shape()[right.ndim() - 1]);
    if inner != other {
        return Err(call.fail(format!("{inner} columns meet {other} rows")));
    }
    let outer = broadcast_dims(call, &left.shape()[..left.ndim() - 2], &right.shape()[..right.ndim() - 2])?;
    let batches: usize = outer.iter().product();
    let stacked = |array: &ArrayD<f64>, rows: usize, columns: usize| -> Result<Array3<f64>> {
        let dims: Vec<usize> = outer.iter().copied().chain([rows, columns]).collect();
        let wide = view(call, array, &dims)?.as_standard_layout().into_owned();
        wide.into_shape_with_order((batches, rows, columns)).map_err(shape_error(call))
    };
    let (left, right) = (stacked(&left, rows, inner)?, stacked(&right, inner, columns)?);
    let mut product = Array3::<f64>::zeros((batches, rows, columns));
    for batch in 0..batches {
        let one: Array2<f64> = left.index_axis(Axis(0), batch).dot(&right.index_axis(Axis(0), batch));
        product.index_axis_mut(Axis(0), batch).assign(&one);
    }
    let alpha = f64::from(call.node.attributes.float("alpha", 1.0));
    product *= if call.node.operator() == "FusedMatMul" { alpha } else { 1.0 };
    let mut dims = outer;
    if !row {
        dims.push(rows);
    }
    if !column {
        dims.push(columns);
    }
    Ok(vec![Array::Real(product.into_shape_with_order(IxDyn(&dims)).map_err(shape_error(call))?)])
}

fn oriented(call: &Call<'_>, index: usize, flag: &str) -> Result<ArrayD<f64>> {
    let mut array = call.real(index)?.clone();
    if array.ndim() == 0 {
        return Err(call.fail("a scalar has no rows"));
    }
    let rank = array.ndim();
    if rank > 1 && call.node.operator() == "FusedMatMul" && call.int(flag, 0) != 0 {
        array.swap_axes(rank - 1, rank - 2);
    }
    Ok(array)
}

fn matrix<'a>(call: &Call<'a>, index: usize, flag: &str) -> Result<ArrayView2<'a, f64>> {
    let array = call.real(index)?.view().into_dimensionality::<Ix2>().map_err(shape_error(call))?;
    Ok(if call.int(flag, 0) != 0 { array.reversed_axes() } else { array })
}

fn gemm(call: &Call<'_>) -> Result<Vec<Array>> {
    let (a, b) = (matrix(call, 0, "transA")?, matrix(call, 1, "transB")?);
    if a.ncols() != b.nrows() {
        return Err(call.fail(format!("{} columns meet {} rows", a.ncols(), b.nrows())));
    }
    let attributes = &call.node.attributes;
    let mut product: ArrayD<f64> = (a.dot(&b) * f64::from(attributes.float("alpha", 1.0))).into_dyn();
    if call.has(2) {
        let dims = product.shape().to_vec();
        product.scaled_add(f64::from(attributes.float("beta", 1.0)), &view(call, call.real(2)?, &dims)?);
    }
    Ok(vec![Array::Real(product)])
}

fn softmax(call: &Call<'_>) -> Result<Vec<Array>> {
    let mut x = call.real(0)?.clone();
    let axis = Axis(call.axis(call.int("axis", -1), x.ndim())?);
    let logarithm = call.node.operator() == "LogSoftmax";
    for mut lane in x.lanes_mut(axis) {
        let largest = lane.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = lane.iter().map(|x| (x - largest).exp()).sum();
        lane.mapv_inplace(|x| if logarithm { x - largest - total.ln() } else { (x - largest).exp() / total });
    }
    Ok(vec![Array::Real(x)])
}

fn layer_normalization(call: &Call<'_>) -> Result<Vec<Array>> {
    let x = call.real(0)?;
    let axis = call.axis(call.int("axis", -1), x.ndim())?;
    let root_mean_square = call.node.operator() == "RMSNormalization";
    let epsilon = f64::from(call.node.attributes.float("epsilon", 1e-5));
    let (outer, inner) = x.shape().split_at(axis);
    let (rows, width) = (outer.iter().product::<usize>(), inner.iter().product::<usize>());
    let flat = x.as_standard_layout().into_owned();
    let mut flat = flat.into_shape_with_order((rows, width)).map_err(shape_error(call))?;
    let (mut means, mut deviations) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for mut row in flat.rows_mut() {
        let mean = if root_mean_square { 0.0 } else { row.sum() / width as f64 };
        let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / width as f64;
        let inverse = 1.0 / (variance + epsilon).sqrt();
        row.mapv_inplace(|x| (x - mean) * inverse);
        means.push(mean);
        deviations.push(inverse);
    }
    let mut y = flat.into_shape_with_order(IxDyn(x.shape())).map_err(shape_error(call))?;
    if call.has(1) {
        y *= &view(call, call.real(1)?, x.shape())?;
    }
    if call.has(2) {
        y += &view(call, call.real(2)?, x.shape())?;
    }
    let kept: Vec<usize> = outer.iter().copied().chain(inner.iter().map(|_| 1)).collect();
    Ok(vec![Array::Real(y), Array::reals(&kept, means)?, Array::reals(&kept, deviations)?])
}
