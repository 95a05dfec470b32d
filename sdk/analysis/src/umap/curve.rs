//! The curve that turns a distance on the map into how near two points are: 1 / (1 + a d^(2b)).

/// The parameters of the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// The scale.
    pub a: f64,
    /// The steepness.
    pub b: f64,
}

/// How many distances the curve is fitted at, from zero to three spreads.
const PLACES: usize = 300;
const STEPS: usize = 200;

impl Curve {
    /// Fits the curve, by least squares (Levenberg and Marquardt), to one that is 1 up to the minimal distance and falls as an exponential of the
    /// spread beyond it.
    ///
    /// # Examples
    ///
    /// ```
    /// let curve = dlm_analysis::umap::Curve::fit(0.1, 1.0);
    /// assert!((curve.a - 1.577).abs() < 1e-3 && (curve.b - 0.895).abs() < 1e-3);
    /// ```
    pub fn fit(min_dist: f64, spread: f64) -> Self {
        let place = |index: usize| 3.0 * spread * index as f64 / (PLACES as f64 - 1.0);
        let wanted = |x: f64| if x < min_dist { 1.0 } else { (-(x - min_dist) / spread).exp() };
        let points: Vec<(f64, f64)> = (0..PLACES).map(|index| (place(index), wanted(place(index)))).collect();
        let cost = |a: f64, b: f64| -> f64 {
            points.iter().map(|&(x, y)| (y - 1.0 / (1.0 + a * x.powf(2.0 * b))).powi(2)).sum()
        };
        let (mut a, mut b) = (1.0_f64, 1.0_f64);
        let (mut now, mut damping) = (cost(a, b), 1e-3);
        for _ in 0..STEPS {
            // Normal equations of the curve's derivatives.
            let (mut aa, mut ab, mut bb, mut ra, mut rb) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for &(x, y) in points.iter().filter(|(x, _)| *x > 0.0) {
                let power = x.powf(2.0 * b);
                let value = 1.0 / (1.0 + a * power);
                let by_a = -value * value * power;
                let by_b = -value * value * a * power * 2.0 * x.ln();
                aa += by_a * by_a;
                ab += by_a * by_b;
                bb += by_b * by_b;
                ra += by_a * (y - value);
                rb += by_b * (y - value);
            }
            let (damped_a, damped_b) = (aa * (1.0 + damping), bb * (1.0 + damping));
            let determinant = damped_a * damped_b - ab * ab;
            let step_a = (ra * damped_b - rb * ab) / determinant;
            let step_b = (rb * damped_a - ra * ab) / determinant;
            let then = cost(a + step_a, b + step_b);
            if then < now {
                (a, b, damping) = (a + step_a, b + step_b, damping / 10.0);
                let gained = now - then;
                now = then;
                if gained < 1e-15 * now {
                    break;
                }
            } else {
                damping *= 10.0;
                if damping > 1e12 {
                    break;
                }
            }
        }
        Self { a, b }
    }
}
