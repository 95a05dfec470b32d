//! Choosing the number of trees.
//!
//! The first trees of a forest are a smaller forest, so the greatest number is fitted once and all smaller ones are
//! judged in passing. The judge is the task's primary metric on the validation split, never the test split; of equally
//! good numbers the smallest is taken.

use dlm_sdk::{
    Examples, Result, Target, TaskSpec,
    metrics::{Answers, Metric, Outcome},
};
use ndarray::{Array2, ArrayView1, ArrayView2, s};

use crate::{RandomForest, SparseMatrix};

/// Returns the primary metric on validation for each number of trees, `None` where it is not defined.
pub(crate) fn judge(
    task: &TaskSpec,
    forests: &[RandomForest],
    records: &SparseMatrix,
    validation: Examples<'_>,
    counts: &[usize],
) -> Result<Vec<Option<f64>>> {
    let metric = task.primary();
    match (task.target, forests) {
        (Target::Binary | Target::Multiclass(_), [forest]) => {
            let width = forest.n_outputs();
            // A row of outcome takes 20 bytes where a row of scores may take thousands.
            let keep = matches!(metric, Metric::Auroc | Metric::Auprc);
            let stages = forest.staged(records, counts, |first, scores| {
                let outcomes: Vec<Outcome> = scores
                    .chunks_exact(width)
                    .enumerate()
                    .map(|(row, scores)| {
                        Outcome::new(validation.class(first + row), ArrayView1::from(scores))
                    })
                    .collect();
                (outcomes, if keep { scores.to_vec() } else { Vec::new() })
            })?;
            Ok(stages
                .into_iter()
                .map(|blocks| {
                    let (outcomes, scores): (Vec<_>, Vec<_>) = blocks.into_iter().unzip();
                    let (outcomes, scores) = (outcomes.concat(), scores.concat());
                    let scores =
                        keep.then(|| ArrayView2::from_shape((outcomes.len(), width), &scores).ok()).flatten();
                    Answers::Classes { outcomes: &outcomes, scores }.metric(metric, task)
                })
                .collect())
        }
        (target, forests) => {
            let mut stages = vec![Array2::<f32>::zeros((records.n_rows(), forests.len())); counts.len()];
            for (column, forest) in forests.iter().enumerate() {
                let width = forest.n_outputs();
                let found = forest.staged(records, counts, |_, scores| {
                    scores.iter().skip(width - 1).step_by(width).copied().collect::<Vec<_>>()
                })?;
                for (stage, found) in stages.iter_mut().zip(found) {
                    stage
                        .slice_mut(s![.., column])
                        .iter_mut()
                        .zip(found.concat())
                        .for_each(|(to, from)| *to = from);
                }
            }
            let targets = validation.targets;
            Ok(stages
                .iter()
                .map(|scores| match target {
                    Target::Multilabel(_) => {
                        Answers::Labels { targets, scores: scores.view() }.metric(metric, task)
                    }
                    _ => Answers::Values { targets, scores: scores.view() }.metric(metric, task),
                })
                .collect())
        }
    }
}

/// Returns the place of the best value, the first of equals; one that is not defined is worse than any.
pub(crate) fn best(metric: Metric, values: &[Option<f64>]) -> usize {
    let signed = |value: Option<f64>| match value {
        Some(value) if metric.higher_is_better() => value,
        Some(value) => -value,
        None => f64::NEG_INFINITY,
    };
    (1..values.len()).fold(0, |best, at| if signed(values[at]) > signed(values[best]) { at } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_of_the_best_is_taken() {
        assert_eq!(best(Metric::Mcc, &[Some(0.1), Some(0.4), Some(0.4)]), 1);
        assert_eq!(best(Metric::Mcc, &[None, Some(-0.4), None]), 1);
        assert_eq!(best(Metric::Perplexity, &[Some(3.0), Some(2.0)]), 1);
        assert_eq!(best(Metric::Mcc, &[None, None]), 0);
    }
}
