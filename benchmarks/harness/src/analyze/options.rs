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
    /// Held-out windows over which the states of tokens are averaged and compared
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub embedding_windows: usize,
    /// Vectors that word2vec learned on the same tokens: the folder that dlm word2vec wrote
    #[arg(long, value_name = "DIR")]
    pub word2vec: Option<String>,
    /// Occurrences of a token that are compared with each other, at most
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    pub occurrences: usize,
    /// Windows of the genome that are drawn on the map, at most
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub map_windows: usize,
    /// Regions to look into [default: a few drawn from what is held out]
    #[arg(long, value_name = "BED")]
    pub regions: Option<PathBuf>,
    /// Variants to score
    #[arg(long, value_name = "VCF")]
    pub variants: Option<PathBuf>,
    /// Bases of the genome on each side of a variant
    #[arg(long, value_name = "BASES", default_value_t = 200)]
    pub flank: u64,
    /// Pieces of the line along which gradients are integrated, before some are halved
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub integration_steps: usize,
    /// How a window of the genome becomes a vector: cls or mean
    #[arg(long, value_name = "POOL", default_value = "cls")]
    pub window_pool: String,
    /// vocabulary: after how many cycles of byte-pair encoding a vocabulary is taken
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_values_t = [100, 200, 400, 600, 800, 1200, 2400, 5000])]
    pub cycles: Vec<usize>,
    /// vocabulary: fixed k-mers that models and TF-IDF are set beside
    #[arg(long, value_name = "K,..", value_delimiter = ',', default_values_t = [4, 5, 6])]
    pub kmers: Vec<usize>,
    /// vocabulary: how many next bases are asked for
    #[arg(long, value_name = "K,..", value_delimiter = ',', default_values_t = [2, 3, 4, 5, 6])]
    pub next: Vec<usize>,
    /// vocabulary: models a vocabulary, each from a seed of its own
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub models: usize,
    /// vocabulary: steps of each pretraining
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub steps: u64,
    /// vocabulary: pieces of each task over all splits
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    pub samples: usize,
    /// vocabulary: trees of the forests on token frequencies
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub trees: usize,
    /// vocabulary: shape and recipe of the models, a preset or a TOML file of one
    #[arg(long, value_name = "PRESET", default_value = "grover-mini")]
    pub preset: String,
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
