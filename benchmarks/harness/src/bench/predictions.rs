//! Scores of a predictor on some examples, outside a benchmark.

use dlm_sdk::{Examples, Predictor, Result, TaskSpec, metrics::Metric};

use super::scoring;
use crate::context::Cancellation;

/// Lets a predictor answer examples and computes a task's metrics, as a cell of a benchmark has them.
pub(crate) fn metrics(
    predictor: &mut dyn Predictor,
    task: &TaskSpec,
    examples: Examples<'_>,
    cancellation: &Cancellation,
) -> Result<Vec<(Metric, f64)>> {
    Ok(scoring::score(predictor, task, examples, false, cancellation)?.metrics(task))
}
