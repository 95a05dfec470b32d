//! Picking and placing by index.

use crate::{Attributes, DataType, Graph, Result, Tensor, Var};

impl Graph {
    /// Adds the elements of `data` at `indices` along an axis: an embedding table's rows with axis 0.
    ///
    /// The result has data's shape with the axis replaced by the indices' shape.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where the axis or a constant index is out of range.
    pub fn gather(&mut self, data: Var, indices: Var, axis: i64) -> Result<Var> {
        self.apply("Gather", &[data, indices], Attributes::new().with("axis", axis))
    }

    /// Adds one slice of an axis, which goes: `data[.., index, ..]`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where axis or index is out of range.
    pub fn select(&mut self, data: Var, axis: i64, index: i64) -> Result<Var> {
        let index = self.constant(Tensor::scalar(DataType::I64, index as f64));
        self.gather(data, index, axis)
    }

    /// Adds the elements at indices of the same rank: `out[i, j] = data[i, indices[i, j]]` with axis 1.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where ranks do not agree.
    pub fn gather_elements(&mut self, data: Var, indices: Var, axis: i64) -> Result<Var> {
        self.apply("GatherElements", &[data, indices], Attributes::new().with("axis", axis))
    }

    /// Adds data with updates added at indices of the same rank; the opposite of
    /// [`gather_elements`](Self::gather_elements).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where types or ranks do not agree.
    pub fn scatter_add(&mut self, data: Var, indices: Var, updates: Var, axis: i64) -> Result<Var> {
        let attributes = Attributes::new().with("axis", axis).with("reduction", "add");
        self.apply("ScatterElements", &[data, indices, updates], attributes)
    }

    /// Adds rows of zeros with a one at each index, on a new axis; all zeros for an index out of range.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where the axis is out of range.
    pub fn one_hot(&mut self, indices: Var, depth: usize, axis: i64, dtype: DataType) -> Result<Var> {
        let depth = self.constant(Tensor::scalar(DataType::I64, depth as f64));
        let values = self.constant(Tensor::from_reals(dtype, [2], &[0.0, 1.0])?);
        self.apply("OneHot", &[indices, depth, values], Attributes::new().with("axis", axis))
    }
}
