//! Arithmetic and functions, element by element.

use crate::{Attributes, Graph, Result, Var};

/// Methods for operators of two inputs that are broadcast against each other.
macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident = $operator:literal;)*) => {
        impl Graph {$(
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where types or shapes do not agree.
            pub fn $name(&mut self, a: Var, b: Var) -> Result<Var> {
                self.apply($operator, &[a, b], Attributes::new())
            }
        )*}
    };
}

/// Methods for operators of one input.
macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident = $operator:literal;)*) => {
        impl Graph {$(
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// [`ErrorKind::ForeignVariable`](crate::ErrorKind::ForeignVariable).
            pub fn $name(&mut self, x: Var) -> Result<Var> {
                self.apply($operator, &[x], Attributes::new())
            }
        )*}
    };
}

binary! {
    /// Adds `a + b`, broadcast.
    add = "Add";
    /// Adds `a - b`, broadcast.
    sub = "Sub";
    /// Adds `a * b`, element by element, broadcast.
    mul = "Mul";
    /// Adds `a / b`, broadcast; integers are truncated towards zero.
    div = "Div";
    /// Adds `a` to the power of `b`, broadcast.
    pow = "Pow";
    /// Adds the smaller of two, broadcast.
    min = "Min";
    /// Adds the larger of two, broadcast.
    max = "Max";
}

unary! {
    /// Adds `-x`.
    neg = "Neg";
    /// Adds the absolute value.
    abs = "Abs";
    /// Adds the sign: -1, 0 or 1.
    sign = "Sign";
    /// Adds the square root.
    sqrt = "Sqrt";
    /// Adds `1 / x`.
    reciprocal = "Reciprocal";
    /// Adds the exponential.
    exp = "Exp";
    /// Adds the natural logarithm.
    log = "Log";
    /// Adds the error function, `2 / sqrt(pi)` times the integral of `exp(-t^2)` from 0 to x.
    erf = "Erf";
    /// Adds the hyperbolic tangent.
    tanh = "Tanh";
    /// Adds the logistic function, `1 / (1 + exp(-x))`.
    sigmoid = "Sigmoid";
    /// Adds the sine.
    sin = "Sin";
    /// Adds the cosine.
    cos = "Cos";
    /// Adds `max(x, 0)`.
    relu = "Relu";
    /// Adds `log(1 + exp(x))`.
    softplus = "Softplus";
    /// Adds the largest integer not above x.
    floor = "Floor";
    /// Adds a copy, for a second name.
    identity = "Identity";
}

impl Graph {
    /// Adds `x + value`, with the constant in x's type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`](crate::ErrorKind::ForeignVariable).
    pub fn add_scalar(&mut self, x: Var, value: f64) -> Result<Var> {
        let value = self.scalar(self.dtype(x)?, value);
        self.add(x, value)
    }

    /// Adds `x * value`, with the constant in x's type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`](crate::ErrorKind::ForeignVariable).
    pub fn mul_scalar(&mut self, x: Var, value: f64) -> Result<Var> {
        let value = self.scalar(self.dtype(x)?, value);
        self.mul(x, value)
    }

    /// Adds the sigmoid-weighted unit `x * sigmoid(x)`, as two nodes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`](crate::ErrorKind::ForeignVariable).
    pub fn silu(&mut self, x: Var) -> Result<Var> {
        let gate = self.sigmoid(x)?;
        self.mul(x, gate)
    }

    /// Adds x limited to a range.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`](crate::ErrorKind::ForeignVariable).
    pub fn clip(&mut self, x: Var, low: f64, high: f64) -> Result<Var> {
        let dtype = self.dtype(x)?;
        let (low, high) = (self.scalar(dtype, low), self.scalar(dtype, high));
        self.apply("Clip", &[x, low, high], Attributes::new())
    }

    /// Adds running sums along an axis.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) for an axis that x has not.
    pub fn cumsum(&mut self, x: Var, axis: i64) -> Result<Var> {
        let axis = self.constant(crate::Tensor::scalar(crate::DataType::I64, axis as f64));
        self.apply("CumSum", &[x, axis], Attributes::new())
    }
}
