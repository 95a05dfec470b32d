//! What the task is made from, and its options.

use std::path::PathBuf;

use dlm_dataset::SplitBy;
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
        if let Some(text) = config.positional() {
            return Err(Error::invalid(format!("promscan takes options only, not {text:?}")));
        }
        let path = |key: &str, hint: &'static str| {
            let missing = || Error::invalid(format!("option {key} is missing")).with_hint(hint);
            config.get(key).map(PathBuf::from).ok_or_else(missing)
        };
        let genome = path("genome", "say where the FASTA file is with --genome FILE or genome=FILE")?;
        let promoters = path("promoters", "say where the table of EPDnew is with promoters=FILE")?;
        let mut settings = Self::new(genome, promoters);
        settings.reading = match config.get("strand") {
            Some("forward") | None => false,
            Some("reading") => true,
            Some(other) => {
                let message = format!("option strand: {other:?} is not a value it can take");
                return Err(Error::invalid(message).with_hint("it is forward or reading"));
            }
        };
        settings.lift = config.get("lift").map(PathBuf::from);
        settings.chromosomes = config.list("chromosome")?;
        settings.split = SplitBy::parse(config.get("split").unwrap_or("grouped"))?;
        settings.seed = config.need("seed")?;
        Ok(settings)
    }
}
