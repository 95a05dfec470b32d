//! Scores of an order: how well positives stand above negatives.

/// A point of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Items with at least this score count as positive.
    pub threshold: f64,
    /// The horizontal axis: false positive rate, or recall.
    pub x: f64,
    /// The vertical axis: true positive rate, or precision.
    pub y: f64,
}

/// True and false positives from the highest threshold down, one entry a distinct score.
fn steps(scores: &[f32], positive: &[bool]) -> Vec<(f32, u64, u64)> {
    let mut order: Vec<usize> = (0..scores.len().min(positive.len())).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut steps: Vec<(f32, u64, u64)> = Vec::new();
    let (mut hits, mut misses) = (0, 0);
    for index in order {
        if positive[index] {
            hits += 1;
        } else {
            misses += 1;
        }
        match steps.last_mut() {
            Some(step) if step.0 == scores[index] => *step = (step.0, hits, misses),
            _ => steps.push((scores[index], hits, misses)),
        }
    }
    steps
}

/// Returns the area under the receiver operating characteristic: the probability that a positive scores above a
/// negative, ties counting one half. `None` unless both occur.
///
/// # Examples
///
/// ```
/// use dlm_sdk::metrics::auroc;
///
/// assert_eq!(auroc(&[0.9, 0.4, 0.4, 0.1], &[true, true, false, false]), Some(0.875));
/// assert_eq!(auroc(&[0.9, 0.4], &[true, true]), None);
/// ```
pub fn auroc(scores: &[f32], positive: &[bool]) -> Option<f64> {
    let steps = steps(scores, positive);
    let &(_, positives, negatives) = steps.last()?;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let mut area = 0.0;
    let mut last = (0, 0);
    for &(_, hits, misses) in &steps {
        area += (misses - last.1) as f64 * (hits + last.0) as f64 / 2.0;
        last = (hits, misses);
    }
    Some(area / positives as f64 / negatives as f64)
}

/// Returns the average precision: precision at each distinct threshold, weighted by the recall gained there (no
/// interpolation). `None` without positives.
pub fn auprc(scores: &[f32], positive: &[bool]) -> Option<f64> {
    let steps = steps(scores, positive);
    let &(_, positives, _) = steps.last()?;
    if positives == 0 {
        return None;
    }
    let mut area = 0.0;
    let mut before = 0;
    for &(_, hits, misses) in &steps {
        area += (hits - before) as f64 / positives as f64 * (hits as f64 / (hits + misses) as f64);
        before = hits;
    }
    Some(area)
}

/// Returns the receiver operating characteristic from (0, 0) to (1, 1), one point a distinct score; empty unless both
/// positives and negatives occur.
pub fn roc_curve(scores: &[f32], positive: &[bool]) -> Vec<CurvePoint> {
    let steps = steps(scores, positive);
    let Some(&(_, positives, negatives)) = steps.last() else { return Vec::new() };
    if positives == 0 || negatives == 0 {
        return Vec::new();
    }
    let origin = CurvePoint { threshold: f64::INFINITY, x: 0.0, y: 0.0 };
    let points = steps.iter().map(|&(threshold, hits, misses)| CurvePoint {
        threshold: f64::from(threshold),
        x: misses as f64 / negatives as f64,
        y: hits as f64 / positives as f64,
    });
    std::iter::once(origin).chain(points).collect()
}

/// Returns the precision-recall curve by falling threshold, one point a distinct score; empty without positives.
pub fn pr_curve(scores: &[f32], positive: &[bool]) -> Vec<CurvePoint> {
    let steps = steps(scores, positive);
    let Some(&(_, positives, _)) = steps.last() else { return Vec::new() };
    if positives == 0 {
        return Vec::new();
    }
    steps
        .iter()
        .map(|&(threshold, hits, misses)| CurvePoint {
            threshold: f64::from(threshold),
            x: hits as f64 / positives as f64,
            y: hits as f64 / (hits + misses) as f64,
        })
        .collect()
}
