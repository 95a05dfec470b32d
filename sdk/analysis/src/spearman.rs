//! Spearman's rank correlation with its p-value: whether one quantity rises with another, however curved.

use dlm_sdk::metrics;
use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// A correlation of ranks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correlation {
    /// The coefficient, from −1 to 1.
    pub rho: f64,
    /// The two-sided p-value by Student's t with n − 2 degrees of freedom, as `scipy.stats.spearmanr` has it. It takes
    /// the points for independent.
    pub p_value: f64,
    /// How many points had both quantities.
    pub points: usize,
}

/// Correlates two quantities over the points at which both are finite; ties share their mean rank.
///
/// `None` where no correlation is defined: fewer than three such points, or one quantity is constant over them.
///
/// # Examples
///
/// ```
/// let found = dlm_analysis::spearman(&[1.0, 2.0, 3.0, 4.0], &[1.0, 4.0, 9.0, 16.0]).unwrap();
/// assert_eq!((found.rho, found.p_value), (1.0, 0.0));
/// assert!(dlm_analysis::spearman(&[1.0, 2.0, 3.0], &[5.0, 5.0, 5.0]).is_none());
/// ```
///
/// # Panics
///
/// If the two differ in length.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<Correlation> {
    assert_eq!(a.len(), b.len(), "two quantities of the same points");
    let both = a.iter().zip(b).filter(|(a, b)| a.is_finite() && b.is_finite());
    let (a, b): (Vec<f64>, Vec<f64>) = both.map(|(&a, &b)| (a, b)).unzip();
    let points = a.len();
    if points < 3 {
        return None;
    }
    // A rounding error of the last digit would make a perfect correlation one of a p-value of 1e-8.
    let rho = metrics::spearman(&a, &b)?;
    let rho = if 1.0 - rho.abs() < 4.0 * f64::EPSILON { rho.signum() } else { rho };
    let freedom = points as f64 - 2.0;
    let p_value = if rho.abs() >= 1.0 {
        0.0
    } else {
        let t = rho.abs() * (freedom / ((1.0 + rho) * (1.0 - rho))).sqrt();
        2.0 * StudentsT::new(0.0, 1.0, freedom).ok()?.sf(t)
    };
    Some(Correlation { rho, p_value, points })
}
