//! P-values of several tests: what is left of them when that many questions were asked at once.

/// Corrects p-values of several tests by Holm: each is multiplied by the number of hypotheses not yet rejected, and none
/// falls below one before it.
///
/// # Examples
///
/// ```
/// assert_eq!(dlm_analysis::holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
/// ```
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut corrected = vec![0.0; p_values.len()];
    let mut highest: f64 = 0.0;
    for (place, &index) in order.iter().enumerate() {
        highest = highest.max(p_values[index] * (p_values.len() - place) as f64).min(1.0);
        corrected[index] = highest;
    }
    corrected
}

/// Corrects p-values of several tests by Benjamini and Hochberg (1995): of those below a level, at most that share is
/// expected to be wrong, where Holm's are all right with that confidence.
///
/// # Examples
///
/// ```
/// assert_eq!(dlm_analysis::benjamini_hochberg(&[0.01, 0.04, 0.03]), [0.03, 0.04, 0.04]);
/// ```
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[b].total_cmp(&p_values[a]));
    let mut corrected = vec![0.0; p_values.len()];
    let mut lowest: f64 = 1.0;
    for (place, &index) in order.iter().enumerate() {
        let rank = p_values.len() - place;
        lowest = lowest.min(p_values[index] * p_values.len() as f64 / rank as f64);
        corrected[index] = lowest;
    }
    corrected
}
