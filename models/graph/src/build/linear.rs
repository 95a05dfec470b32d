//! Products, convolutions and pools.

use crate::{Attributes, Graph, Result, Var};

/// What a [`gemm`](Graph::gemm) multiplies: `alpha * A' * B' + beta * bias`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gemm {
    /// Whether A is used transposed.
    pub trans_a: bool,
    /// Whether B is used transposed.
    pub trans_b: bool,
    /// The factor of the product.
    pub alpha: f32,
    /// The factor of the bias.
    pub beta: f32,
}

impl Default for Gemm {
    fn default() -> Self {
        Self { trans_a: false, trans_b: false, alpha: 1.0, beta: 1.0 }
    }
}

/// The geometry of a [`conv1d`](Graph::conv1d).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Convolution {
    /// Steps between places of the window.
    pub stride: usize,
    /// Steps between elements of the window.
    pub dilation: usize,
    /// Zeros before and after the axis.
    pub pads: (usize, usize),
    /// How many groups of channels do not see each other; as many as channels: depthwise.
    pub groups: usize,
}

impl Default for Convolution {
    fn default() -> Self {
        Self { stride: 1, dilation: 1, pads: (0, 0), groups: 1 }
    }
}

impl Graph {
    /// Adds the matrix product of the last two axes, `[.., m, k] x [.., k, n]` to `[.., m, n]`; other axes are broadcast.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where types or shapes do not agree.
    pub fn matmul(&mut self, a: Var, b: Var) -> Result<Var> {
        self.apply("MatMul", &[a, b], Attributes::new())
    }

    /// Adds the product of two matrices with an optional bias that is broadcast to the result.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where types or shapes do not agree.
    pub fn gemm(&mut self, a: Var, b: Var, bias: Option<Var>, form: Gemm) -> Result<Var> {
        let mut attributes = Attributes::new();
        // Defaults are left out, so that graphs stay small and compare equal.
        for (name, set) in [("transA", form.trans_a), ("transB", form.trans_b)] {
            if set {
                attributes.set(name, 1i64);
            }
        }
        for (name, factor) in [("alpha", form.alpha), ("beta", form.beta)] {
            if factor != 1.0 {
                attributes.set(name, factor);
            }
        }
        let mut inputs = vec![a, b];
        inputs.extend(bias);
        self.apply("Gemm", &inputs, attributes)
    }

    /// Adds a linear layer on rows: `x [n, in] * weight [in, out] + bias [out]`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where types or shapes do not agree.
    pub fn linear(&mut self, x: Var, weight: Var, bias: Option<Var>) -> Result<Var> {
        self.gemm(x, weight, bias, Gemm::default())
    }

    /// Adds a linear layer with the weight as PyTorch stores it: `x [n, in] * weight [out, in]^T + bias [out]`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where types or shapes do not agree.
    pub fn linear_transposed(&mut self, x: Var, weight: Var, bias: Option<Var>) -> Result<Var> {
        self.gemm(x, weight, bias, Gemm { trans_b: true, ..Gemm::default() })
    }

    /// Adds a convolution along the last axis: `x [batch, in, length]`, `weight [out, in / groups, width]`, `bias [out]`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where types or shapes do not agree.
    pub fn conv1d(&mut self, x: Var, weight: Var, bias: Option<Var>, form: Convolution) -> Result<Var> {
        let attributes = Attributes::new()
            .with("strides", vec![form.stride as i64])
            .with("dilations", vec![form.dilation as i64])
            .with("pads", vec![form.pads.0 as i64, form.pads.1 as i64])
            .with("group", form.groups as i64);
        let mut inputs = vec![x, weight];
        inputs.extend(bias);
        self.apply("Conv", &inputs, attributes)
    }

    /// Adds the largest element of each window along the last axis of `x [batch, channels, length]`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where the window does not fit.
    pub fn max_pool1d(&mut self, x: Var, width: usize, stride: usize) -> Result<Var> {
        let attributes =
            Attributes::new().with("kernel_shape", vec![width as i64]).with("strides", vec![stride as i64]);
        self.apply("MaxPool", &[x], attributes)
    }

    /// Adds the largest element of each channel of `x [batch, channels, ..]`; the axes stay with length 1.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator).
    pub fn global_max_pool(&mut self, x: Var) -> Result<Var> {
        self.apply("GlobalMaxPool", &[x], Attributes::new())
    }
}
