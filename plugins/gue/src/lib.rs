//! The Genome Understanding Evaluation tasks in their released layout.
//!
//! GUE (Zhou et al., *DNABERT-2*, ICLR 2024) is a collection of classification tasks that most DNA language models
//! report: promoters, transcription factor binding and splice sites of human, and further sets of mouse, yeast and
//! viruses. Each task is a folder of three tables, `train.csv`, `dev.csv` and `test.csv`, with the columns `sequence`
//! and `label`. Scores are Matthews correlation coefficients on test.
//!
//! The spec names the folder: `gue/tf/0`, `gue/prom/prom_300_all`, `gue/splice/reconstructed`, `gue/mouse/0`,
//! `gue/EMP/H3`. Files lie under `DATA/gue/` (or `DATA/GUE/`, as the released archive unpacks), plain or gzipped.
//!
//! The splits are the released ones. They were drawn at random over sequences, so that neighbours and copies may lie on
//! both sides; the task counts the sequences that two splits share and says so beside every score.

mod published;
mod read;

use std::path::{Component, Path, PathBuf};

use dlm_dataset::{Part, Splits, text};
use dlm_sdk::prelude::*;

/// A task of the Genome Understanding Evaluation.
#[derive(Debug)]
pub struct Gue {
    spec: TaskSpec,
    splits: Splits,
}

const OPTIONS: &[OptionSpec] = &[
    OptionSpec { key: "data", default: None, help: "the folder of released benchmarks that holds gue/" },
    OptionSpec { key: "split", default: Some("given"), help: "given (also called paper): as released" },
    OptionSpec {
        key: "allow-partial",
        default: Some("no"),
        help: "yes: a split without its file is empty instead of an error",
    },
];

register! {
    task "gue", "Genome Understanding Evaluation tasks by folder: gue/tf/0, gue/prom/prom_300_all, ..",
    options: OPTIONS,
    create: |config, _registry| Gue::new(config)
}

impl Gue {
    /// Reads a task's files.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) if the task has no file, or a file is not as released: the message names file
    /// and line. [`Unsupported`](ErrorKind::Unsupported) for a split other than the released one.
    pub fn new(config: &Config) -> Result<Self> {
        let name = name(config)?;
        check_split(config)?;
        let partial = match config.get("allow-partial") {
            Some("yes" | "true") => true,
            Some("no" | "false") | None => false,
            Some(other) => {
                return Err(Error::invalid(format!("option allow-partial: {other:?} is neither yes nor no")));
            }
        };
        let folder = folder(config, name)?;
        let mut notes = vec!["splits as released; they were drawn at random over sequences".to_owned()];
        let mut part = |split: Split, stem: &str| match text::find(&folder, stem, &["csv"]) {
            Some(path) => read::split(&path, (split as u64) << 32).map(Part::Here),
            None if partial => {
                notes.push(format!("warning: there is no {stem}.csv, so that {} is empty", split.name()));
                Ok(Part::Empty)
            }
            None => Ok(Part::Missing(
                format!("{}: no such file", folder.join(format!("{stem}.csv")).display()),
                "fetch the released file, plain or gzipped, or set allow-partial=yes to go without"
                    .to_owned(),
            )),
        };
        let splits = Splits::new(
            part(Split::Train, "train")?,
            part(Split::Validation, "dev")?,
            part(Split::Test, "test")?,
        );
        let classes = classes(&splits, &folder, &mut notes)?;
        if let Some(published) = published::sizes(name) {
            notes.extend(splits.differences(&published));
        } else {
            notes.push("sizes are not checked: no published ones are known here".to_owned());
        }
        notes.extend(splits.leaks());
        let target = if classes == 2 { Target::Binary } else { Target::Multiclass(classes) };
        let mut spec = TaskSpec::new(format!("gue/{name}"), target, SplitKind::Given);
        spec.sequence_length = splits.common_length();
        spec.strand_specific = ["prom/", "splice/"].iter().any(|kind| name.starts_with(kind));
        spec.citation = "Zhou et al., DNABERT-2: efficient foundation model and benchmark for multi-species \
                         genomes, ICLR 2024"
            .into();
        spec.license = "not stated with the data".into();
        spec.notes = notes;
        Ok(Self { spec, splits })
    }
}

impl Task for Gue {
    fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()> {
        self.splits.load(split, sink)
    }
}

fn name(config: &Config) -> Result<&str> {
    let known = || published::human().map(|name| format!("gue/{name}")).collect::<Vec<_>>().join(", ");
    let name = config.positional().unwrap_or_default().trim_end_matches('/');
    if name.is_empty() {
        return Err(Error::invalid("the task's folder is missing after the id")
            .with_hint(format!("the human tasks are {}", known())));
    }
    if Path::new(name).components().any(|part| !matches!(part, Component::Normal(_))) {
        return Err(Error::invalid(format!("gue/{name} leaves the folder of the benchmark"))
            .with_hint("name a folder below it, such as gue/tf/0"));
    }
    Ok(name)
}

fn check_split(config: &Config) -> Result<()> {
    match config.get("split") {
        Some("given" | "paper") | None => Ok(()),
        Some("grouped") => {
            Err(Error::unsupported("the released files say nothing about where a sequence lies")
                .with_hint("without places or genes there is nothing to group by; use split=given"))
        }
        Some(other) => Err(Error::invalid(format!("option split: {other:?} is not a value it can take"))
            .with_hint("it is given")),
    }
}

/// Finds the task's folder; the archive unpacks to `GUE`, `--data` says `gue`.
fn folder(config: &Config, name: &str) -> Result<PathBuf> {
    let data = config.get("data").ok_or_else(|| {
        Error::invalid("the folder of released benchmarks is not given")
            .with_hint("say where it is with --data DIR; tasks lie in DIR/gue/tf/0 and so on")
    })?;
    let places = ["gue", "GUE"].map(|root| Path::new(data).join(root).join(name));
    let holds = |place: &&PathBuf| {
        ["train", "dev", "test"].iter().any(|stem| text::find(place, stem, &["csv"]).is_some())
    };
    places.iter().find(holds).cloned().ok_or_else(|| {
        Error::invalid(format!("{}: there is no train.csv, dev.csv or test.csv", places[0].display()))
            .with_hint("unpack the released GUE folder there; files may be gzipped")
    })
}

/// Counts the classes; all of them must occur in train, if train is there.
fn classes(splits: &Splits, folder: &Path, notes: &mut Vec<String>) -> Result<usize> {
    let counts: Vec<Option<Vec<usize>>> =
        Split::ALL.into_iter().map(|split| splits.get(split).map(count_classes)).collect();
    let classes = counts.iter().flatten().map(Vec::len).max().unwrap_or_default();
    let missing = |counts: &Vec<usize>| {
        (0..classes.max(2)).find(|&class| counts.get(class).is_none_or(|&count| count == 0))
    };
    let mut all = vec![0; classes];
    for counts in counts.iter().flatten() {
        for (class, count) in counts.iter().enumerate() {
            all[class] += count;
        }
    }
    if let Some(class) = missing(&all) {
        return Err(Error::invalid(format!("{}: no file has an example of class {class}", folder.display()))
            .with_hint("classes are 0, 1, 2 and so on, without a gap"));
    }
    for (stem, counts) in ["train", "dev", "test"].into_iter().zip(counts) {
        match counts.as_ref().and_then(missing) {
            Some(class) if stem == "train" => {
                let path = text::find(folder, stem, &["csv"]).unwrap_or_default();
                return Err(Error::invalid(format!("{}: no example has class {class}", path.display())));
            }
            Some(class) => notes.push(format!("warning: {stem}.csv has no example of class {class}")),
            None => {}
        }
    }
    Ok(classes)
}

fn count_classes(set: &ExampleSet) -> Vec<usize> {
    let mut counts = Vec::new();
    for class in set.view().examples().classes() {
        if counts.len() <= class {
            counts.resize(class + 1, 0);
        }
        counts[class] += 1;
    }
    counts
}
