//! What to run: from flags, a TOML or YAML file, or both.

use std::{fs, path::PathBuf, str::FromStr};

use clap::Args;
use dlm_sdk::{Error, Result, spec::nearest};
use serde_json::{Map, Value};

use super::probe::{Long, Pool};
use crate::{
    context::Context,
    results::{Mode, Protocol},
};

const SEEDS: u64 = 3;

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
    /// How models are brought to a task: probe (frozen, logistic head) or finetune [default: probe]
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
    /// What to do with an item longer than a model takes: error, truncate or windows [default: error]
    #[arg(long, value_name = "HOW")]
    pub long: Option<String>,
    /// Folder for results; an interrupted run goes on there
    #[arg(long, value_name = "DIR")]
    pub output_path: Option<PathBuf>,
    /// Keep all scores of tasks with more than 32 classes
    #[arg(long)]
    pub save_scores: bool,
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
    /// How models are brought to a task.
    pub mode: Mode,
    /// How a probe pools.
    pub pool: Pool,
    /// The layer a probe reads.
    pub layer: i64,
    /// Where settings come from.
    pub protocol: Protocol,
    /// What happens to items that are too long for a model.
    pub long: Long,
    /// Where results go.
    pub output: Option<PathBuf>,
    /// Whether all scores of many classes are kept.
    pub save_scores: bool,
}

/// The keys of a configuration.
const KEYS: [&str; 15] = [
    "models",
    "tasks",
    "baselines",
    "seeds",
    "limit",
    "trees",
    "genome",
    "data",
    "mode",
    "pool",
    "layer",
    "protocol",
    "long",
    "output-path",
    "save-scores",
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
        let mut context = context.clone();
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
        let models = or_else(specs(&self.models), || file.specs("models"))?;
        let tasks = or_else(specs(&self.tasks), || file.specs("tasks"))?;
        let baselines = or_else(specs(&self.baselines), || file.specs("baselines"))?;
        let mode = match self.mode.or(file.text("mode")?).as_deref() {
            None | Some("probe") => Mode::Probe,
            Some("finetune") => Mode::Finetune,
            Some(other) => {
                return Err(Error::invalid(format!("mode {other:?} is not known"))
                    .with_hint("known are probe and finetune"));
            }
        };
        let trees = self.trees.or(file.list("trees")?.map(|values| values.join(",")));
        let shared = [("genome", file.text("genome")?), ("data", file.text("data")?), ("trees", trees)];
        let settings = Settings {
            models,
            tasks,
            baselines,
            seeds: self.seeds.or(file.number("seeds")?).unwrap_or(SEEDS),
            limit: self.limit.or(file.number("limit")?.map(|limit| limit as usize)),
            mode,
            pool: parsed(self.pool.or(file.text("pool")?), Pool::Mean)?,
            layer: self.layer.or(file.integer("layer")?).unwrap_or(-1),
            protocol: parsed(self.protocol.or(file.text("protocol")?), Protocol::Paper)?,
            long: parsed(self.long.or(file.text("long")?), Long::Error)?,
            output: self.output_path.or(file.text("output-path")?.map(PathBuf::from)),
            save_scores: self.save_scores || file.flag("save-scores")?,
        };
        file.finish()?;
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

fn or_else(flags: Vec<String>, keys: impl FnOnce() -> Result<Vec<String>>) -> Result<Vec<String>> {
    let keys = keys()?;
    Ok(if flags.is_empty() { keys } else { flags })
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

/// A configuration whose keys are taken one by one; what is left at the end is not known.
#[derive(Debug, Default)]
struct ConfigFile {
    path: PathBuf,
    values: Map<String, Value>,
}

impl ConfigFile {
    /// More than this is no configuration.
    const MOST_BYTES: u64 = 1 << 20;

    fn read(path: PathBuf) -> Result<Self> {
        let name = path.display().to_string();
        let fail = |error: std::io::Error| Error::io(format!("{name}: cannot be read"), error);
        let metadata = fs::metadata(&path).map_err(fail)?;
        if metadata.is_dir() || metadata.len() > Self::MOST_BYTES {
            return Err(Error::invalid(format!("{name}: no configuration, but a folder or a large file")));
        }
        let text = String::from_utf8(fs::read(&path).map_err(fail)?)
            .map_err(|error| Error::invalid(format!("{name}: not text")).with_source(error))?;
        let yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        let values = Self::parse(&text, yaml).map_err(|error| error.within(name.clone()))?;
        if values.is_empty() {
            return Err(Error::invalid(format!("{name}: holds no keys"))
                .with_hint("it may be as short as: tasks = [..] and baselines = [..]"));
        }
        Ok(Self { path, values })
    }

    fn parse(text: &str, yaml: bool) -> Result<Map<String, Value>> {
        let value: Value = if yaml {
            serde_saphyr::from_str(text)
                .map_err(|error| Error::invalid(first_line(&error.to_string())).with_hint("is it YAML?"))?
        } else {
            toml::from_str(text).map_err(|error: toml::de::Error| {
                let line =
                    error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
                Error::invalid(format!("line {line}: {}", first_line(error.message())))
                    .with_hint("a configuration is TOML, or YAML if its name ends in .yaml")
            })?
        };
        match value {
            Value::Object(values) => {
                Ok(values.into_iter().map(|(key, value)| (key.replace('_', "-"), value)).collect())
            }
            Value::Null => Ok(Map::new()),
            _ => Err(Error::invalid("not a list of keys and values")),
        }
    }

    fn wrong(&self, key: &str, wanted: &str, value: &Value) -> Error {
        Error::invalid(format!("{}: {key}: {value} is not {wanted}", self.path.display()))
    }

    fn text(&mut self, key: &str) -> Result<Option<String>> {
        match self.values.remove(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(value) => Err(self.wrong(key, "a text", &value)),
        }
    }

    fn integer(&mut self, key: &str) -> Result<Option<i64>> {
        match self.values.remove(key) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| self.wrong(key, "a whole number", &value)),
        }
    }

    fn number(&mut self, key: &str) -> Result<Option<u64>> {
        match self.values.remove(key) {
            None => Ok(None),
            Some(value) => {
                value.as_u64().map(Some).ok_or_else(|| self.wrong(key, "a whole number from 0 on", &value))
            }
        }
    }

    fn flag(&mut self, key: &str) -> Result<bool> {
        match self.values.remove(key) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| self.wrong(key, "true or false", &value)),
        }
    }

    fn list(&mut self, key: &str) -> Result<Option<Vec<String>>> {
        let texts = |values: &[Value]| -> Option<Vec<String>> {
            values
                .iter()
                .map(|value| match value {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                })
                .collect()
        };
        match self.values.remove(key) {
            None => Ok(None),
            Some(Value::Array(values)) => texts(&values)
                .map(Some)
                .ok_or_else(|| self.wrong(key, "a list of texts or numbers", &Value::Array(values))),
            Some(value) => texts(std::slice::from_ref(&value))
                .map(Some)
                .ok_or_else(|| self.wrong(key, "a text, a number or a list of them", &value)),
        }
    }

    fn specs(&mut self, key: &str) -> Result<Vec<String>> {
        Ok(specs(&self.list(key)?.unwrap_or_default()))
    }

    /// Fails if a key was not asked for.
    fn finish(self) -> Result<()> {
        let Some(key) = self.values.keys().next() else { return Ok(()) };
        let error = Error::invalid(format!("{}: unknown key {key:?}", self.path.display()));
        Err(match nearest(key, KEYS) {
            Some(near) => error.with_hint(format!("did you mean {near:?}?")),
            None => error.with_hint(format!("known are {}", KEYS.join(", "))),
        })
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
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
    fn toml_and_yaml_say_the_same() {
        let toml =
            ConfigFile::parse("tasks = [\"a\", \"b\"]\nsave_scores = true\nlayer = -1", false).unwrap();
        let yaml = ConfigFile::parse("tasks: [a, b]\nsave-scores: true\nlayer: -1\n", true).unwrap();
        assert_eq!(toml, yaml);
    }

    #[test]
    fn broken_files_are_refused_with_a_line() {
        let error = ConfigFile::parse("seeds = 3\ntasks = [", false).unwrap_err();
        assert!(error.to_string().starts_with("line 2"), "{error}");
        assert!(ConfigFile::parse("tasks: [a", true).is_err());
        assert!(ConfigFile::parse("- a\n- b\n", true).is_err());
    }
}
