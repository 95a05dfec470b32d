//! Spearman's rank correlation: whether one quantity rises with another, however curved.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use crate::rank::ranks;

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

/// Correlates two quantities over the points at which both are finite.
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
    let both = || a.iter().zip(b).filter(|(a, b)| a.is_finite() && b.is_finite());
    let (a, b): (Vec<f64>, Vec<f64>) = both().map(|(&a, &b)| (a, b)).unzip();
    let points = a.len();
    if points < 3 {
        return None;
    }
    let rho = pearson(&ranks(&a), &ranks(&b))?;
    let freedom = points as f64 - 2.0;
    let p_value = if rho.abs() >= 1.0 {
        0.0
    } else {
        let t = rho.abs() * (freedom / ((1.0 + rho) * (1.0 - rho))).sqrt();
        2.0 * StudentsT::new(0.0, 1.0, freedom).ok()?.sf(t)
    };
    Some(Correlation { rho, p_value, points })
}

/// Correlates two quantities; `None` if one is constant.
fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        aa += a * a;
        bb += b * b;
        ab += a * b;
    }
    (aa > 0.0 && bb > 0.0).then(|| (ab / (aa * bb).sqrt()).clamp(-1.0, 1.0))
}
