//! Standardised features: each with mean 0 and variance 1 over train.

use dlm_sdk::{Error, Result};
use ndarray::{Array1, Array2, ArrayView1, Axis};

/// Below this deviation a feature says nothing and is left at zero.
const CONSTANT: f64 = 1e-12;

/// The means and deviations of train's features.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    mean: Array1<f64>,
    deviation: Array1<f64>,
}

impl Scale {
    /// Measures features, `[items, features]`.
    pub(super) fn of(features: &Array2<f32>) -> Result<Self> {
        let features = features.mapv(f64::from);
        let mean =
            features.mean_axis(Axis(0)).ok_or_else(|| Error::invalid("the train split has no items"))?;
        let mut deviation = features.std_axis(Axis(0), 0.0);
        deviation.mapv_inplace(|value| if value > CONSTANT { value } else { 1.0 });
        Ok(Self { mean, deviation })
    }

    /// Standardises features, `[items, features]`.
    pub(super) fn table(&self, features: &Array2<f32>) -> Array2<f64> {
        (&features.mapv(f64::from) - &self.mean) / &self.deviation
    }

    /// Standardises the features of an item.
    pub(super) fn row(&self, row: ArrayView1<'_, f32>) -> Array1<f64> {
        let standard = |((&x, mean), deviation): ((&f32, &f64), &f64)| (f64::from(x) - mean) / deviation;
        row.iter().zip(&self.mean).zip(&self.deviation).map(standard).collect()
    }
}
