//! What the task is made from, and its options.

use std::path::PathBuf;

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
    OptionSpec { key: "promoters", default: None, help: "EPDnew table of promoters: BED or SGA" },
    OptionSpec {
        key: "lift",
        default: None,
        help: "chain file from the build of the promoters to that of the genome",
    },
    OptionSpec { key: "form", default: Some("paper"), help: "paper, retokenized, dinucleotide or genomic" },
    OptionSpec {
        key: "tokenizer",
        default: None,
        help: "the tokenizer whose tokens are shuffled, such as bpe:FILE",
    },
    OptionSpec {
        key: "shuffle",
        default: Some("bpe"),
        help: "bpe: tokens of the tokenizer; kmer:4, kmer:5, kmer:6",
    },
    OptionSpec { key: "tokens", default: None, help: "genome or window: what the tokens are cut from" },
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
    OptionSpec { key: "seed", default: Some("0"), help: "seed of negatives and splits" },
];

/// What the negatives are, and whether token boundaries are fixed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// Shuffled tokens, as tokens.
    Paper,
    /// Shuffled tokens, as sequence.
    Retokenized,
    /// Shuffled bases with all dinucleotide counts.
    Dinucleotide,
    /// Windows elsewhere.
    Genomic,
}

impl Form {
    /// Returns the name used in specs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Retokenized => "retokenized",
            Self::Dinucleotide => "dinucleotide",
            Self::Genomic => "genomic",
        }
    }

    /// Returns whether negatives are made of tokens.
    pub fn shuffles_tokens(self) -> bool {
        matches!(self, Self::Paper | Self::Retokenized)
    }
}

/// Which tokens are shuffled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shuffle {
    /// Those of the tokenizer that is given.
    Bpe,
    /// Words of a length.
    Kmers(u32),
}

/// What tokens are cut from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tokens {
    /// The genome: the window with what lies around it.
    Genome,
    /// The window alone.
    Window,
}

/// What the task is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The FASTA or 2bit file of the genome.
    pub genome: PathBuf,
    /// The table of promoters.
    pub promoters: PathBuf,
    /// The chain file from the build of the promoters to that of the genome, if they are of two builds.
    pub lift: Option<PathBuf>,
    /// What the negatives are.
    pub form: Form,
    /// The spec of the tokenizer whose tokens are shuffled.
    pub tokenizer: Option<String>,
    /// Which tokens are shuffled.
    pub shuffle: Shuffle,
    /// What tokens are cut from.
    pub tokens: Tokens,
    /// Whether promoters of the reverse strand are reverse-complemented.
    pub reading: bool,
    /// The chromosomes to take, in either spelling; none: all of the genome.
    pub chromosomes: Vec<String>,
    /// How examples are put into splits.
    pub split: SplitBy,
    /// The seed of negatives and splits.
    pub seed: u64,
}

impl Settings {
    /// Creates settings with all defaults; the paper's form also needs a tokenizer.
    pub fn new(genome: impl Into<PathBuf>, promoters: impl Into<PathBuf>) -> Self {
        Self {
            genome: genome.into(),
            promoters: promoters.into(),
            lift: None,
            form: Form::Paper,
            tokenizer: None,
            shuffle: Shuffle::Bpe,
            tokens: Tokens::Genome,
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
        options::no_positional(config, "prom300")?;
        let genome =
            options::path(config, "genome", "say where the FASTA file is with --genome FILE or genome=FILE")?;
        let promoters =
            options::path(config, "promoters", "say where the table of EPDnew is with promoters=FILE")?;
        let mut settings = Self::new(genome, promoters);
        settings.form = options::choice(
            config,
            "form",
            &[
                ("paper", Form::Paper),
                ("retokenized", Form::Retokenized),
                ("dinucleotide", Form::Dinucleotide),
                ("genomic", Form::Genomic),
            ],
        )?;
        settings.tokenizer = config.get("tokenizer").map(str::to_owned);
        settings.shuffle = match config.get("shuffle") {
            Some("bpe") | None => Shuffle::Bpe,
            Some(text) => match text.strip_prefix("kmer:").and_then(|k| k.parse().ok()) {
                Some(k) if (1..=8).contains(&k) => Shuffle::Kmers(k),
                _ => return Err(refuse("shuffle", text, "bpe or kmer:1 to kmer:8")),
            },
        };
        let kmers = settings.shuffle != Shuffle::Bpe;
        settings.tokens = match config.get("tokens") {
            None if kmers => Tokens::Window,
            Some("genome") if kmers => {
                return Err(Error::invalid("option tokens: k-mers are cut from the window alone")
                    .with_hint("where a k-mer starts on the genome says nothing about a promoter"));
            }
            Some("genome") | None => Tokens::Genome,
            Some("window") => Tokens::Window,
            Some(other) => return Err(refuse("tokens", other, "genome or window")),
        };
        settings.reading = options::choice(config, "strand", &[("forward", false), ("reading", true)])?;
        let drawing = Drawing::from_config(config)?;
        settings.lift = drawing.lift;
        settings.chromosomes = drawing.chromosomes;
        settings.split = drawing.split;
        settings.seed = drawing.seed;
        Ok(settings)
    }

    /// Returns the spec of the tokenizer that the form needs, if it needs one.
    pub(crate) fn tokenizer_spec(&self) -> Result<Option<String>> {
        match (self.form.shuffles_tokens(), self.shuffle, &self.tokenizer) {
            (false, ..) => Ok(None),
            (true, Shuffle::Kmers(k), _) => Ok(Some(format!("kmer:{k}"))),
            (true, Shuffle::Bpe, Some(spec)) => Ok(Some(spec.clone())),
            (true, Shuffle::Bpe, None) => Err(Error::invalid("option tokenizer is missing").with_hint(
                "name the tokenizer whose tokens are shuffled with tokenizer=bpe:FILE, or take shuffle=kmer:6",
            )),
        }
    }

    /// Names the task: what makes its examples, not how they are split.
    pub(crate) fn name(&self) -> String {
        let mut parts = vec!["prom300".to_owned()];
        if self.form != Form::Paper {
            parts.push(format!("form={}", self.form.name()));
        }
        match (self.form.shuffles_tokens(), self.shuffle, self.tokens) {
            (true, Shuffle::Kmers(k), _) => parts.push(format!("shuffle=kmer:{k}")),
            (true, Shuffle::Bpe, Tokens::Window) => parts.push("tokens=window".to_owned()),
            _ => {}
        }
        if self.reading {
            parts.push("strand=reading".to_owned());
        }
        parts.join(",")
    }
}
