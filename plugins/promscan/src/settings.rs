//! What the task is made from, and its options.

use std::path::PathBuf;

use dlm_dataset::{
    SplitBy,
    options::{self, Drawing},
};
use dlm_sdk::prelude::*;

pub(crate) const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: "genome",
        default: None,
        help: "FASTA (plain, gzip, bgzip) or 2bit file of the genome",
    },
    OptionSpec { key: "promoters", default: None, help: "EPDnew table of promoters: BED or SGA" },
    OptionSpec {
        key: "lift",
        default: None,
        help: "chain file from the build of the promoters to that of the genome",
    },
    OptionSpec {
        key: "strand",
        default: Some("forward"),
        help: "forward: as the genome has it; reading: as transcribed",
    },
    OptionSpec {
        key: "chromosome",
        default: None,
        help: "chromosomes to take; all of the genome if not given",
    },
    OptionSpec { key: "split", default: Some("grouped"), help: "grouped, chromosome or paper" },
    OptionSpec { key: "seed", default: Some("0"), help: "seed of splits" },
];

/// What the task is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The FASTA or 2bit file of the genome.
    pub genome: PathBuf,
    /// The table of promoters.
    pub promoters: PathBuf,
    /// The chain file from the build of the promoters to that of the genome, if they are of two builds.
    pub lift: Option<PathBuf>,
    /// Whether windows of promoters of the reverse strand are reverse-complemented.
    pub reading: bool,
    /// The chromosomes to take, in either spelling; none: all of the genome.
    pub chromosomes: Vec<String>,
    /// How examples are put into splits.
    pub split: SplitBy,
    /// The seed of splits.
    pub seed: u64,
}

impl Settings {
    /// Creates settings with all defaults.
    pub fn new(genome: impl Into<PathBuf>, promoters: impl Into<PathBuf>) -> Self {
        Self {
            genome: genome.into(),
            promoters: promoters.into(),
            lift: None,
            reading: false,
            chromosomes: Vec::new(),
            split: SplitBy::Group,
            seed: 0,
        }
    }

    /// Reads settings from options.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid), naming the option that is missing or wrong.
    pub fn from_config(config: &Config) -> Result<Self> {
        options::no_positional(config, "promscan")?;
        let genome =
            options::path(config, "genome", "say where the FASTA file is with --genome FILE or genome=FILE")?;
        let promoters =
            options::path(config, "promoters", "say where the table of EPDnew is with promoters=FILE")?;
        let mut settings = Self::new(genome, promoters);
        settings.reading = options::choice(config, "strand", &[("forward", false), ("reading", true)])?;
        let drawing = Drawing::from_config(config)?;
        settings.lift = drawing.lift;
        settings.chromosomes = drawing.chromosomes;
        settings.split = drawing.split;
        settings.seed = drawing.seed;
        Ok(settings)
    }
}
