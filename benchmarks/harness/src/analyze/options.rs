//! What can be set, section by section.

use std::path::PathBuf;

use clap::Args;

/// Limits and settings of sections. A section names those it depends on, and is computed again when one of them changes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits and settings of sections")]
pub struct Options {
    /// Stretches that the model has not learned from [default: the share at the end of each sequence that the model's
    /// preset holds out]
    #[arg(long, value_name = "BED")]
    pub held_out: Option<PathBuf>,
    /// Held-out windows in which tokens are hidden
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub held_out_windows: usize,
    /// Seed of every random choice
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Device that runs the model: cpu or cuda
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    pub device: String,
}

impl Options {
    /// Checks what can be checked before anything is computed.
    ///
    /// # Errors
    ///
    /// There is no such device.
    pub(super) fn check(&self) -> dlm_sdk::Result<()> {
        self.device.parse::<dlm_runtime::Device>()?;
        Ok(())
    }
}
