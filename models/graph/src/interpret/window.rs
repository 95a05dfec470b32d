//! Operators that slide a window: convolutions and pools.

use ndarray::{ArrayD, Dimension, IxDyn};

use crate::{
    Result,
    interpret::{Array, Call, Rule},
};

pub(super) fn rule(key: &str) -> Option<Rule> {
    Some(match key {
        "Conv" => conv,
        "ConvTranspose" => conv_transpose,
        "MaxPool" | "AveragePool" => pool,
        "GlobalMaxPool" | "GlobalAveragePool" => global_pool,
        _ => return None,
    })
}

/// The geometry of a window.
struct Geometry {
    kernel: Vec<usize>,
    strides: Vec<usize>,
    dilations: Vec<usize>,
    before: Vec<usize>,
    after: Vec<usize>,
}

impl Geometry {
    fn new(call: &Call<'_>, kernel: Vec<usize>) -> Result<Self> {
        let axes = kernel.len();
        let list = |name: &str, length: usize, default: usize| -> Result<Vec<usize>> {
            let Some(values) = call.node.attributes.ints(name) else { return Ok(vec![default; length]) };
            let sizes: Option<Vec<usize>> = values.iter().map(|&value| usize::try_from(value).ok()).collect();
            let fits = |sizes: &Vec<usize>| sizes.len() == length && !(default == 1 && sizes.contains(&0));
            sizes.filter(fits).ok_or_else(|| call.fail(format!("{name} do not fit {axes} axes")))
        };
        let pads = list("pads", 2 * axes, 0)?;
        let (before, after) = (pads[..axes].to_vec(), pads[axes..].to_vec());
        Ok(Self {
            strides: list("strides", axes, 1)?,
            dilations: list("dilations", axes, 1)?,
            kernel,
            before,
            after,
        })
    }

    /// Returns the place in the data under an element of the window, if it is within.
    fn source(&self, place: &[usize], element: &[usize], data: &[usize]) -> Option<Vec<usize>> {
        let one = |axis: usize| {
            let at = place[axis] * self.strides[axis] + element[axis] * self.dilations[axis];
            at.checked_sub(self.before[axis]).filter(|&at| at < data[axis])
        };
        (0..self.kernel.len()).map(one).collect()
    }

    fn places(&self, call: &Call<'_>, data: &[usize]) -> Result<Vec<usize>> {
        let ceil = call.int("ceil_mode", 0) != 0;
        let one = |axis: usize| {
            let reach = self.dilations[axis] * self.kernel[axis].checked_sub(1)? + 1;
            let room = (data[axis] + self.before[axis] + self.after[axis]).checked_sub(reach)?;
            Some(if ceil { room.div_ceil(self.strides[axis]) } else { room / self.strides[axis] } + 1)
        };
        let places: Option<Vec<usize>> = (0..self.kernel.len()).map(one).collect();
        places.ok_or_else(|| call.fail("the window does not fit"))
    }
}

/// Returns all places of a shape in row-major order.
fn places(dims: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    ndarray::indices(IxDyn(dims)).into_iter().map(|at| at.as_array_view().to_vec())
}

fn joined(front: [usize; 2], rest: &[usize]) -> IxDyn {
    IxDyn(&front.iter().chain(rest).copied().collect::<Vec<_>>())
}

struct Channels {
    batch: usize,
    data: Vec<usize>,
    kernel: Vec<usize>,
    group: usize,
}

fn channels(call: &Call<'_>) -> Result<Channels> {
    let (x, w) = (call.real(0)?, call.real(1)?);
    let group = usize::try_from(call.int("group", 1)).unwrap_or(0);
    let groups = group > 0 && x.ndim() > 2 && x.ndim() == w.ndim();
    if !groups || !x.shape()[1].is_multiple_of(group) || !w.shape()[0].is_multiple_of(group) {
        return Err(call.fail("data, weights and groups do not fit"));
    }
    Ok(Channels {
        batch: x.shape()[0],
        data: x.shape()[2..].to_vec(),
        kernel: w.shape()[2..].to_vec(),
        group,
    })
}

fn bias(call: &Call<'_>, y: &mut ArrayD<f64>) -> Result<()> {
    if call.has(2) {
        let bias = call.array(2)?.to_reals();
        for (mut channel, bias) in y.axis_iter_mut(ndarray::Axis(1)).zip(bias) {
            channel += bias;
        }
    }
    Ok(())
}

fn conv(call: &Call<'_>) -> Result<Vec<Array>> {
    let (x, w) = (call.real(0)?, call.real(1)?);
    let Channels { batch, data, kernel, group } = channels(call)?;
    let geometry = Geometry::new(call, kernel.clone())?;
    let spatial = geometry.places(call, &data)?;
    let (out, each) = (w.shape()[0], w.shape()[1]);
    if each * group != x.shape()[1] {
        return Err(call.fail("weights do not fit the channels"));
    }
    let mut y = ArrayD::<f64>::zeros(joined([batch, out], &spatial));
    for row in 0..batch {
        for channel in 0..out {
            let first = channel / (out / group) * each;
            for place in places(&spatial) {
                let mut sum = 0.0;
                for element in places(&kernel) {
                    let Some(source) = geometry.source(&place, &element, &data) else { continue };
                    for input in 0..each {
                        sum +=
                            x[joined([row, first + input], &source)] * w[joined([channel, input], &element)];
                    }
                }
                y[joined([row, channel], &place)] = sum;
            }
        }
    }
    bias(call, &mut y)?;
    Ok(vec![Array::Real(y)])
}

fn conv_transpose(call: &Call<'_>) -> Result<Vec<Array>> {
    let (x, w) = (call.real(0)?, call.real(1)?);
    let Channels { batch, data, kernel, group } = channels(call)?;
    let geometry = Geometry::new(call, kernel.clone())?;
    let extra =
        call.node.attributes.ints("output_padding").map_or_else(|| vec![0; data.len()], <[i64]>::to_vec);
    let size = |axis: usize| {
        let reach = geometry.dilations[axis] * kernel[axis].checked_sub(1)? + 1;
        let full = geometry.strides[axis] * data[axis].checked_sub(1)? + reach;
        let full = full + usize::try_from(*extra.get(axis)?).ok()?;
        full.checked_sub(geometry.before[axis] + geometry.after[axis])
    };
    let spatial: Option<Vec<usize>> = (0..data.len()).map(size).collect();
    let spatial = spatial.ok_or_else(|| call.fail("the window does not fit"))?;
    let (inputs, each) = (w.shape()[0], w.shape()[1]);
    if inputs != x.shape()[1] {
        return Err(call.fail("weights do not fit the channels"));
    }
    let mut y = ArrayD::<f64>::zeros(joined([batch, each * group], &spatial));
    for row in 0..batch {
        for input in 0..inputs {
            let first = input / (inputs / group) * each;
            for place in places(&data) {
                for element in places(&kernel) {
                    let Some(target) = geometry.source(&place, &element, &spatial) else { continue };
                    for channel in 0..each {
                        let product = x[joined([row, input], &place)] * w[joined([input, channel], &element)];
                        y[joined([row, first + channel], &target)] += product;
                    }
                }
            }
        }
    }
    bias(call, &mut y)?;
    Ok(vec![Array::Real(y)])
}

fn pool(call: &Call<'_>) -> Result<Vec<Array>> {
    let x = call.real(0)?;
    let kernel = call.node.attributes.ints("kernel_shape").unwrap_or_default();
    let kernel: Vec<usize> = kernel.iter().map(|&size| usize::try_from(size).unwrap_or(0)).collect();
    if x.ndim() < 3 || kernel.len() != x.ndim() - 2 {
        return Err(call.fail("the window does not fit the data"));
    }
    let geometry = Geometry::new(call, kernel.clone())?;
    let (outer, data) = ([x.shape()[0], x.shape()[1]], x.shape()[2..].to_vec());
    let spatial = geometry.places(call, &data)?;
    let largest = call.node.operator() == "MaxPool";
    let whole = call.int("count_include_pad", 0) != 0;
    let mut y = ArrayD::<f64>::zeros(joined(outer, &spatial));
    let mut indices = ArrayD::<i64>::zeros(joined(outer, &spatial));
    let plane: usize = data.iter().product();
    for at in places(&[outer[0], outer[1]]) {
        let front = [at[0], at[1]];
        for place in places(&spatial) {
            let (mut best, mut index, mut sum, mut count) = (f64::NEG_INFINITY, 0, 0.0, 0usize);
            for element in places(&kernel) {
                let Some(source) = geometry.source(&place, &element, &data) else { continue };
                let value = x[joined(front, &source)];
                (sum, count) = (sum + value, count + 1);
                if value > best {
                    best = value;
                    let flat = source.iter().zip(&data).fold(0, |flat, (at, size)| flat * size + at);
                    index = (front[0] * outer[1] + front[1]) * plane + flat;
                }
            }
            let count = if whole { kernel.iter().product() } else { count };
            y[joined(front, &place)] = if largest { best } else { sum / count as f64 };
            indices[joined(front, &place)] = index as i64;
        }
    }
    Ok(if largest { vec![Array::Real(y), Array::Integer(indices)] } else { vec![Array::Real(y)] })
}

fn global_pool(call: &Call<'_>) -> Result<Vec<Array>> {
    let x = call.real(0)?;
    if x.ndim() < 3 {
        return Err(call.fail("data must be [batch, channels, ..]"));
    }
    let plane: usize = x.shape()[2..].iter().product();
    let values: Vec<f64> = x.iter().copied().collect();
    let largest = call.node.operator() == "GlobalMaxPool";
    let reduce = |plane: &[f64]| {
        if largest {
            plane.iter().copied().fold(f64::NEG_INFINITY, f64::max)
        } else {
            plane.iter().sum::<f64>() / plane.len() as f64
        }
    };
    let dims: Vec<usize> =
        x.shape().iter().enumerate().map(|(axis, &size)| if axis < 2 { size } else { 1 }).collect();
    if plane == 0 {
        return Err(call.fail("no element to pool"));
    }
    Ok(vec![Array::reals(&dims, values.chunks(plane).map(reduce).collect())?])
}
