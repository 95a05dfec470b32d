//! The Nucleotide Transformer downstream tasks, original and revised.
//!
//! Dalla-Torre et al. (Nature Methods 2024) compare models on promoters, enhancers, splice sites and histone marks. The
//! files were released twice, and the two releases are different questions under the same names:
//!
//! | spec | release | files | known flaws |
//! |---|---|---|---|
//! | `nt-original/NAME` | the one early publications report | `DATA/nt/NAME/{train,test}.fna` | a quarter of the enhancer test sequences are copies of training ones, two splice tasks are not human |
//! | `nt-revised/NAME` | human, chromosomes held out | `DATA/nt-revised/NAME/{train,test}.parquet` | |
//!
//! Either form of file is read for either release, FASTA plain or gzipped. There is no default: `nt/NAME` is an error
//! that names both.
//!
//! The releases have no validation split. One in twenty training sequences is taken, in proportion to the classes, from
//! a seed (42 unless told otherwise); copies of a sequence, on either strand, stay on one side.

mod read;
mod release;

use std::path::{Component, Path};

use dlm_dataset::{Part, Published, Splits, overlap, partition, text};
use dlm_sdk::prelude::*;

use crate::{
    read::Record,
    release::{Known, Release},
};

const VALIDATION: f64 = 0.05;
const EXTENSIONS: [&str; 4] = ["fna", "fa", "fasta", "parquet"];

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: "data",
        default: None,
        help: "the folder of released benchmarks that holds nt/ or nt-revised/",
    },
    OptionSpec {
        key: "split",
        default: Some("given"),
        help: "given (also called paper): train and test as released",
    },
    OptionSpec {
        key: "seed",
        default: Some("42"),
        help: "seed of the validation split, one in twenty of train",
    },
];

register! {
    task "nt-original", "Nucleotide Transformer downstream tasks, first release: nt-original/enhancers, ..",
    options: OPTIONS,
    claims: |text| text == "nt" || text.starts_with("nt/") || text.starts_with("nt:"),
    create: |config, _registry| NtTask::new(Release::Original, config)
}

register! {
    task "nt-revised", "Nucleotide Transformer downstream tasks, revised release: nt-revised/enhancers, ..",
    options: OPTIONS,
    create: |config, _registry| NtTask::new(Release::Revised, config)
}

/// A downstream task of the Nucleotide Transformer.
#[derive(Debug)]
pub struct NtTask {
    spec: TaskSpec,
    splits: Splits,
}

impl NtTask {
    fn new(release: Release, config: &Config) -> Result<Self> {
        let name = name(release, config)?;
        check_split(config)?;
        let data = config.get("data").ok_or_else(|| {
            Error::invalid("the folder of released benchmarks is not given").with_hint(format!(
                "say where it is with --data DIR; tasks lie in DIR/{}/NAME",
                release.folder()
            ))
        })?;
        let folder = Path::new(data).join(release.folder()).join(name);
        let read = |stem: &str| {
            let path = text::find(&folder, stem, &EXTENSIONS).ok_or_else(|| {
                Error::invalid(format!("{}: there is no {stem}.fna or {stem}.parquet", folder.display()))
                    .with_hint(format!("the known tasks are {}", names(release)))
            })?;
            read::records(&path)
        };
        let (train, test) = (read("train")?, read("test")?);
        let known = release.tasks().iter().find(|known| known.name == name);
        let seed: u64 = config.need("seed")?;
        let mut notes = vec![release.note().to_owned()];
        let classes = classes(&train, &test, &folder)?;
        notes.push(format!(
            "validation: {} % of train, in proportion to the classes, copies kept together, seed {seed}",
            100.0 * VALIDATION
        ));
        notes.extend(known.and_then(|known| known.flaw).map(ToOwned::to_owned));
        let splits = split(&train, &test, seed)?;
        notes.extend(differences(known, classes, train.len(), &splits));
        notes.extend(splits.leaks());
        let target = if classes == 2 { Target::Binary } else { Target::Multiclass(classes) };
        let mut spec = TaskSpec::new(format!("{}/{name}", release.id()), target, SplitKind::Given);
        spec.sequence_length = splits.common_length();
        spec.strand_specific = ["promoter", "splice"].iter().any(|kind| name.starts_with(kind));
        spec.citation = "Dalla-Torre et al., The Nucleotide Transformer, Nature Methods 2024".into();
        spec.license = "not stated with the files".into();
        spec.notes = notes;
        Ok(Self { spec, splits })
    }
}

impl Task for NtTask {
    fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()> {
        self.splits.load(split, sink)
    }
}

fn names(release: Release) -> String {
    release
        .tasks()
        .iter()
        .map(|known| format!("{}/{}", release.id(), known.name))
        .collect::<Vec<_>>()
        .join(", ")
}

fn name(release: Release, config: &Config) -> Result<&str> {
    let name = config.positional().unwrap_or_default().trim_end_matches('/');
    if let Some(rest) = name.strip_prefix("nt").filter(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
    {
        let rest = if rest.len() > 1 { &rest[1..] } else { "enhancers" };
        return Err(Error::invalid("nt stands for two releases, which differ in their sequences")
            .with_hint(format!("say nt-original/{rest} or nt-revised/{rest}")));
    }
    if name.is_empty() {
        return Err(Error::invalid("the task's name is missing after the id")
            .with_hint(format!("the known tasks are {}", names(release))));
    }
    if Path::new(name).components().any(|part| !matches!(part, Component::Normal(_))) {
        return Err(Error::invalid(format!("{}/{name} leaves the folder of the benchmark", release.id()))
            .with_hint("name a task, such as enhancers"));
    }
    Ok(name)
}

fn check_split(config: &Config) -> Result<()> {
    match config.get("split") {
        Some("given" | "paper") | None => Ok(()),
        Some("grouped") => Err(Error::unsupported("the released files hold no groups to split by")
            .with_hint("the revised release holds whole chromosomes out already; use split=given")),
        Some(other) => Err(Error::invalid(format!("option split: {other:?} is not a value it can take"))
            .with_hint("it is given")),
    }
}

/// Counts the classes; each must occur in train.
fn classes(train: &[Record], test: &[Record], folder: &Path) -> Result<usize> {
    let most = train.iter().chain(test).map(|record| record.class).max().unwrap_or_default();
    let classes = most.max(1) + 1;
    match (0..classes).find(|&class| !train.iter().any(|record| record.class == class)) {
        None => Ok(classes),
        Some(class) => {
            Err(Error::invalid(format!("{}: no training example has class {class}", folder.display()))
                .with_hint("classes are 0, 1, 2 and so on, without a gap"))
        }
    }
}

fn split(train: &[Record], test: &[Record], seed: u64) -> Result<Splits> {
    let groups = overlap::duplicates(train.iter().map(|record| record.bases.as_slice()));
    let strata: Vec<usize> = train.iter().map(|record| record.class).collect();
    let parts =
        partition::assign(&groups, &strata, &[1.0 - VALIDATION, VALIDATION], seed, "nt-tasks validation");
    let mut sets = [(); 3].map(|()| ExampleSet::new(1));
    for ((id, record), &part) in (0..).zip(train).zip(&parts) {
        sets[part].add(id, &record.bases, &[record.class as f32], id)?;
    }
    for (id, record) in (1 << 32..).zip(test) {
        sets[2].add(id, &record.bases, &[record.class as f32], id)?;
    }
    let [train, validation, test] = sets.map(Part::Here);
    Ok(Splits::new(train, validation, test))
}

fn differences(known: Option<&Known>, classes: usize, train: usize, splits: &Splits) -> Vec<String> {
    let Some(known) = known else {
        return vec!["sizes are not checked: no published ones are known here".to_owned()];
    };
    let mut notes = Vec::new();
    if train != known.train {
        notes.push(format!("warning: train has {train} examples, the published release {}", known.train));
    }
    if classes != known.classes {
        notes.push(format!(
            "warning: there are {classes} classes, the published release has {}",
            known.classes
        ));
    }
    let published = Published { sizes: [None, None, Some(known.test)], length: Some(known.length) };
    notes.extend(splits.differences(&published));
    notes
}
