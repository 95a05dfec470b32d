//! Bringing features to one scale.

use ndarray::{Array1, Array2, ArrayView2, Axis};

/// Means and standard deviations of columns.
pub(super) struct Scale {
    mean: Array1<f64>,
    factor: Array1<f64>,
}

impl Scale {
    pub(super) fn fit(table: ArrayView2<'_, f64>) -> Self {
        let mean = table.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(table.ncols()));
        // A column that is constant but for rounding errors says nothing.
        let deviation = table.std_axis(Axis(0), 0.0);
        let factor = Array1::from_shape_fn(mean.len(), |column| {
            if deviation[column] > 1e-9 * mean[column].abs().max(1e-9) {
                1.0 / deviation[column]
            } else {
                0.0
            }
        });
        Self { mean, factor }
    }

    pub(super) fn apply(&self, mut table: Array2<f64>) -> Array2<f64> {
        table -= &self.mean;
        table *= &self.factor;
        table
    }
}
