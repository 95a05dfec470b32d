//! Ranks, with ties sharing the mean of the ranks that they take up.

/// Returns the rank of each value, from one; equal values share their mean rank.
///
/// # Examples
///
/// ```
/// assert_eq!(dlm_analysis::ranks(&[10.0, 30.0, 10.0, 20.0]), [1.5, 4.0, 1.5, 3.0]);
/// ```
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0.0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let shared = before + f64::midpoint(1.0, tied.len() as f64);
        for &index in tied {
            ranks[index] = shared;
        }
        before += tied.len() as f64;
    }
    ranks
}
