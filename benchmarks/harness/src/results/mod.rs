//! What a run leaves behind: cells, per-item predictions, summaries, and where they lie in a folder.
//!
//! ```text
//! OUT/plan.json                        the cells of the latest plan, with their keys
//! OUT/results.json                     a Document: tasks, cells, summary, manifest; what `bench run --json` prints
//! OUT/strata.json                      scores by stratum, if `bench strata` was run
//! OUT/manifest.json                    versions, seeds, digests, machine
//! OUT/cells/KEY/cell.json              one CellResult
//! OUT/cells/KEY/predictions.jsonl.gz   its test predictions, one Prediction a line, in test order
//! OUT/cells/KEY/resamples.json         the primary metric in each bootstrap resample of the test items
//! OUT/ID/results_TIME.json             the layout of lm-evaluation-harness, one folder a model or baseline
//! OUT/ID/samples_TASK_TIME.jsonl       the same predictions, as people know them from there
//! ```
//!
//! A cell's folder appears whole, by one rename, when the cell is finished. A reader starts at [`Store::open`] and
//! [`Store::document`].

mod cell;
mod document;
mod prediction;
mod store;
mod strata;
mod summary;

pub use cell::{CellResult, Control, Cost, Fact, FoldResult, Mode, Protocol, Status, StrandResult, sanitise};
pub use document::{
    AuditRecord, Document, FEWEST_GROUPS, Manifest, MaskedScore, ModelRecord, PublishedScore, TaskRecord,
};
pub use prediction::{Answer, Prediction, Truth};
pub use store::{PlannedCell, Store};
pub use strata::{AxisStrata, FEWEST_GROUPS_IN_STRATUM, Strata, Stratum, StratumScore, TaskStrata};
pub use summary::{Gain, Gains, Interval, Summary};
