//! Products, convolutions and pools.

use crate::{
    Dim, Result, Shape,
    einsum::Equation,
    infer::{Request, Rule, Type, broadcast},
};

pub(super) fn rule(key: &str) -> Option<Rule> {
    Some(match key {
        "MatMul" | "com.microsoft:FusedMatMul" => matmul,
        "Gemm" => gemm,
        "Einsum" => einsum,
        "Conv" => conv,
        "ConvTranspose" => conv_transpose,
        "MaxPool" | "AveragePool" => pool,
        "GlobalMaxPool" | "GlobalAveragePool" => global_pool,
        _ => return None,
    })
}

/// Whether two dimensions may be equal.
fn agree(a: &Dim, b: &Dim) -> bool {
    match (a, b) {
        (Dim::Fixed(a), Dim::Fixed(b)) => a == b,
        _ => true,
    }
}

fn matmul(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.same_types(0)?;
    request.dtype(1)?;
    let (Some(a), Some(b)) = (request.shape(0), request.shape(1)) else {
        return Ok(vec![Type::maybe(dtype, None)]);
    };
    if a.is_empty() || b.is_empty() {
        return Err(request.fail("a scalar has no rows"));
    }
    let flip = |shape: &Shape, name: &str| {
        let mut dims = shape.to_vec();
        let rank = dims.len();
        if rank > 1 && request.node.attributes.int(name, 0) != 0 {
            dims.swap(rank - 1, rank - 2);
        }
        dims
    };
    let (mut a, mut b) = (flip(a, "transA"), flip(b, "transB"));
    let (row, column) = (a.len() == 1, b.len() == 1);
    if row {
        a.insert(0, Dim::Fixed(1));
    }
    if column {
        b.push(Dim::Fixed(1));
    }
    let (rows, inner) = (a.len() - 2, &a[a.len() - 1]);
    if !agree(inner, &b[b.len() - 2]) {
        return Err(request.fail(format!("{inner} columns meet {} rows", b[b.len() - 2])));
    }
    let outer = broadcast(&a[..rows], &b[..b.len() - 2]).map_err(|problem| request.fail(problem))?;
    let mut dims = outer.to_vec();
    if !row {
        dims.push(a[rows].clone());
    }
    if !column {
        dims.push(b[b.len() - 1].clone());
    }
    Ok(vec![Type::new(dtype, dims.into())])
}

fn gemm(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.same_types(0)?;
    request.dtype(1)?;
    let (Some(a), Some(b)) = (request.shape(0), request.shape(1)) else {
        return Ok(vec![Type::maybe(dtype, None)]);
    };
    let ([a0, a1], [b0, b1]) = (&**a, &**b) else {
        return Err(request.fail("both factors must be matrices"));
    };
    let flipped = |name| request.node.attributes.int(name, 0) != 0;
    let (rows, inner) = if flipped("transA") { (a1, a0) } else { (a0, a1) };
    let (other, columns) = if flipped("transB") { (b1, b0) } else { (b0, b1) };
    if !agree(inner, other) {
        return Err(request.fail(format!("{inner} columns meet {other} rows")));
    }
    let shape = Shape::from(vec![rows.clone(), columns.clone()]);
    if let Some(bias) = request.shape(2) {
        let merged = broadcast(&shape, bias).map_err(|problem| request.fail(problem))?;
        if merged.len() != 2 || !merged.iter().zip(shape.iter()).all(|(a, b)| agree(a, b)) {
            return Err(request.fail("the bias is larger than the product"));
        }
    }
    Ok(vec![Type::new(dtype, shape)])
}

fn einsum(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.same_types(0)?;
    let text = request.node.attributes.text("equation", "");
    let equation = Equation::parse(text).map_err(|problem| request.fail(problem))?;
    if equation.inputs.len() != request.node.inputs.len() {
        return Err(request.fail(format!("the equation `{text}` has {} inputs", equation.inputs.len())));
    }
    let mut sizes: Vec<(char, Dim)> = Vec::new();
    for (index, axes) in equation.inputs.iter().enumerate() {
        let Some(shape) = request.shape(index) else { return Ok(vec![Type::maybe(dtype, None)]) };
        if shape.len() != axes.len() {
            return Err(request.fail(format!("the equation `{text}` does not fit input {index}")));
        }
        for (letter, dim) in axes.iter().zip(shape.iter()) {
            match sizes.iter_mut().find(|(known, _)| known == letter) {
                None => sizes.push((*letter, dim.clone())),
                Some((_, known)) if !agree(known, dim) => {
                    return Err(request.fail(format!("`{letter}` is {known} and {dim}")));
                }
                Some((_, known)) if dim.fixed().is_some() => *known = dim.clone(),
                Some(_) => {}
            }
        }
    }
    let dim = |letter: &char| sizes.iter().find(|(known, _)| known == letter).map(|(_, dim)| dim.clone());
    Ok(vec![Type::new(dtype, equation.output.iter().filter_map(dim).collect())])
}

/// The geometry of a window that slides over the axes after the first two.
pub(crate) struct Window {
    pub(crate) kernel: Vec<usize>,
    pub(crate) strides: Vec<usize>,
    pub(crate) dilations: Vec<usize>,
    /// Padding before each axis, then after each axis.
    pub(crate) pads: Vec<usize>,
    pub(crate) ceil: bool,
}

impl Window {
    /// Reads the geometry from attributes; `kernel` is what the weights say, if there are weights.
    pub(crate) fn new(request: &Request<'_>, axes: usize, kernel: Option<Vec<usize>>) -> Result<Self> {
        let attributes = &request.node.attributes;
        let counts = |name: &str, length: usize, default: usize| -> Result<Vec<usize>> {
            let Some(values) = attributes.ints(name) else { return Ok(vec![default; length]) };
            let sizes: Option<Vec<usize>> = values.iter().map(|&value| usize::try_from(value).ok()).collect();
            match sizes {
                Some(sizes) if sizes.len() == length && (default == 0 || !sizes.contains(&0)) => Ok(sizes),
                _ => Err(request.fail(format!("{name} {values:?} do not fit {axes} axes"))),
            }
        };
        let kernel = match kernel {
            Some(kernel) => kernel,
            None => counts("kernel_shape", axes, 1)?,
        };
        if !matches!(attributes.text("auto_pad", "NOTSET"), "NOTSET" | "" | "VALID") {
            return Err(request.fail("auto_pad is not supported: write the pads"));
        }
        let (strides, dilations) = (counts("strides", axes, 1)?, counts("dilations", axes, 1)?);
        let pads = counts("pads", 2 * axes, 0)?;
        // Convolutions leave out what does not fill a window.
        let ceil = attributes.int("ceil_mode", 0) != 0 && request.node.operator().ends_with("Pool");
        Ok(Self { kernel, strides, dilations, pads, ceil })
    }

    /// Returns how many places the window has on an axis.
    pub(crate) fn places(&self, axis: usize, size: usize) -> Option<usize> {
        let reach = self.dilations[axis].checked_mul(self.kernel[axis].checked_sub(1)?)?.checked_add(1)?;
        let padded = size.checked_add(self.pads[axis])?.checked_add(self.pads[axis + self.kernel.len()])?;
        // Counted in signed integers.
        isize::try_from(padded).ok()?;
        let room = padded.checked_sub(reach)?;
        let stride = self.strides[axis];
        Some(if self.ceil { room.div_ceil(stride) } else { room / stride } + 1)
    }
}

fn slid(request: &Request<'_>, window: &Window, spatial: &[Dim]) -> Result<Vec<Dim>> {
    let one = |(axis, dim): (usize, &Dim)| match dim.fixed() {
        None => Ok(request.unknown(axis + 2)),
        Some(size) => window.places(axis, size).map(Dim::Fixed).ok_or_else(|| {
            request.fail(format!("a window of {} does not fit axis {}", window.kernel[axis], axis + 2))
        }),
    };
    spatial.iter().enumerate().map(one).collect()
}

fn conv(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.same_types(0)?;
    request.dtype(1)?;
    let (Some(data), Some(weights)) = (request.shape(0), request.shape(1)) else {
        return Ok(vec![Type::maybe(dtype, None)]);
    };
    if data.len() < 3 || weights.len() != data.len() {
        return Err(
            request.fail("data must be [batch, channels, ..] and weights [out, channels / group, ..]")
        );
    }
    let group = usize::try_from(request.node.attributes.int("group", 1)).unwrap_or(0);
    if let (Some(channels), Some(each), Some(out)) = (data[1].fixed(), weights[1].fixed(), weights[0].fixed())
        && (group == 0 || each.checked_mul(group) != Some(channels) || out % group != 0)
    {
        return Err(request.fail(format!("{group} groups do not fit the channels")));
    }
    let Some(kernel) = weights[2..].iter().map(Dim::fixed).collect() else {
        return Ok(vec![Type::maybe(dtype, None)]);
    };
    let window = Window::new(request, data.len() - 2, Some(kernel))?;
    let mut dims = vec![data[0].clone(), weights[0].clone()];
    dims.extend(slid(request, &window, &data[2..])?);
    Ok(vec![Type::new(dtype, dims.into())])
}

fn conv_transpose(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.same_types(0)?;
    request.dtype(1)?;
    let (Some(data), Some(weights)) = (request.shape(0), request.shape(1)) else {
        return Ok(vec![Type::maybe(dtype, None)]);
    };
    if data.len() < 3 || weights.len() != data.len() {
        return Err(request.fail("data must be [batch, in, ..] and weights [in, out / group, ..]"));
    }
    let group = usize::try_from(request.node.attributes.int("group", 1)).unwrap_or(0);
    let (Some(weights), Some(spatial)) = (weights.fixed(), Shape::from(data[2..].to_vec()).fixed()) else {
        return Ok(vec![Type::maybe(dtype, None)]);
    };
    let axes = spatial.len();
    let window = Window::new(request, axes, Some(weights[2..].to_vec()))?;
    let extra = request.node.attributes.ints("output_padding").map_or_else(|| vec![0; axes], <[i64]>::to_vec);
    let mut dims = vec![data[0].clone(), Dim::Fixed(weights[1].saturating_mul(group))];
    for (axis, &length) in spatial.iter().enumerate() {
        let size = || {
            let reach =
                window.dilations[axis].checked_mul(window.kernel[axis].checked_sub(1)?)?.checked_add(1)?;
            let full = window.strides[axis].checked_mul(length.checked_sub(1)?)?.checked_add(reach)?;
            let full = full.checked_add(usize::try_from(*extra.get(axis)?).ok()?)?;
            full.checked_sub(window.pads[axis].checked_add(window.pads[axis + axes])?)
        };
        dims.push(size().map(Dim::Fixed).ok_or_else(|| request.fail("the window does not fit"))?);
    }
    Ok(vec![Type::new(dtype, dims.into())])
}

fn pool(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    let Some(data) = request.shape(0) else {
        return Ok(vec![Type::maybe(dtype, None), Type::maybe(crate::DataType::I64, None)]);
    };
    if data.len() < 3 {
        return Err(request.fail("data must be [batch, channels, ..]"));
    }
    let window = Window::new(request, data.len() - 2, None)?;
    let mut dims = data[..2].to_vec();
    dims.extend(slid(request, &window, &data[2..])?);
    let shape = Shape::from(dims);
    Ok(vec![Type::new(dtype, shape.clone()), Type::new(crate::DataType::I64, shape)])
}

fn global_pool(request: &Request<'_>) -> Result<Vec<Type>> {
    let dtype = request.dtype(0)?;
    let Some(data) = request.shape(0) else { return Ok(vec![Type::maybe(dtype, None)]) };
    if data.len() < 3 {
        return Err(request.fail("data must be [batch, channels, ..]"));
    }
    let keep = |(axis, dim): (usize, &Dim)| if axis < 2 { dim.clone() } else { Dim::Fixed(1) };
    Ok(vec![Type::new(dtype, data.iter().enumerate().map(keep).collect())])
}
