//! What a plan will take: from finished cells that are like its own, else by a stated rule.

use serde::Serialize;

use super::{Cell, Plan};
use crate::results::{CellResult, Mode, Status};

/// Without a like cell: seconds to fit an item, by mode, and bytes of memory an item and score.
const BASELINE_SECONDS: f64 = 0.002;
const ENCODER_SECONDS: f64 = 0.02;
const LEAST_MEMORY: u64 = 200 << 20;
/// Bytes on disk of a test item's predictions, compressed, here and in the samples.
const ITEM_BYTES: u64 = 160;

/// What a cell will take.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Estimate {
    pub(super) seconds: f64,
    pub(super) memory: u64,
    pub(super) disk: u64,
    /// Where the numbers come from.
    pub(super) from: &'static str,
}

/// Estimates a cell.
pub(super) fn estimate(plan: &Plan, cell: &Cell, known: &[CellResult]) -> Estimate {
    let (task, method) = (&plan.tasks[cell.task], &plan.methods[cell.method]);
    let limited = task.data.items.map(|items| plan.settings.limit.map_or(items, |limit| items.min(limit)));
    let [train, _, test] = limited.map(|items| items as f64);
    let disk = limited[2] as u64 * ITEM_BYTES;
    let like = known
        .iter()
        .filter(|other| {
            other.status == Status::Done && other.model == method.spec && other.mode == method.mode
        })
        .max_by_key(|other| other.task == task.label);
    if let Some(like) = like {
        let scale = train / (like.items[0].max(1)) as f64;
        let seconds =
            like.cost.fit_seconds * scale + like.cost.seconds_per_1000.unwrap_or(0.0) * test / 1000.0;
        let memory = like.cost.peak_memory.unwrap_or(LEAST_MEMORY);
        return Estimate { seconds, memory, disk, from: "an earlier cell of this method" };
    }
    let an_item = if method.mode == Mode::Baseline { BASELINE_SECONDS } else { ENCODER_SECONDS };
    let scores = (test * task.spec.target.outputs() as f64 * 4.0) as u64;
    Estimate {
        seconds: (train + test) * an_item,
        memory: LEAST_MEMORY + scores.min(1 << 30),
        disk,
        from: "a rule: 2 ms an item for baselines, 20 ms for models",
    }
}
