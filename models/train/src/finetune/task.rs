//! Targets of a task's examples.

use dlm_sdk::{Error, Result, Target, TaskSpec};
use ndarray::ArrayView2;

use super::Targets;

impl Targets {
    /// Takes the targets of a task, `[examples, width]`.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) for a task that asks for more than one number.
    pub fn of(task: &TaskSpec, targets: ArrayView2<'_, f32>) -> Result<Self> {
        Ok(match task.target {
            Target::Binary | Target::Multiclass(_) => Self::Classes {
                labels: targets.column(0).iter().map(|&class| class as u32).collect(),
                classes: task.target.outputs(),
            },
            Target::Multilabel(_) => Self::Labels(targets.to_owned()),
            Target::Regression(1) => Self::Values(targets.column(0).to_vec()),
            _ => {
                return Err(Error::unsupported(format!(
                    "{} numbers an example: one can be trained for",
                    task.target.outputs()
                )));
            }
        })
    }
}
