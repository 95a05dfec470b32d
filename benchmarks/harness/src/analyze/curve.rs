//! A curve through points with its band, as it is drawn and written: a local regression with R's defaults.

use dlm_analysis::loess::{Loess, Options};
use dlm_sdk::Result;

/// Places at which a curve is drawn.
const PLACES: usize = 80;

/// A curve at evenly spaced places from the first point to the last.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    pub(super) places: Vec<CurvePlace>,
    /// The residual standard error.
    pub(super) scale: f64,
}

/// A place of a curve, with the ends of its 95 % band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CurvePlace {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Curve {
    /// Fits a curve: degree 2, span 0.75.
    ///
    /// # Errors
    ///
    /// The points are too few or their places coincide.
    pub(super) fn fit(x: &[f64], y: &[f64]) -> Result<Self> {
        let loess = Loess::fit(x, y, Options::default())?;
        let low = x.iter().copied().fold(f64::INFINITY, f64::min);
        let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut at: Vec<f64> =
            (0..PLACES).map(|place| low + (high - low) * place as f64 / (PLACES - 1) as f64).collect();
        // Rounding leaves no place outside of the points.
        at[PLACES - 1] = high;
        let found = loess.predict(&at)?;
        let places = at
            .iter()
            .zip(found)
            .map(|(&x, it)| CurvePlace { x, y: it.value, low: it.low, high: it.high })
            .collect();
        Ok(Self { places, scale: loess.residual_scale() })
    }

    /// Returns the points of the curve, as plots take them.
    pub(super) fn points(&self) -> Vec<(f64, f64)> {
        self.places.iter().map(|at| (at.x, at.y)).collect()
    }

    /// Returns the band, as plots take it.
    pub(super) fn band(&self) -> Vec<(f64, f64, f64)> {
        self.places.iter().map(|at| (at.x, at.low, at.high)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_spans_the_points_and_its_band_holds_it() {
        let points: Vec<(f64, f64)> = (1..=8)
            .flat_map(|n| [(f64::from(n), f64::from(n * n % 7)), (f64::from(n), f64::from(n * n % 5))])
            .collect();
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let curve = Curve::fit(&x, &y).unwrap();
        assert_eq!((curve.places[0].x, curve.places[PLACES - 1].x), (1.0, 8.0));
        assert!(curve.places.iter().all(|at| at.low < at.y && at.y < at.high));
        assert_eq!(curve.band()[3], (curve.places[3].x, curve.places[3].low, curve.places[3].high));
        assert!(Curve::fit(&[1.0, 1.0, 1.0, 1.0], &y[..4]).is_err(), "one place has no curve");
    }
}
