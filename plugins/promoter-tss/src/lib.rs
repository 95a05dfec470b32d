//! Promoters around transcription start sites against matched negatives.
//!
//! A *promoter* is the stretch of DNA around the base where transcription of a gene starts. The task asks of 300 bases
//! whether they are one: from 249 before the start to 50 behind it, in reading direction (genes of the reverse strand
//! are reverse-complemented), so that the start is base 249. This is the window of EPDnew-based promoter sets.
//!
//! Promoters are rich in G and C, and a classifier that counts bases would find most of them against windows drawn at
//! random. Therefore each positive has one negative, of one of two kinds:
//!
//! - `negatives=gc`: a window of the same chromosome with as many G and C (at most 3 of 300 more or fewer), at least
//!   5 kb from any start of the table, on the same strand, without N; negatives do not overlap, and with
//!   `split=grouped` they lie in blocks of their promoter's split, so that G and C tell nothing in any split;
//! - `negatives=dinucleotide`: the positive itself, shuffled so that the count of every dinucleotide stays
//!   (Altschul and Erikson 1985). It can only be told by what is longer than two bases.
//!
//! Starts of one gene are merged, and so are starts of one strand within 300 bases of each other: the one that is read
//! first stands for all. Windows that hold N, leave the chromosome, cross a block's border, or are copies of others are
//! dropped and counted.
//!
//! `split=grouped` puts blocks of one megabase whole into train, validation or test (about 70, 10 and 20 % of the
//! promoters), so that neighbours, which share regulation, repeats and base composition, are never on both sides;
//! [`held_out`](dlm_sdk::Task::held_out) names the blocks that tokenizers and pretraining leave out. `split=paper` draws
//! 80, 10 and 10 % of the windows at random, as publications do.

mod build;
mod starts;
mod windows;

use std::path::PathBuf;

use dlm_dataset::{Part, Splits};
use dlm_sdk::prelude::*;

const OPTIONS: &[OptionSpec] = &[
    OptionSpec { key: "genome", default: None, help: "FASTA file of the genome, plain, gzip or bgzip" },
    OptionSpec { key: "tss", default: None, help: "BED6 table of start sites or genes, plain or gzip" },
    OptionSpec {
        key: "origin",
        default: Some("0"),
        help: "number of the first base: 0 in BED, 1 in tables from GTF",
    },
    OptionSpec {
        key: "chromosome",
        default: None,
        help: "chromosomes to take; all of the genome if not given",
    },
    OptionSpec {
        key: "kinds",
        default: Some("all"),
        help: "gene types to take, such as protein_coding+lncRNA",
    },
    OptionSpec {
        key: "merge",
        default: Some("300"),
        help: "starts of one strand within this distance are one",
    },
    OptionSpec {
        key: "negatives",
        default: Some("gc"),
        help: "gc: matched windows; dinucleotide: shuffled positives",
    },
    OptionSpec {
        key: "split",
        default: Some("grouped"),
        help: "grouped: by block of 1 Mb; paper: at random",
    },
    OptionSpec { key: "seed", default: Some("0"), help: "seed of negatives and splits" },
];

register! {
    task "promoter-tss", "300 bases around transcription start sites against matched negatives",
    options: OPTIONS,
    create: |config, _registry| PromoterTss::new(&Settings::from_config(config)?)
}

/// What the negatives are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Negative {
    /// Windows elsewhere with as many G and C.
    Gc,
    /// The positives, shuffled with all their dinucleotides.
    Dinucleotide,
}

/// What the task is made from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// The FASTA file of the genome.
    pub genome: PathBuf,
    /// The table of start sites.
    pub tss: PathBuf,
    /// The number of the first base in the table: 0 or 1.
    pub origin: u64,
    /// The chromosomes to take, in either spelling; none: all of the genome.
    pub chromosomes: Vec<String>,
    /// The gene types to take; none: all.
    pub kinds: Vec<String>,
    /// The distance within which starts of one strand are one promoter.
    pub merge: u64,
    /// What the negatives are.
    pub negatives: Negative,
    /// [`Grouped`](SplitKind::Grouped) or [`Paper`](SplitKind::Paper).
    pub split: SplitKind,
    /// The seed of negatives and splits.
    pub seed: u64,
}

impl Settings {
    /// Creates settings with all defaults.
    pub fn new(genome: impl Into<PathBuf>, tss: impl Into<PathBuf>) -> Self {
        Self {
            genome: genome.into(),
            tss: tss.into(),
            origin: 0,
            chromosomes: Vec::new(),
            kinds: Vec::new(),
            merge: 300,
            negatives: Negative::Gc,
            split: SplitKind::Grouped,
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
            return Err(Error::invalid(format!("promoter-tss takes options only, not {text:?}")));
        }
        let path = |key: &str, hint: &'static str| {
            let missing = || Error::invalid(format!("option {key} is missing")).with_hint(hint);
            config.get(key).map(PathBuf::from).ok_or_else(missing)
        };
        let genome = path("genome", "say where the FASTA file is with --genome FILE or genome=FILE")?;
        let tss = path("tss", "say where the BED table of start sites is with tss=FILE")?;
        let mut settings = Self::new(genome, tss);
        settings.origin = config.need("origin")?;
        if settings.origin > 1 {
            return Err(Error::invalid("option origin: the first base is number 0 or 1"));
        }
        settings.chromosomes = config.list("chromosome")?;
        settings.kinds = config.list("kinds")?;
        settings.kinds.retain(|kind| kind != "all");
        settings.merge = config.need("merge")?;
        settings.seed = config.need("seed")?;
        settings.negatives = match config.get("negatives") {
            Some("dinucleotide") => Negative::Dinucleotide,
            Some("gc") | None => Negative::Gc,
            Some(other) => return Err(refuse("negatives", other, "gc or dinucleotide")),
        };
        settings.split = match config.get("split") {
            Some("paper") => SplitKind::Paper,
            Some("grouped") | None => SplitKind::Grouped,
            Some(other) => return Err(refuse("split", other, "paper or grouped")),
        };
        Ok(settings)
    }
}

fn refuse(key: &str, value: &str, known: &str) -> Error {
    Error::invalid(format!("option {key}: {value:?} is not a value it can take"))
        .with_hint(format!("it is {known}"))
}

/// Promoters against matched negatives.
#[derive(Debug)]
pub struct PromoterTss {
    spec: TaskSpec,
    splits: Splits,
    held_out: Vec<Locus>,
}

impl PromoterTss {
    /// Reads genome and table and cuts all windows.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) if a file is wrong, names of chromosomes do not meet, or a split would hold no
    /// promoter or no negative.
    pub fn new(settings: &Settings) -> Result<Self> {
        let built = build::build(settings)?;
        let mut spec = TaskSpec::new(build::name(settings), Target::Binary, settings.split);
        spec.sequence_length = Some(windows::LENGTH as u32);
        spec.class_names = vec!["other".into(), "promoter".into()];
        spec.strand_specific = true;
        spec.citation =
            "start sites and genome as given; shuffling: Altschul and Erikson, Mol Biol Evol 1985".into();
        spec.license = "that of the genome and the table it is made from".into();
        spec.notes = built.notes;
        let [train, validation, test] = built.sets;
        let splits = Splits::new(Part::Here(train), Part::Here(validation), Part::Here(test));
        Ok(Self { spec, splits, held_out: built.held_out })
    }
}

impl Task for PromoterTss {
    fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()> {
        self.splits.load(split, sink)
    }

    fn held_out(&self) -> Result<Vec<Locus>> {
        Ok(self.held_out.clone())
    }
}
