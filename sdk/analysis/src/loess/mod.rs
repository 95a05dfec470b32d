//! Local regression: a smooth curve through points, without a formula for the curve.
//!
//! At a place, the nearest share of the points (the *span*) is weighted by distance (tricube), and a parabola is fitted to
//! them; its value there is the curve (Cleveland, Grosse and Shyu, "Local regression models", in *Statistical Models in
//! S*, 1992). What is left of a point above or below the curve is its *residual*: what the other quantity does not explain.
//!
//! The definitions are those of R's `loess(y ~ x)` with its defaults: degree 2, Gaussian, one pass, exact trace. Like R,
//! there are two surfaces. [`Surface::Direct`] fits at every place that is asked for. [`Surface::Interpolate`], R's
//! default, fits at a few *vertices*, cells of a k-d tree, and runs a cubic through their values and slopes; the two differ
//! by up to a fifth of the residual standard error on the oracle's data.
//!
//! The band is that of `geom_smooth(method = "loess")` in `ggplot2`: value ± t · standard error, with t the quantile of
//! Student's distribution at δ₁² / δ₂ degrees of freedom, where δ₁ and δ₂ come from the trace by the interpolation
//! formula of Cleveland and Grosse ("Computational methods for local regression", Statistics and Computing 1991).

mod deltas;
mod local;
mod vertices;

use dlm_sdk::{Error, Result};
use statrs::distribution::{ContinuousCDF as _, StudentsT};

use local::{Local, Row};
use vertices::Vertices;

/// Where parabolas are fitted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Surface {
    /// At every place that is asked for.
    Direct,
    /// At the vertices of a k-d tree, with a cubic between them: R's default.
    #[default]
    Interpolate,
}

/// How a curve is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// The share of the points that one parabola sees; above 0, at most 1.
    pub span: f64,
    /// Where parabolas are fitted.
    pub surface: Surface,
}

impl Default for Options {
    /// Returns R's defaults: span 0.75, interpolated.
    fn default() -> Self {
        Self { span: 0.75, surface: Surface::Interpolate }
    }
}

/// A place on a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The curve's value.
    pub value: f64,
    /// The standard error of that value.
    pub standard_error: f64,
    /// The lower end of the 95 % band.
    pub low: f64,
    /// The upper end of the 95 % band.
    pub high: f64,
}

/// A fitted curve.
#[derive(Clone, Debug)]
pub struct Loess {
    local: Local,
    vertices: Option<Vertices>,
    fitted: Vec<f64>,
    residuals: Vec<f64>,
    trace: f64,
    deltas: (f64, f64),
    scale: f64,
}

impl Loess {
    /// Fits a curve of `y` over `x`.
    ///
    /// # Errors
    ///
    /// The two differ in length, a value is not finite, the span is outside (0, 1] or holds fewer than 3 points, or all
    /// points of one neighbourhood share one `x`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_analysis::loess::{Loess, Options};
    ///
    /// let x: Vec<f64> = (0..20).map(f64::from).collect();
    /// let y: Vec<f64> = x.iter().map(|x| 2.0 + 0.5 * x * x).collect();
    /// let curve = Loess::fit(&x, &y, Options::default())?;
    /// assert!(curve.residuals().iter().all(|residual| residual.abs() < 1e-9), "a parabola is followed exactly");
    /// # Ok::<(), dlm_sdk::Error>(())
    /// ```
    pub fn fit(x: &[f64], y: &[f64], options: Options) -> Result<Self> {
        let local = Local::new(x, y, options.span)?;
        let vertices = match options.surface {
            Surface::Direct => None,
            Surface::Interpolate => Some(Vertices::new(&local)?),
        };
        let mut curve = Self {
            local,
            vertices,
            fitted: Vec::with_capacity(x.len()),
            residuals: Vec::with_capacity(x.len()),
            trace: 0.0,
            deltas: (0.0, 0.0),
            scale: 0.0,
        };
        for (index, (&x, &y)) in x.iter().zip(y).enumerate() {
            let row = curve.row(x)?;
            let value = curve.local.apply(&row);
            curve.trace += curve.local.influence(&row, index);
            curve.fitted.push(value);
            curve.residuals.push(y - value);
        }
        curve.deltas = deltas::approximate(curve.trace, x.len());
        let squares: f64 = curve.residuals.iter().map(|residual| residual * residual).sum();
        curve.scale = (squares / curve.deltas.0).sqrt();
        Ok(curve)
    }

    /// Returns the curve at each point that it was fitted to, in their order.
    pub fn fitted(&self) -> &[f64] {
        &self.fitted
    }

    /// Returns what each point lies above the curve.
    pub fn residuals(&self) -> &[f64] {
        &self.residuals
    }

    /// Returns the trace of the operator that turns `y` into fitted values: the number of parameters, as it were.
    pub fn trace(&self) -> f64 {
        self.trace
    }

    /// Returns δ₁ and δ₂, the first two moments of the residuals' quadratic form.
    pub fn deltas(&self) -> (f64, f64) {
        self.deltas
    }

    /// Returns the residual standard error.
    pub fn residual_scale(&self) -> f64 {
        self.scale
    }

    /// Returns the degrees of freedom of the band, δ₁² / δ₂.
    pub fn degrees_of_freedom(&self) -> f64 {
        self.deltas.0 * self.deltas.0 / self.deltas.1
    }

    /// Returns the curve at places within the extent of the points, with its 95 % band.
    ///
    /// # Errors
    ///
    /// A place is not finite or lies outside, where R answers `NA`; or nothing is left over for a standard error, because
    /// there are hardly more points than parameters.
    pub fn predict(&self, at: &[f64]) -> Result<Vec<Prediction>> {
        let freedom = self.degrees_of_freedom();
        let student = StudentsT::new(0.0, 1.0, freedom).map_err(|error| {
            Error::invalid("loess: too few points for a standard error").with_source(error)
        })?;
        let quantile = student.inverse_cdf(0.975);
        at.iter()
            .map(|&place| {
                let (first, last) = self.local.extent();
                if !(first..=last).contains(&place) {
                    return Err(Error::invalid(format!("loess: {place} lies outside of {first} to {last}"))
                        .with_hint("a local regression does not extrapolate"));
                }
                let row = self.row(place)?;
                let value = self.local.apply(&row);
                let standard_error = self.scale * row.squares().sqrt();
                let half = quantile * standard_error;
                Ok(Prediction { value, standard_error, low: value - half, high: value + half })
            })
            .collect()
    }

    /// Returns the weights of the points in the curve at a place.
    fn row(&self, at: f64) -> Result<Row> {
        match &self.vertices {
            None => Ok(self.local.fit(at)?.value),
            Some(vertices) => Ok(vertices.blend(at)),
        }
    }
}
