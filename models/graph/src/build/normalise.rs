//! Activations and normalisations.

use crate::{Attributes, Graph, Result, Tensor, Var};

/// How the Gaussian error linear unit is computed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Gelu {
    /// `x * (1 + erf(x / sqrt(2))) / 2`, as BERT has it.
    #[default]
    Exact,
    /// `x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2`.
    Tanh,
}

impl Graph {
    /// Adds the Gaussian error linear unit (Hendrycks and Gimpel, 2016) as one node.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`](crate::ErrorKind::ForeignVariable).
    pub fn gelu(&mut self, x: Var, form: Gelu) -> Result<Var> {
        let attributes = match form {
            Gelu::Exact => Attributes::new(),
            Gelu::Tanh => Attributes::new().with("approximate", "tanh"),
        };
        self.apply("Gelu", &[x], attributes)
    }

    /// Adds the exact Gaussian error linear unit as a chain of `Erf`, `Add` and `Mul`.
    ///
    /// For runtimes that have no `Gelu`; it came with version 20 of ONNX's operators.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`](crate::ErrorKind::ForeignVariable).
    pub fn gelu_chain(&mut self, x: Var) -> Result<Var> {
        let scaled = self.mul_scalar(x, std::f64::consts::FRAC_1_SQRT_2)?;
        let erf = self.erf(scaled)?;
        let raised = self.add_scalar(erf, 1.0)?;
        let distribution = self.mul_scalar(raised, 0.5)?;
        self.mul(x, distribution)
    }

    /// Adds layer normalisation over the last axis (Ba and others, 2016): scale and bias have its length.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where shapes do not agree.
    pub fn layer_norm(&mut self, x: Var, scale: Var, bias: Option<Var>, epsilon: f32) -> Result<Var> {
        let attributes = Attributes::new().with("epsilon", epsilon);
        let mut inputs = vec![x, scale];
        inputs.extend(bias);
        self.apply("LayerNormalization", &inputs, attributes)
    }

    /// Adds layer normalisation over the last axis and returns it with the mean and the reciprocal of the standard
    /// deviation of each row.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where shapes do not agree.
    pub fn layer_norm_with_statistics(
        &mut self,
        x: Var,
        scale: Var,
        bias: Option<Var>,
        epsilon: f32,
    ) -> Result<(Var, Var, Var)> {
        let attributes = Attributes::new().with("epsilon", epsilon);
        let vars = self.node("LayerNormalization", "", &[Some(x), Some(scale), bias], attributes, 3)?;
        Ok((vars[0], vars[1], vars[2]))
    }

    /// Adds `exp(x)` over its sum along an axis.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`](crate::ErrorKind::ForeignVariable).
    pub fn softmax(&mut self, x: Var, axis: i64) -> Result<Var> {
        self.apply("Softmax", &[x], Attributes::new().with("axis", axis))
    }

    /// Adds the logarithm of the softmax along an axis, without overflow.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`](crate::ErrorKind::ForeignVariable).
    pub fn log_softmax(&mut self, x: Var, axis: i64) -> Result<Var> {
        self.apply("LogSoftmax", &[x], Attributes::new().with("axis", axis))
    }

    /// Adds a place for dropout: nothing in inference, a mask in training
    /// (see [`replace_dropout`](Self::replace_dropout)).
    ///
    /// A ratio of 0 adds no node.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) for a ratio outside 0 to 1.
    pub fn dropout(&mut self, x: Var, ratio: f32) -> Result<Var> {
        if !(0.0..1.0).contains(&ratio) {
            return Err(crate::Error::value(self.name_of(x)?, format!("a dropout ratio of {ratio}")));
        }
        if ratio == 0.0 {
            return Ok(x);
        }
        let ratio = self.constant(Tensor::scalar(crate::DataType::F32, f64::from(ratio)));
        self.apply("Dropout", &[x, ratio], Attributes::new())
    }
}
