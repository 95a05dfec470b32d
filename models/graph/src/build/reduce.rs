//! Reductions.

use crate::{Attributes, Graph, Result, Var};

/// Methods for reductions over axes; no axes: all.
macro_rules! reduction {
    ($($(#[$doc:meta])* $name:ident = $operator:literal;)*) => {
        impl Graph {$(
            $(#[$doc])*
            ///
            /// No axes means all of them. With `keep`, a reduced axis stays with length 1.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) for an axis that x has not.
            pub fn $name(&mut self, x: Var, axes: &[i64], keep: bool) -> Result<Var> {
                self.reduce($operator, x, axes, keep)
            }
        )*}
    };
}

reduction! {
    /// Adds sums.
    reduce_sum = "ReduceSum";
    /// Adds means.
    reduce_mean = "ReduceMean";
    /// Adds the largest elements.
    reduce_max = "ReduceMax";
    /// Adds the smallest elements.
    reduce_min = "ReduceMin";
    /// Adds sums of squares.
    reduce_sum_square = "ReduceSumSquare";
    /// Adds logarithms of sums of exponentials, without overflow.
    reduce_log_sum_exp = "ReduceLogSumExp";
}

impl Graph {
    fn reduce(&mut self, operator: &str, x: Var, axes: &[i64], keep: bool) -> Result<Var> {
        let attributes = Attributes::new().with("keepdims", keep);
        if axes.is_empty() {
            return self.apply(operator, &[x], attributes);
        }
        let axes = self.list(axes);
        self.apply(operator, &[x, axes], attributes)
    }
}
