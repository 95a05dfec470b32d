//! Scores of predicted numbers.

/// Returns Pearson's correlation; `None` for fewer than two items or a constant side.
pub fn pearson(targets: &[f64], predicted: &[f64]) -> Option<f64> {
    let n = targets.len().min(predicted.len());
    if n < 2 {
        return None;
    }
    let mean = |values: &[f64]| values[..n].iter().sum::<f64>() / n as f64;
    let (target_mean, predicted_mean) = (mean(targets), mean(predicted));
    let (mut product, mut target_square, mut predicted_square) = (0.0, 0.0, 0.0);
    for (target, value) in targets.iter().zip(predicted) {
        let (a, b) = (target - target_mean, value - predicted_mean);
        product += a * b;
        target_square += a * a;
        predicted_square += b * b;
    }
    let scale = (target_square * predicted_square).sqrt();
    (scale > 0.0).then(|| product / scale)
}

/// Returns Spearman's rank correlation: Pearson's of the ranks, equal values sharing their mean rank.
pub fn spearman(targets: &[f64], predicted: &[f64]) -> Option<f64> {
    pearson(&ranks(targets), &ranks(predicted))
}

/// Returns the coefficient of determination, one minus the residual over the total sum of squares; `None` for fewer than
/// two items or constant targets.
pub fn r2(targets: &[f64], predicted: &[f64]) -> Option<f64> {
    let n = targets.len().min(predicted.len());
    if n < 2 {
        return None;
    }
    let mean = targets[..n].iter().sum::<f64>() / n as f64;
    let total: f64 = targets[..n].iter().map(|target| (target - mean).powi(2)).sum();
    let residual: f64 = targets.iter().zip(predicted).map(|(target, value)| (target - value).powi(2)).sum();
    (total > 0.0).then(|| 1.0 - residual / total)
}

/// Returns ranks from one, equal values sharing their mean rank.
///
/// # Examples
///
/// ```
/// assert_eq!(dlm_sdk::metrics::ranks(&[0.5, 0.1, 0.5]), [2.5, 1.0, 2.5]);
/// ```
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    for group in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let first = order.partition_point(|&index| values[index].total_cmp(&values[group[0]]).is_lt());
        for &index in group {
            ranks[index] = first as f64 + (group.len() + 1) as f64 / 2.0;
        }
    }
    ranks
}
