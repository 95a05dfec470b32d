//! Moving elements, and shapes as values.

use crate::{Attributes, DataType, Graph, Result, Tensor, Var};

impl Graph {
    /// Adds x in another shape, in which a 0 keeps the dimension of x at that place and one -1 takes the rest.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where the elements do not fill the shape.
    pub fn reshape(&mut self, x: Var, shape: &[i64]) -> Result<Var> {
        let shape = self.list(shape);
        self.reshape_to(x, shape)
    }

    /// Adds x in a shape that is itself a value, for example one that [`concat`](Self::concat) made.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where the elements do not fill the shape.
    pub fn reshape_to(&mut self, x: Var, shape: Var) -> Result<Var> {
        self.apply("Reshape", &[x, shape], Attributes::new())
    }

    /// Adds x with its axes in another order: axis `i` of the result is axis `order[i]` of x.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where the order is no permutation of x's axes.
    pub fn transpose(&mut self, x: Var, order: &[usize]) -> Result<Var> {
        let order: Vec<i64> = order.iter().map(|&axis| axis as i64).collect();
        self.apply("Transpose", &[x], Attributes::new().with("perm", order))
    }

    /// Adds x without axes of length 1.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where one is longer.
    pub fn squeeze(&mut self, x: Var, axes: &[i64]) -> Result<Var> {
        let axes = self.list(axes);
        self.apply("Squeeze", &[x, axes], Attributes::new())
    }

    /// Adds x with new axes of length 1 at these places of the result.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) for a place the result has not.
    pub fn unsqueeze(&mut self, x: Var, axes: &[i64]) -> Result<Var> {
        let axes = self.list(axes);
        self.apply("Unsqueeze", &[x, axes], Attributes::new())
    }

    /// Adds x repeated along axes of length 1 so that it has a shape.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where it does not broadcast.
    pub fn expand(&mut self, x: Var, shape: &[i64]) -> Result<Var> {
        let shape = self.list(shape);
        self.expand_to(x, shape)
    }

    /// Adds x broadcast to a shape that is itself a value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where it does not broadcast.
    pub fn expand_to(&mut self, x: Var, shape: Var) -> Result<Var> {
        self.apply("Expand", &[x, shape], Attributes::new())
    }

    /// Adds values side by side along an axis.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where other axes differ.
    pub fn concat(&mut self, parts: &[Var], axis: i64) -> Result<Var> {
        self.apply("Concat", parts, Attributes::new().with("axis", axis))
    }

    /// Adds the parts of x along an axis, with these lengths.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where they do not make up the axis.
    pub fn split(&mut self, x: Var, axis: i64, lengths: &[usize]) -> Result<Vec<Var>> {
        let sizes: Vec<i64> = lengths.iter().map(|&length| length as i64).collect();
        let sizes = self.list(&sizes);
        self.node("Split", "", &[Some(x), Some(sizes)], Attributes::new().with("axis", axis), lengths.len())
    }

    /// Adds the elements `start..end` of an axis; negative places count from the end, `i64::MAX` is the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) for an axis that x has not.
    pub fn slice(&mut self, x: Var, axis: i64, start: i64, end: i64) -> Result<Var> {
        self.slice_by(x, axis, start, end, 1)
    }

    /// Adds each `step`-th element of `start..end` of an axis; a negative step goes backwards.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) for an axis that x has not or a step of 0.
    pub fn slice_by(&mut self, x: Var, axis: i64, start: i64, end: i64, step: i64) -> Result<Var> {
        let (starts, ends) = (self.list(&[start]), self.list(&[end]));
        let (along, steps) = (self.list(&[axis]), self.list(&[step]));
        let mut inputs = vec![x, starts, ends, along];
        if step != 1 {
            inputs.push(steps);
        }
        self.apply("Slice", &inputs, Attributes::new())
    }

    /// Adds x with zeros before and after one axis.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) for an axis that x has not.
    pub fn pad(&mut self, x: Var, axis: usize, before: usize, after: usize) -> Result<Var> {
        if before == 0 && after == 0 {
            return Ok(x);
        }
        // The runtime pads in single precision only on some devices.
        let dtype = self.dtype(x)?;
        if matches!(dtype, DataType::F16 | DataType::BF16) {
            let wide = self.cast(x, DataType::F32)?;
            let padded = self.pad(wide, axis, before, after)?;
            return self.cast(padded, dtype);
        }
        let rank = self.rank(x)?;
        let mut pads = vec![0; 2 * rank];
        if axis < rank {
            pads[axis] = before as i64;
            pads[rank + axis] = after as i64;
        }
        let pads = self.list(&pads);
        self.apply("Pad", &[x, pads], Attributes::new())
    }

    /// Adds the shape of x as a list of integers.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`](crate::ErrorKind::ForeignVariable).
    pub fn shape_of(&mut self, x: Var) -> Result<Var> {
        self.apply("Shape", &[x], Attributes::new())
    }

    /// Adds one dimension of x as a list of one integer: a part of a shape to [`concat`](Self::concat).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) for an axis that x has not.
    pub fn dim_of(&mut self, x: Var, axis: usize) -> Result<Var> {
        let attributes = Attributes::new().with("start", axis as i64).with("end", axis as i64 + 1);
        self.apply("Shape", &[x], attributes)
    }

    /// Adds a constant repeated in a shape that is a value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator).
    pub fn filled(&mut self, shape: Var, dtype: DataType, value: f64) -> Result<Var> {
        let value = Tensor::from_reals(dtype, [1], &[value])?;
        self.apply("ConstantOfShape", &[shape], Attributes::new().with("value", value))
    }

    /// Adds the integers from 0 below a scalar.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where the end is no 64-bit integer.
    pub fn count_to(&mut self, end: Var) -> Result<Var> {
        let (zero, one) = (self.scalar(DataType::I64, 0.0), self.scalar(DataType::I64, 1.0));
        self.apply("Range", &[zero, end, one], Attributes::new())
    }

    /// Adds the discrete Fourier transform along an axis; the last axis of x holds one real or two complex parts.
    ///
    /// With `one_sided` (real input only) the result has the first `length / 2 + 1` frequencies.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) for other forms of x.
    pub fn dft(&mut self, x: Var, axis: i64, inverse: bool, one_sided: bool) -> Result<Var> {
        let axis = self.constant(Tensor::scalar(DataType::I64, axis as f64));
        let attributes = Attributes::new().with("inverse", inverse).with("onesided", one_sided);
        self.apply_optional("DFT", &[Some(x), None, Some(axis)], attributes)
    }
}
