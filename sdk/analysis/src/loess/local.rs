//! One parabola through the nearest points, as a linear operator on their values.

use dlm_sdk::{Error, Result};
use nalgebra::{DMatrix, Matrix3};

/// Singular values below this share of the greatest count as zero, as in Cleveland and Grosse's code.
const SINGULAR: f64 = 100.0 * f64::EPSILON;
/// Constant, slope and curvature.
const PARAMETERS: usize = 3;

/// The points in the order of `x`, and how many of them one parabola sees.
#[derive(Clone, Debug)]
pub(super) struct Local {
    x: Vec<f64>,
    y: Vec<f64>,
    /// Where each point of the caller lies in that order.
    rank: Vec<usize>,
    neighbours: usize,
    span: f64,
}

/// Weights of consecutive points: a row of the operator.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    first: usize,
    weights: Vec<f64>,
}

impl Row {
    /// Returns the sum of the squared weights.
    pub(super) fn squares(&self) -> f64 {
        self.weights.iter().map(|weight| weight * weight).sum()
    }

    /// Returns the sum of rows, each times a factor.
    pub(super) fn combine(parts: &[(f64, &Self)]) -> Self {
        let first = parts.iter().map(|(_, row)| row.first).min().unwrap_or(0);
        let end = parts.iter().map(|(_, row)| row.first + row.weights.len()).max().unwrap_or(0);
        let mut weights = vec![0.0; end - first];
        for (factor, row) in parts {
            for (sum, weight) in weights[row.first - first..].iter_mut().zip(&row.weights) {
                *sum += factor * weight;
            }
        }
        Self { first, weights }
    }
}

/// The operators of a parabola's value and slope at one place.
#[derive(Clone, Debug)]
pub(super) struct Parabola {
    pub(super) value: Row,
    pub(super) slope: Row,
}

impl Local {
    pub(super) fn new(x: &[f64], y: &[f64], span: f64) -> Result<Self> {
        if x.len() != y.len() {
            return Err(Error::invalid(format!("loess: {} places for {} values", x.len(), y.len())));
        }
        if let Some(index) = x.iter().zip(y).position(|(x, y)| !x.is_finite() || !y.is_finite()) {
            return Err(Error::invalid(format!("loess: point {index} is not finite"))
                .with_hint("leave out points without a value"));
        }
        if !(span > 0.0 && span <= 1.0) {
            return Err(Error::invalid(format!("loess: a span of {span} is not above 0 and at most 1")));
        }
        let neighbours = ((x.len() as f64 * span + 1e-5) as usize).min(x.len());
        if neighbours < PARAMETERS {
            return Err(Error::invalid(format!(
                "loess: a span of {span} holds {neighbours} of {} points, and a parabola needs {PARAMETERS}",
                x.len()
            )));
        }
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
        let mut rank = vec![0; x.len()];
        for (place, &index) in order.iter().enumerate() {
            rank[index] = place;
        }
        let sorted = |values: &[f64]| order.iter().map(|&index| values[index]).collect();
        Ok(Self { x: sorted(x), y: sorted(y), rank, neighbours, span })
    }

    /// Returns the least and the greatest `x`.
    pub(super) fn extent(&self) -> (f64, f64) {
        (self.x[0], self.x[self.x.len() - 1])
    }

    /// Returns the `x` of all points in ascending order.
    pub(super) fn sorted(&self) -> &[f64] {
        &self.x
    }

    /// Returns the share of the points that one parabola sees.
    pub(super) fn span(&self) -> f64 {
        self.span
    }

    /// Applies a row to the values.
    pub(super) fn apply(&self, row: &Row) -> f64 {
        row.weights.iter().zip(&self.y[row.first..]).map(|(weight, y)| weight * y).sum()
    }

    /// Returns a row's weight of one of the caller's points.
    pub(super) fn influence(&self, row: &Row, index: usize) -> f64 {
        let place = self.rank[index];
        place.checked_sub(row.first).and_then(|offset| row.weights.get(offset)).copied().unwrap_or(0.0)
    }

    /// Fits a parabola around a place.
    pub(super) fn fit(&self, at: f64) -> Result<Parabola> {
        let first = self.window(at);
        let x = &self.x[first..first + self.neighbours];
        let radius = x.iter().map(|x| (x - at).abs()).fold(0.0, f64::max);
        if radius == 0.0 {
            return Err(Error::invalid(format!(
                "loess: the {} points nearest to {at} all lie at it",
                x.len()
            ))
            .with_hint("make the span greater"));
        }
        let weight = |x: f64| {
            let share = (x - at).abs() / radius;
            (1.0 - share.powi(3)).max(0.0).powi(3).sqrt()
        };
        let weights: Vec<f64> = x.iter().map(|&x| weight(x)).collect();
        let mut design = DMatrix::from_fn(x.len(), PARAMETERS, |row, column| {
            weights[row] * (x[row] - at).powi(column as i32)
        });
        let mut norms = [1.0; PARAMETERS];
        for (norm, mut column) in norms.iter_mut().zip(design.column_iter_mut()) {
            let length = column.norm();
            if length > 0.0 {
                column.unscale_mut(length);
                *norm = length;
            }
        }
        let decomposed = design.qr();
        let (q, r) = (decomposed.q(), decomposed.r());
        let svd = Matrix3::from_fn(|row, column| r[(row, column)]).svd(true, true);
        let (Some(left), Some(right)) = (svd.u, svd.v_t) else {
            return Err(Error::internal("loess: no singular vectors"));
        };
        let greatest = svd.singular_values.max();
        let operator = |parameter: usize| {
            let mut of_r = [0.0; PARAMETERS];
            for k in 0..PARAMETERS {
                let singular = svd.singular_values[k];
                if singular > greatest * SINGULAR {
                    let factor = right[(k, parameter)] / norms[parameter] / singular;
                    for (sum, column) in of_r.iter_mut().zip(0..PARAMETERS) {
                        *sum += factor * left[(column, k)];
                    }
                }
            }
            let weights = weights
                .iter()
                .enumerate()
                .map(|(row, weight)| weight * (0..PARAMETERS).map(|k| q[(row, k)] * of_r[k]).sum::<f64>());
            Row { first, weights: weights.collect() }
        };
        Ok(Parabola { value: operator(0), slope: operator(1) })
    }

    /// Returns where the nearest points begin: they follow one another in the order of `x`.
    fn window(&self, at: f64) -> usize {
        let starts = self.x.len() - self.neighbours;
        // Moving one on pays as long as the point that comes in is nearer than the one that goes out.
        let (mut low, mut high) = (0, starts);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.x[middle + self.neighbours] - at < at - self.x[middle] {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}
