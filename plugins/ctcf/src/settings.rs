//! What the task is made from, and its options.

use std::{num::NonZeroUsize, path::PathBuf};

use dlm_dataset::{
    SplitBy,
    options::{self, Drawing, refuse},
};
use dlm_sdk::prelude::*;

pub(crate) const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: "genome",
        default: None,
        help: "FASTA (plain, gzip, bgzip) or 2bit file of the genome",
    },
    OptionSpec { key: "motif", default: None, help: "the motif, JASPAR counts or MEME text (.meme)" },
    OptionSpec { key: "peaks", default: None, help: "peaks of a ChIP-seq experiment, narrowPeak or BED" },
    OptionSpec {
        key: "lift",
        default: None,
        help: "chain file from the build of the peaks to that of the genome",
    },
    OptionSpec {
        key: "preset",
        default: Some("paper"),
        help: "paper or tutorial: what happens to doubled sites",
    },
    OptionSpec {
        key: "cut",
        default: Some("auto"),
        help: "a p-value, stored:N as FIMO stores hits, or auto",
    },
    OptionSpec { key: "allow-empty", default: Some("no"), help: "yes: a chromosome may have no peak" },
    OptionSpec {
        key: "chromosome",
        default: None,
        help: "chromosomes to take; all of the genome if not given",
    },
    OptionSpec { key: "split", default: Some("grouped"), help: "grouped, chromosome or paper" },
    OptionSpec { key: "seed", default: Some("0"), help: "seed of splits" },
];

/// The cells of the paper's peaks.
pub(crate) const CELLS: &str = "HepG2";
/// The experiment of the paper's peaks.
pub(crate) const EXPERIMENT: &str = "ENCSR000BIE";

/// What happens to sites that the scan or the peaks name twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Preset {
    /// Each site is one example.
    Paper,
    /// As the published notebook has it: an example a strand and peak.
    Tutorial,
}

/// Which hits of the motif are sites.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cut {
    /// `Stored` of 100,000 on a genome of at least 10^9 bases, p < 0.000007 on a smaller one.
    Auto,
    /// All with a lower p-value.
    PValue(f64),
    /// Those with p < 0.0001 that are left in a store with room for some.
    Stored(NonZeroUsize),
}

/// What the task is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The FASTA or 2bit file of the genome.
    pub genome: PathBuf,
    /// The file of the motif.
    pub motif: PathBuf,
    /// The file of peaks.
    pub peaks: PathBuf,
    /// The chain file from the build of the peaks to that of the genome, if they are of two builds.
    pub lift: Option<PathBuf>,
    /// What happens to doubled sites.
    pub preset: Preset,
    /// Which hits are sites.
    pub cut: Cut,
    /// Whether a chromosome may have no peak.
    pub allow_empty: bool,
    /// The chromosomes to take, in either spelling; none: all of the genome.
    pub chromosomes: Vec<String>,
    /// How examples are put into splits.
    pub split: SplitBy,
    /// The seed of splits.
    pub seed: u64,
}

impl Settings {
    /// Creates settings with all defaults.
    pub fn new(genome: impl Into<PathBuf>, motif: impl Into<PathBuf>, peaks: impl Into<PathBuf>) -> Self {
        Self {
            genome: genome.into(),
            motif: motif.into(),
            peaks: peaks.into(),
            lift: None,
            preset: Preset::Paper,
            cut: Cut::Auto,
            allow_empty: false,
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
        options::no_positional(config, "ctcf")?;
        let mut settings = Self::new(
            options::path(config, "genome", "say where the FASTA file is with --genome FILE or genome=FILE")?,
            options::path(config, "motif", "say where the matrix MA0139.1 of JASPAR is with motif=FILE")?,
            options::path(config, "peaks", "say where the peaks are with peaks=FILE")?,
        );
        settings.preset =
            options::choice(config, "preset", &[("paper", Preset::Paper), ("tutorial", Preset::Tutorial)])?;
        settings.cut = cut(config.get("cut").unwrap_or("auto"))?;
        settings.allow_empty = options::choice(config, "allow-empty", &[("no", false), ("yes", true)])?;
        let drawing = Drawing::from_config(config)?;
        settings.lift = drawing.lift;
        settings.chromosomes = drawing.chromosomes;
        settings.split = drawing.split;
        settings.seed = drawing.seed;
        Ok(settings)
    }

    /// Names the task: what makes its examples, not how they are split.
    pub(crate) fn name(&self) -> String {
        let preset = if self.preset == Preset::Tutorial { ",preset=tutorial" } else { "" };
        let cells = self.stand_in().map_or_else(String::new, |cells| format!(",{cells}"));
        match self.cut {
            Cut::Auto => format!("ctcf{preset}{cells}"),
            Cut::PValue(p_value) => format!("ctcf{preset},cut={p_value:e}{cells}"),
            Cut::Stored(room) => format!("ctcf{preset},cut=stored:{room}{cells}"),
        }
    }

    /// Returns the label of peaks that stand in for the paper's: `stand-in=NAME` with the file's name up to its first dot;
    /// `None` if the file's name says that they are of the paper's cells or experiment.
    pub(crate) fn stand_in(&self) -> Option<String> {
        let name = self.peaks.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let lower = name.to_ascii_lowercase();
        let own = [CELLS, EXPERIMENT].iter().any(|word| lower.contains(&word.to_ascii_lowercase()));
        (!own).then(|| format!("stand-in={}", name.split('.').next().unwrap_or_default()))
    }
}

fn cut(text: &str) -> Result<Cut> {
    if text == "auto" {
        return Ok(Cut::Auto);
    }
    let known = "auto, stored:100000, or a p-value above 0 and at most 0.01";
    match text.strip_prefix("stored:") {
        Some(room) => room.parse().map(Cut::Stored).map_err(|_| refuse("cut", text, known)),
        None => match text.parse() {
            Ok(p_value) if p_value > 0.0 && p_value <= 0.01 => Ok(Cut::PValue(p_value)),
            _ => Err(refuse("cut", text, known)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_cells_stand_in_and_say_so() {
        let name = |peaks: &str| Settings::new("g", "m", format!("data/{peaks}")).name();
        assert_eq!(name("HepG2.CTCF.hg19.narrowPeak.gz"), "ctcf");
        assert_eq!(name("ctcf_hepg2_hg19.narrowPeak"), "ctcf");
        assert_eq!(name("ENCSR000BIE.narrowPeak"), "ctcf");
        assert_eq!(name("liver_CTCF.hg19.narrowPeak.gz"), "ctcf,stand-in=liver_CTCF");
    }
}
