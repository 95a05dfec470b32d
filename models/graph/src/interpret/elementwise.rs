//! Operators that work element by element.

use libm::{erf, tanh};
use ndarray::{ArrayD, ArrayViewD, Axis, Dimension, IxDyn, Zip};

use crate::{
    DataType, Result,
    interpret::{Array, Call, Rule},
};

pub(super) fn rule(key: &str) -> Option<Rule> {
    Some(match key {
        "Neg" | "Abs" | "Sign" => signed,
        "Sqrt"
        | "Reciprocal"
        | "Exp"
        | "Log"
        | "Erf"
        | "Tanh"
        | "Sigmoid"
        | "Sin"
        | "Cos"
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
        | "com.microsoft:QuickGelu" => function,
        "Relu" => relu,
        "Identity" | "Dropout" => identity,
        "Add" | "Sub" | "Mul" | "Div" | "Mod" | "Min" | "Max" | "Sum" | "Mean" | "Pow" => arithmetic,
        "Equal" | "Less" | "LessOrEqual" | "Greater" | "GreaterOrEqual" => comparison,
        "And" | "Or" | "Xor" => logic,
        "Not" => not,
        "IsNaN" | "IsInf" => test,
        "Where" => choice,
        "Cast" | "CastLike" => cast,
        "DequantizeLinear" => dequantize,
        "Clip" => clip,
        "CumSum" => cumsum,
        "Trilu" => trilu,
        _ => return None,
    })
}

fn signed(call: &Call<'_>) -> Result<Vec<Array>> {
    let operator = call.node.operator();
    Ok(vec![match call.array(0)? {
        Array::Real(x) => Array::Real(x.mapv(|x| match operator {
            "Neg" => -x,
            "Abs" => x.abs(),
            _ if x == 0.0 => 0.0,
            _ => x.signum(),
        })),
        Array::Integer(x) => Array::Integer(x.mapv(|x| match operator {
            "Neg" => x.wrapping_neg(),
            "Abs" => x.wrapping_abs(),
            _ => x.signum(),
        })),
    }])
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn function(call: &Call<'_>) -> Result<Vec<Array>> {
    let x = call.real(0)?;
    let attributes = &call.node.attributes;
    let alpha = |default: f32| f64::from(attributes.float("alpha", default));
    let beta = f64::from(attributes.float("beta", 0.5));
    let tanh_form = call.node.operator() == "FastGelu" || attributes.text("approximate", "none") == "tanh";
    Ok(vec![Array::Real(match call.node.operator() {
        "Sqrt" => x.mapv(f64::sqrt),
        "Reciprocal" => x.mapv(f64::recip),
        "Exp" => x.mapv(f64::exp),
        "Log" => x.mapv(f64::ln),
        "Erf" => x.mapv(erf),
        "Tanh" => x.mapv(tanh),
        "Sigmoid" => x.mapv(sigmoid),
        "Sin" => x.mapv(f64::sin),
        "Cos" => x.mapv(f64::cos),
        "Floor" => x.mapv(f64::floor),
        "Ceil" => x.mapv(f64::ceil),
        "Round" => x.mapv(f64::round_ties_even),
        "Softplus" => x.mapv(|x| x.max(0.0) + (-x.abs()).exp().ln_1p()),
        "LeakyRelu" => x.mapv(|x| if x < 0.0 { alpha(0.01) * x } else { x }),
        "Elu" => x.mapv(|x| if x < 0.0 { alpha(1.0) * x.exp_m1() } else { x }),
        "HardSigmoid" => x.mapv(|x| (alpha(0.2) * x + beta).clamp(0.0, 1.0)),
        "HardSwish" => x.mapv(|x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0)),
        "QuickGelu" => x.mapv(|x| x * sigmoid(alpha(1.702) * x)),
        _ if tanh_form => x.mapv(|x| {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
            0.5 * x * (1.0 + tanh(inner))
        }),
        _ => x.mapv(|x| 0.5 * x * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2))),
    })])
}

fn relu(call: &Call<'_>) -> Result<Vec<Array>> {
    Ok(vec![match call.array(0)? {
        Array::Real(x) => Array::Real(x.mapv(|x| x.max(0.0))),
        Array::Integer(x) => Array::Integer(x.mapv(|x| x.max(0))),
    }])
}

fn identity(call: &Call<'_>) -> Result<Vec<Array>> {
    let x = call.array(0)?;
    if call.list(2)?.is_some_and(|training| training.iter().any(|&flag| flag != 0)) {
        return Err(call.fail("dropout in training: replace it by masks first"));
    }
    Ok(vec![x.clone(), Array::Integer(ArrayD::from_elem(x.dims(), 1))])
}

/// Returns the shape that arrays are broadcast to.
pub(super) fn broadcast_dims(call: &Call<'_>, a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at =
        |dims: &[usize], axis: usize| (axis + dims.len()).checked_sub(rank).map_or(1, |index| dims[index]);
    let one = |axis| match (at(a, axis), at(b, axis)) {
        (left, right) if left == right => Ok(left),
        (1, other) | (other, 1) => Ok(other),
        (left, right) => Err(call.fail(format!("dimensions {left} and {right} do not broadcast"))),
    };
    (0..rank).map(one).collect()
}

pub(super) fn view<'a, T>(
    call: &Call<'_>,
    array: &'a ArrayD<T>,
    dims: &[usize],
) -> Result<ArrayViewD<'a, T>> {
    array.broadcast(IxDyn(dims)).ok_or_else(|| call.fail(format!("{:?} does not broadcast", array.shape())))
}

fn zip<T: Copy, U: Copy, V>(
    call: &Call<'_>,
    a: &ArrayD<T>,
    b: &ArrayD<U>,
    combine: impl Fn(T, U) -> V,
) -> Result<ArrayD<V>> {
    let dims = broadcast_dims(call, a.shape(), b.shape())?;
    let (a, b) = (view(call, a, &dims)?, view(call, b, &dims)?);
    Ok(Zip::from(&a).and(&b).map_collect(|&a, &b| combine(a, b)))
}

fn arithmetic(call: &Call<'_>) -> Result<Vec<Array>> {
    let mut total = call.array(0)?.clone();
    for index in 1..call.inputs.len() {
        total = pair(call, &total, call.array(index)?)?;
    }
    if call.node.operator() == "Mean"
        && let Array::Real(total) = &mut total
    {
        *total /= call.inputs.len() as f64;
    }
    Ok(vec![total])
}

fn pair(call: &Call<'_>, a: &Array, b: &Array) -> Result<Array> {
    let operator = call.node.operator();
    let remainder = |a: f64, b: f64| if call.int("fmod", 0) == 0 { a - b * (a / b).floor() } else { a % b };
    Ok(match (a, b) {
        (Array::Integer(a), Array::Integer(b)) => {
            if matches!(operator, "Div" | "Mod") && b.iter().any(|&b| b == 0) {
                return Err(call.fail("an integer divided by zero"));
            }
            Array::Integer(zip(call, a, b, |a: i64, b: i64| match operator {
                "Add" | "Sum" => a.wrapping_add(b),
                "Sub" => a.wrapping_sub(b),
                "Mul" => a.wrapping_mul(b),
                "Div" => a.wrapping_div(b),
                "Mod" if call.int("fmod", 0) != 0 => a.wrapping_rem(b),
                "Mod" => {
                    let rest = a.wrapping_rem(b);
                    if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
                }
                "Min" => a.min(b),
                "Max" => a.max(b),
                _ => a.wrapping_pow(u32::try_from(b).unwrap_or(0)),
            })?)
        }
        (Array::Real(a), Array::Real(b)) => Array::Real(zip(call, a, b, |a: f64, b: f64| match operator {
            "Add" | "Sum" | "Mean" => a + b,
            "Sub" => a - b,
            "Mul" => a * b,
            "Div" => a / b,
            "Mod" => remainder(a, b),
            "Min" => a.min(b),
            "Max" => a.max(b),
            _ => a.powf(b),
        })?),
        (Array::Real(a), Array::Integer(b)) if operator == "Pow" => {
            Array::Real(zip(call, a, b, |a: f64, b: i64| a.powf(b as f64))?)
        }
        (Array::Integer(a), Array::Real(b)) if operator == "Pow" => {
            Array::Integer(zip(call, a, b, |a: i64, b: f64| (a as f64).powf(b) as i64)?)
        }
        _ => return Err(call.fail("inputs of different types")),
    })
}

fn compare<T: PartialOrd>(operator: &str, a: &T, b: &T) -> i64 {
    i64::from(match operator {
        "Equal" => a == b,
        "Less" => a < b,
        "LessOrEqual" => a <= b,
        "Greater" => a > b,
        _ => a >= b,
    })
}

fn comparison(call: &Call<'_>) -> Result<Vec<Array>> {
    let operator = call.node.operator();
    Ok(vec![Array::Integer(match (call.array(0)?, call.array(1)?) {
        (Array::Real(a), Array::Real(b)) => zip(call, a, b, |a, b| compare(operator, &a, &b))?,
        (Array::Integer(a), Array::Integer(b)) => zip(call, a, b, |a, b| compare(operator, &a, &b))?,
        _ => return Err(call.fail("inputs of different types")),
    })])
}

fn logic(call: &Call<'_>) -> Result<Vec<Array>> {
    let operator = call.node.operator();
    let combine = |a: i64, b: i64| {
        let (a, b) = (a != 0, b != 0);
        i64::from(match operator {
            "And" => a && b,
            "Or" => a || b,
            _ => a != b,
        })
    };
    Ok(vec![Array::Integer(zip(call, call.integer(0)?, call.integer(1)?, combine)?)])
}

fn not(call: &Call<'_>) -> Result<Vec<Array>> {
    Ok(vec![Array::Integer(call.integer(0)?.mapv(|x| i64::from(x == 0)))])
}

fn test(call: &Call<'_>) -> Result<Vec<Array>> {
    let nan = call.node.operator() == "IsNaN";
    let test = |x: f64| i64::from(if nan { x.is_nan() } else { x.is_infinite() });
    Ok(vec![Array::Integer(call.real(0)?.mapv(test))])
}

fn choice(call: &Call<'_>) -> Result<Vec<Array>> {
    let condition = call.integer(0)?;
    Ok(vec![match (call.array(1)?, call.array(2)?) {
        (Array::Real(a), Array::Real(b)) => Array::Real(chosen(call, condition, a, b)?),
        (Array::Integer(a), Array::Integer(b)) => Array::Integer(chosen(call, condition, a, b)?),
        _ => return Err(call.fail("inputs of different types")),
    }])
}

fn chosen<T: Copy>(
    call: &Call<'_>,
    condition: &ArrayD<i64>,
    a: &ArrayD<T>,
    b: &ArrayD<T>,
) -> Result<ArrayD<T>> {
    let dims = broadcast_dims(call, a.shape(), b.shape())?;
    let dims = broadcast_dims(call, &dims, condition.shape())?;
    let (condition, a, b) = (view(call, condition, &dims)?, view(call, a, &dims)?, view(call, b, &dims)?);
    Ok(Zip::from(&condition).and(&a).and(&b).map_collect(|&c, &a, &b| if c != 0 { a } else { b }))
}

fn cast(call: &Call<'_>) -> Result<Vec<Array>> {
    let dtype = if call.node.operator() == "CastLike" {
        let like = call.node.input(1).ok_or_else(|| call.fail("input 1 is missing"))?;
        call.graph.dtype(like)?
    } else {
        let code = i32::try_from(call.int("to", 0)).ok().and_then(DataType::from_code);
        code.ok_or_else(|| call.fail("an element type that is not supported"))?
    };
    let x = call.array(0)?;
    Ok(vec![match (x, dtype) {
        (Array::Real(x), DataType::Bool) => Array::Integer(x.mapv(|x| i64::from(x != 0.0))),
        (Array::Integer(x), DataType::Bool) => Array::Integer(x.mapv(|x| i64::from(x != 0))),
        (Array::Real(x), dtype) if !dtype.is_float() => Array::Integer(x.mapv(|x| x as i64)),
        (Array::Integer(x), dtype) if dtype.is_float() => Array::Real(x.mapv(|x| x as f64)),
        (x, _) => x.clone(),
    }])
}

/// Integers times a scale, counted from a zero point.
fn dequantize(call: &Call<'_>) -> Result<Vec<Array>> {
    let scale = call.real(1)?.first().copied();
    let scale = scale.ok_or_else(|| call.fail("a scale without a number"))?;
    let zero = call.list(2)?.and_then(|list| list.first().copied()).unwrap_or(0);
    Ok(vec![Array::Real(call.integer(0)?.mapv(|x| (x - zero) as f64 * scale))])
}

fn clip(call: &Call<'_>) -> Result<Vec<Array>> {
    let x = call.real(0)?;
    let bound = |index: usize, default: f64| -> Result<f64> {
        if !call.has(index) {
            return Ok(default);
        }
        call.array(index)?.to_reals().first().copied().ok_or_else(|| call.fail("a bound without a number"))
    };
    let (low, high) = (bound(1, f64::NEG_INFINITY)?, bound(2, f64::INFINITY)?);
    Ok(vec![Array::Real(x.mapv(|x| x.max(low).min(high)))])
}

fn cumsum(call: &Call<'_>) -> Result<Vec<Array>> {
    let axis = call.list(1)?.and_then(|axes| axes.first().copied()).ok_or_else(|| call.fail("no axis"))?;
    let axis = Axis(call.axis(axis, call.array(0)?.dims().len())?);
    let (exclusive, reverse) = (call.int("exclusive", 0) != 0, call.int("reverse", 0) != 0);
    Ok(vec![match call.array(0)? {
        Array::Real(x) => Array::Real(running(x, axis, exclusive, reverse, |a, b| a + b)),
        Array::Integer(x) => Array::Integer(running(x, axis, exclusive, reverse, i64::wrapping_add)),
    }])
}

fn running<T: Copy + Default>(
    x: &ArrayD<T>,
    axis: Axis,
    exclusive: bool,
    reverse: bool,
    add: impl Fn(T, T) -> T,
) -> ArrayD<T> {
    let mut sums = x.clone();
    for mut lane in sums.lanes_mut(axis) {
        let mut total = T::default();
        let mut step = |slot: &mut T| {
            let next = add(total, *slot);
            *slot = if exclusive { total } else { next };
            total = next;
        };
        if reverse { lane.iter_mut().rev().for_each(&mut step) } else { lane.iter_mut().for_each(&mut step) }
    }
    sums
}

fn trilu(call: &Call<'_>) -> Result<Vec<Array>> {
    let upper = call.int("upper", 1) != 0;
    let diagonal = call.list(1)?.and_then(|list| list.first().copied()).unwrap_or(0);
    let keep = |index: &IxDyn| {
        let rank = index.ndim();
        let offset = index[rank - 1] as i64 - index[rank - 2] as i64;
        if upper { offset >= diagonal } else { offset <= diagonal }
    };
    if call.array(0)?.dims().len() < 2 {
        return Err(call.fail("a triangle needs two dimensions"));
    }
    Ok(vec![match call.array(0)? {
        Array::Real(x) => Array::Real(masked(x, keep)),
        Array::Integer(x) => Array::Integer(masked(x, keep)),
    }])
}

fn masked<T: Copy + Default>(x: &ArrayD<T>, keep: impl Fn(&IxDyn) -> bool) -> ArrayD<T> {
    let mut kept = x.clone();
    for (index, value) in kept.indexed_iter_mut() {
        if !keep(&index) {
            *value = T::default();
        }
    }
    kept
}
