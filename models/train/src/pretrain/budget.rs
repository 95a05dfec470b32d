//! How long a training is.

use std::{path::Path, time::Duration};

use dlm_genome::output;
use dlm_sdk::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{MaskedLanguageModel, Pretraining};
use crate::{data::Batches, trainer::Trainer};

/// How long a training is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Budget {
    /// So many steps.
    Steps(u64),
    /// As many steps as are made in this time, by the speed of the first ones.
    Time(Duration),
}

/// Steps that are timed, after one that is not.
const TIMED: u64 = 4;

/// What was worked out once, so that a training that is resumed has the same length.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    steps: u64,
}

/// Returns how many steps a training has. `begin` makes a trainer of a number of steps that leaves no files.
pub(super) fn steps(
    pretraining: &Pretraining<'_>,
    training: &Path,
    batches: &Batches,
    begin: impl Fn(u64) -> Result<Trainer<MaskedLanguageModel>>,
) -> Result<u64> {
    let rows = pretraining.preset.optimiser.batch.value as u64;
    let time = match pretraining.budget {
        None => return Ok(pretraining.preset.windows.samples.value.div_ceil(rows).max(1)),
        Some(Budget::Steps(0)) => return Err(Error::invalid("a training of no steps learns nothing")),
        Some(Budget::Steps(steps)) => return Ok(steps),
        Some(Budget::Time(time)) => time,
    };
    let path = training.join("plan.json");
    if pretraining.resume && path.is_file() {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
        let plan: Plan = serde_json::from_str(&text)
            .map_err(|error| Error::invalid(format!("{}: {error}", path.display())))?;
        return Ok(plan.steps);
    }
    let mut trainer = begin(TIMED + 1)?;
    trainer.step()?;
    let (mut seconds, mut bases) = (0.0, 0);
    for step in 1..=TIMED {
        seconds += trainer.step()?.seconds;
        bases += batches.bases(step)?;
    }
    // Some batches are of longer windows than others: time is taken a base, and graphs are compiled on the way.
    let mut all = 0;
    for step in 0..TIMED * 8 {
        all += batches.bases(step)?;
    }
    let a_step = seconds / bases.max(1) as f64 * all as f64 / (TIMED * 8) as f64;
    let steps = ((time.as_secs_f64() / a_step.max(1e-9)) as u64).max(10);
    let text = serde_json::to_string(&Plan { steps })
        .map_err(|error| Error::internal("the plan has no text").with_source(error))?;
    output::write(path, text)?;
    Ok(steps)
}
