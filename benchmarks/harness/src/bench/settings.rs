//! What to run: from flags, a TOML or YAML file, or both.

use std::{path::PathBuf, str::FromStr};

use clap::Args;
use dlm_sdk::{Error, Result};

use super::{
    config::ConfigFile,
    finetune::{FinetuneFlags, Overrides},
    folds::FEWEST_FOLDS,
    probe::{HeadKind, Long, Pool},
};
use crate::{
    context::Context,
    results::{Mode, Protocol},
};

const SEEDS: u64 = 3;
const CPU: &str = "cpu";

/// What can be given by flag or by a key of the same name in the configuration; a flag wins.
#[derive(Args, Clone, Debug, Default)]
pub struct Selection {
    /// TOML or YAML file with keys equal to these flags; a flag wins over a key
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Model: a folder, a built-in id, or a plugin's id; MODEL+random is its random-initialised twin. Repeatable
    #[arg(long, value_name = "MODEL")]
    pub models: Vec<String>,
    /// Task, such as next-kmer:6,split=grouped or gue/tf/0. Repeatable
    #[arg(long, value_name = "TASK")]
    pub tasks: Vec<String>,
    /// Baseline, such as majority, ngram:12 or tfidf:kmer:6. Repeatable; nothing is added to what is named
    #[arg(long, value_name = "BASELINE")]
    pub baselines: Vec<String>,
    /// How many seeds: 3 means 0, 1 and 2; a method without randomness runs once [default: 3]
    #[arg(long, value_name = "N")]
    pub seeds: Option<u64>,
    /// At most this many items of each split, drawn by a fixed seed
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Trees of a forest: one value is used as is, several are chosen from on validation
    #[arg(long, value_name = "N,..")]
    pub trees: Option<String>,
    /// How models are brought to a task: probe (frozen, under a head), finetune, or both: probe,finetune [default: probe]
    #[arg(long, value_name = "MODE")]
    pub mode: Option<String>,
    /// How a probe makes one vector of a row of tokens: cls, mean, max or last [default: mean]
    #[arg(long, value_name = "POOL")]
    pub pool: Option<String>,
    /// Layer a probe reads: 0 the embeddings, 1..n, -1 the last [default: -1]
    #[arg(long, value_name = "L", allow_negative_numbers = true)]
    pub layer: Option<i64>,
    /// Where a model's settings come from: paper (fixed) or tuned (chosen on validation) [default: paper]
    #[arg(long, value_name = "PROTOCOL")]
    pub protocol: Option<String>,
    /// What is fitted on a model: under probe logistic or forest, under finetune pooler or mean [default: logistic;
    /// pooler where a model has one]
    #[arg(long, value_name = "HEAD")]
    pub head: Option<String>,
    /// Device that runs models: cpu or cuda [default: cpu]
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// How models are fine-tuned.
    #[command(flatten)]
    pub finetune: FinetuneFlags,
    /// What to do with an item longer than a model takes: error, truncate or windows [default: error]
    #[arg(long, value_name = "HOW")]
    pub long: Option<String>,
    /// Folder for results; an interrupted run goes on there
    #[arg(long, value_name = "DIR")]
    pub output_path: Option<PathBuf>,
    /// Cross-validate tasks with a grouped split in this many folds of leakage groups: every group is answered once
    #[arg(long, value_name = "K")]
    pub folds: Option<u64>,
    /// Keep all scores of tasks with more than 32 classes
    #[arg(long)]
    pub save_scores: bool,
    /// Answer the reverse complement of each test item too: how often answers flip, and the score averaged over strands
    #[arg(long)]
    pub both_strands: bool,
    /// Show published scores of the same tasks in tables and report, marked as published and not run here, never ranked
    #[arg(long)]
    pub published: bool,
}

/// What to run, complete and checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Specs of models.
    pub models: Vec<String>,
    /// Specs of tasks.
    pub tasks: Vec<String>,
    /// Specs of baselines.
    pub baselines: Vec<String>,
    /// How many seeds.
    pub seeds: u64,
    /// At most how many items of each split.
    pub limit: Option<usize>,
    /// How models are brought to a task: in one way or two.
    pub modes: Vec<Mode>,
    /// How a probe pools.
    pub pool: Pool,
    /// The layer a probe reads.
    pub layer: i64,
    /// What a probe fits.
    pub head: HeadKind,
    /// The device that runs models.
    pub device: String,
    /// What a fine-tuning does other than its protocol says.
    pub finetune: Overrides,
    /// Where settings come from.
    pub protocol: Protocol,
    /// What happens to items that are too long for a model.
    pub long: Long,
    /// Where results go.
    pub output: Option<PathBuf>,
    /// In how many folds tasks are cross-validated; `None`: their own splits.
    pub folds: Option<usize>,
    /// Whether all scores of many classes are kept.
    pub save_scores: bool,
    /// Whether the other strand of test items is answered too.
    pub both_strands: bool,
    /// Whether published scores of the same tasks are shown beside results.
    pub published: bool,
}

/// The keys of a configuration, apart from those of fine-tuning.
const KEYS: [&str; 20] = [
    "models",
    "tasks",
    "baselines",
    "seeds",
    "limit",
    "folds",
    "trees",
    "genome",
    "data",
    "mode",
    "pool",
    "layer",
    "head",
    "device",
    "protocol",
    "long",
    "output-path",
    "save-scores",
    "both-strands",
    "published",
];

impl Selection {
    /// Completes the flags with the configuration and defaults, and shares what components share.
    ///
    /// # Errors
    ///
    /// The configuration cannot be read, has an unknown key or a value of the wrong kind; nothing is to be run.
    pub fn settle(self, context: &Context) -> Result<(Settings, Context)> {
        let file = match &self.config {
            Some(path) => ConfigFile::read(path.clone())?,
            None => ConfigFile::default(),
        };
        let (settings, shared) = self.complete(file)?;
        // The default device is no option of anything, so that specs stay as they are given.
        let mut context = match settings.device.as_str() {
            CPU => context.clone(),
            device => context.sharing("device", device),
        };
        for (key, value) in shared {
            let given = match key {
                "genome" => context.genome().is_some(),
                "data" => context.data().is_some(),
                _ => false,
            };
            if !given {
                context = context.sharing(key, &value);
            }
        }
        Ok((settings, context))
    }

    /// Completes flags with a configuration and defaults; returns also what components share.
    fn complete(self, mut file: ConfigFile) -> Result<(Settings, Vec<(&'static str, String)>)> {
        let models = or_else(specs(&self.models), file.list("models")?);
        let tasks = or_else(specs(&self.tasks), file.list("tasks")?);
        let baselines = or_else(specs(&self.baselines), file.list("baselines")?);
        let ways = modes(self.mode.or(file.list("mode")?.map(|modes| modes.join(","))))?;
        let head = self.head.or(file.text("head")?);
        if let (Some(head), [_, _, ..]) = (&head, ways.as_slice()) {
            return Err(Error::invalid(format!("head {head} with two modes: heads are other ones in each"))
                .with_hint("leave the head out, or run the modes one after the other into one folder"));
        }
        let (probe_head, finetune) = match ways[0] {
            Mode::Finetune => (HeadKind::Logistic, self.finetune.settle(head, &mut file)?),
            _ => (parsed(head, HeadKind::Logistic)?, self.finetune.settle(None, &mut file)?),
        };
        let trees = self.trees.or(file.list("trees")?.map(|values| values.join(",")));
        let shared = [("genome", file.text("genome")?), ("data", file.text("data")?), ("trees", trees)];
        let settings = Settings {
            models,
            tasks,
            baselines,
            seeds: self.seeds.or(file.number("seeds")?).unwrap_or(SEEDS),
            limit: self.limit.or(file.number("limit")?.map(|limit| limit as usize)),
            modes: ways,
            pool: parsed(self.pool.or(file.text("pool")?), Pool::Mean)?,
            layer: self.layer.or(file.integer("layer")?).unwrap_or(-1),
            head: probe_head,
            device: self.device.or(file.text("device")?).unwrap_or_else(|| CPU.to_owned()),
            finetune,
            protocol: parsed(self.protocol.or(file.text("protocol")?), Protocol::Paper)?,
            long: parsed(self.long.or(file.text("long")?), Long::Error)?,
            output: self.output_path.or(file.text("output-path")?.map(PathBuf::from)),
            folds: self.folds.or(file.number("folds")?).map(|folds| folds as usize),
            save_scores: self.save_scores || file.flag("save-scores")?,
            both_strands: self.both_strands || file.flag("both-strands")?,
            published: self.published || file.flag("published")?,
        };
        file.finish(&[&KEYS[..], &FinetuneFlags::KEYS].concat())?;
        settings.check()?;
        Ok((settings, shared.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()))
    }
}

/// Reads the text of a configuration as far as that is possible without components.
///
/// # Errors
///
/// It is neither TOML nor YAML, has an unknown key or a value of the wrong kind, or says nothing to run.
///
/// # Examples
///
/// ```
/// let error = dlm::bench::read_config("tasks = ['next-kmer:6']\nbaselins = ['majority']", false).unwrap_err();
/// assert_eq!(error.hint(), Some("did you mean \"baselines\"?"));
/// assert!(dlm::bench::read_config("tasks: next-kmer:6\nbaselines: [majority]", true).is_ok());
/// ```
pub fn read_config(text: &str, yaml: bool) -> Result<Settings> {
    let file = ConfigFile { path: PathBuf::from("config"), values: ConfigFile::parse(text, yaml)? };
    Ok(Selection::default().complete(file)?.0)
}

impl Settings {
    fn check(&self) -> Result<()> {
        if self.tasks.is_empty() {
            return Err(
                Error::invalid("no task is given").with_hint("name one by --tasks; dlm task list shows them")
            );
        }
        if self.models.is_empty() && self.baselines.is_empty() {
            return Err(Error::invalid("neither a model nor a baseline is given")
                .with_hint("name some by --models or --baselines, for instance --baselines majority"));
        }
        if self.seeds == 0 {
            return Err(Error::invalid("0 seeds: at least one is needed"));
        }
        if self.limit == Some(0) {
            return Err(Error::invalid("a limit of 0 leaves no items"));
        }
        if let Some(folds) = self.folds.filter(|&folds| folds < FEWEST_FOLDS) {
            return Err(Error::invalid(format!("{folds} folds: at least {FEWEST_FOLDS} are needed"))
                .with_hint("one is answered, one chooses, the others are fitted on; 5 is usual"));
        }
        if self.folds.is_some() && self.both_strands {
            return Err(Error::unsupported("--both-strands does not go with --folds")
                .with_hint("ask for the other strand on the task's own splits"));
        }
        for (what, specs) in [("model", &self.models), ("task", &self.tasks), ("baseline", &self.baselines)] {
            for (place, spec) in specs.iter().enumerate() {
                if specs[..place].contains(spec) {
                    return Err(Error::invalid(format!("{what} {spec:?} is given twice")));
                }
            }
        }
        Ok(())
    }
}

fn or_else(flags: Vec<String>, keys: Option<Vec<String>>) -> Vec<String> {
    if flags.is_empty() { specs(&keys.unwrap_or_default()) } else { flags }
}

/// Reads one mode or several; at least one is returned.
fn modes(text: Option<String>) -> Result<Vec<Mode>> {
    let mut modes = Vec::new();
    for name in text.as_deref().unwrap_or("probe").split(',').map(str::trim) {
        let mode = match name {
            "probe" => Mode::Probe,
            "finetune" => Mode::Finetune,
            other => {
                return Err(Error::invalid(format!("mode {other:?} is not known"))
                    .with_hint("known are probe and finetune, and both as probe,finetune"));
            }
        };
        if modes.contains(&mode) {
            return Err(Error::invalid(format!("mode {name} is given twice")));
        }
        modes.push(mode);
    }
    Ok(modes)
}

fn parsed<T: FromStr<Err = Error>>(text: Option<String>, default: T) -> Result<T> {
    text.map_or(Ok(default), |text| text.parse())
}

/// Splits plain ids at commas; a text with options is one spec.
fn specs(texts: &[String]) -> Vec<String> {
    texts
        .iter()
        .flat_map(|text| {
            let one = text.contains('=');
            text.split(move |c| c == ',' && !one).map(|spec| spec.trim().to_owned())
        })
        .filter(|spec| !spec.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_ids_are_split() {
        let texts = ["majority,markov:3".to_owned(), "tfidf:kmer:6,trees=100,250".to_owned()];
        assert_eq!(specs(&texts), ["majority", "markov:3", "tfidf:kmer:6,trees=100,250"]);
    }

    #[test]
    fn modes_are_one_or_two() {
        let read = |text: &str| {
            let text = format!("tasks = \"gue/tf/0\"\nmodels = \"grover\"\n{text}");
            super::super::read_config(&text, false)
        };
        assert_eq!(read("").unwrap().modes, [Mode::Probe]);
        for both in ["mode = \"finetune, probe\"", "mode = [\"finetune\", \"probe\"]"] {
            assert_eq!(read(both).unwrap().modes, [Mode::Finetune, Mode::Probe]);
        }
        for (wrong, told) in [
            ("mode = \"probe,probe\"", "twice"),
            ("mode = \"probes\"", "not known"),
            ("mode = \"\"", "not known"),
            ("mode = [\"probe\", \"finetune\"]\nhead = \"forest\"", "two modes"),
        ] {
            assert!(read(wrong).unwrap_err().to_string().contains(told), "{wrong}");
        }
    }
}
