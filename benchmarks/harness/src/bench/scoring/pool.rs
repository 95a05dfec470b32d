//! Pooling the answers of folds.

use dlm_sdk::{Error, Result};
use ndarray::{Array2, Axis, ShapeError, concatenate};

use super::Scored;

impl Scored {
    /// Joins answers to one part after the other, so that metrics are of all items at once. A mean over folds would weigh
    /// small folds like large ones, and a fold of one class has no correlation at all.
    ///
    /// # Errors
    ///
    /// There is no part, or parts are of different tasks.
    pub(in crate::bench) fn pooled(parts: Vec<Self>) -> Result<Self> {
        let join = |tables: Vec<&Array2<f32>>| -> Result<Array2<f32>> {
            let views: Vec<_> = tables.iter().map(|table| table.view()).collect();
            concatenate(Axis(0), &views)
                .map_err(|error: ShapeError| Error::internal("folds do not fit together").with_source(error))
        };
        let Some(first) = parts.first() else { return Err(Error::internal("there is no fold")) };
        let (columns, few) = (first.columns, first.few);
        let targets = join(parts.iter().map(|part| &part.targets).collect())?;
        let tables: Option<Vec<&Array2<f32>>> = parts.iter().map(|part| part.scores.as_ref()).collect();
        let scores = tables.map(join).transpose()?;
        let seconds = parts.iter().map(|part| part.seconds).sum();
        let (mut outcomes, mut tops) = (Vec::new(), Vec::new());
        for part in parts {
            outcomes.extend(part.outcomes);
            tops.extend(part.tops);
        }
        Ok(Self { columns, targets, outcomes, scores, tops, few, seconds })
    }
}
