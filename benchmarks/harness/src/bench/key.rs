//! The keys of cells.

use serde_json::json;

use super::{Method, PlannedTask, digest::digest_text, finetune::recipes, settings::Settings};
use crate::results::Mode;

/// Changes whenever the engine would score a cell differently from what lies in a folder of results.
pub const PROTOCOL_VERSION: u32 = 2;

/// Returns the digest of everything that decides a cell's result.
pub(super) fn cell_key(method: &Method, task: &PlannedTask, seed: u64, settings: &Settings) -> String {
    let many = task.spec.target.outputs() > super::scoring::MOST_SCORES;
    let metrics: Vec<&str> = task.spec.metrics.iter().map(|metric| metric.id()).collect();
    // Of a fine-tuning, the task decides settings too.
    let recipes =
        (method.mode == Mode::Finetune).then(|| recipes(&task.spec, settings.protocol, &settings.finetune));
    let mut material = json!({
        "engine": PROTOCOL_VERSION,
        "dlm": env!("CARGO_PKG_VERSION"),
        "method": method.identity,
        "recipes": recipes,
        "data": task.data.all,
        "metrics": metrics,
        "limit": settings.limit,
        "seed": seed,
        "save_scores": many && settings.save_scores,
    });
    if settings.both_strands {
        material["both_strands"] = true.into();
    }
    digest_text(&material.to_string())
}
