//! Makes a task's folder from a table, FASTA files, or intervals and a genome.

mod source;
mod split;

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use dlm_genome::output;
use dlm_sdk::{Error, Locus, Result, Split};
use serde::Serialize;

use crate::{
    labels::{Labels, TargetKind},
    locus,
    manifest::{self, Manifest},
};

/// What a task is made from.
#[derive(Clone, Debug)]
pub struct Init {
    /// A table (`.csv`, `.tsv`), FASTA (`.fa`, `.fasta`, `.fna`) or BED (`.bed`, `.narrowPeak`), plain or gzipped.
    pub from: PathBuf,
    /// A file of the same kind that holds the negatives; then all of the first are positives.
    pub negatives: Option<PathBuf>,
    /// The genome that intervals are cut from.
    pub genome: Option<PathBuf>,
    /// The column of the label in a table, `name` or `score` in BED, or a regular expression whose first group is the
    /// label in a FASTA header.
    pub label: Option<String>,
    /// What is predicted; found out from the labels if not given.
    pub target: Option<TargetKind>,
    /// How splits are made; found out from what there is if not given.
    pub split_by: Option<SplitBy>,
    /// The seed of the splits.
    pub seed: u64,
    /// The task's name; the folder's if not given.
    pub name: Option<String>,
    /// The folder to make.
    pub output: PathBuf,
}

impl Init {
    /// Takes the two paths that are needed.
    pub fn new(from: impl Into<PathBuf>, output: impl Into<PathBuf>) -> Self {
        Self {
            from: from.into(),
            negatives: None,
            genome: None,
            label: None,
            target: None,
            split_by: None,
            seed: 0,
            name: None,
            output: output.into(),
        }
    }
}

/// How splits are made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SplitBy {
    /// As a column says.
    Column,
    /// At random, copies of a sequence kept together.
    Random,
    /// Whole chromosomes.
    Chromosome,
    /// Whole blocks of one megabase.
    Block,
    /// Whole groups, as a column says.
    Group,
}

impl FromStr for SplitBy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "column" => Ok(Self::Column),
            "random" => Ok(Self::Random),
            "chromosome" => Ok(Self::Chromosome),
            "block" => Ok(Self::Block),
            "group" => Ok(Self::Group),
            _ => Err(Error::invalid(format!("{text:?} is no way to split"))
                .with_hint("it is column, random, chromosome, block or group")),
        }
    }
}

/// An example on its way into the folder.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    bases: Vec<u8>,
    label: String,
    split: Option<Split>,
    group: Option<String>,
    locus: Option<Locus>,
    /// The file and line it came from.
    place: (usize, u64),
}

/// What was made.
#[derive(Clone, Debug, Serialize)]
pub struct Made {
    /// The folder.
    pub folder: PathBuf,
    /// The task's name.
    pub name: String,
    /// What is predicted.
    pub target: TargetKind,
    /// The classes, in the order of the score columns.
    pub classes: Vec<String>,
    /// How the splits were made.
    pub split: String,
    /// The examples of train, validation and test.
    pub sizes: [usize; 3],
    /// What should be known about them.
    pub notes: Vec<String>,
}

/// Makes a task's folder.
///
/// # Errors
///
/// [`Io`](dlm_sdk::ErrorKind::Io) if a file cannot be read or written, [`Invalid`](dlm_sdk::ErrorKind::Invalid), naming
/// file and line, if one is wrong, if the folder exists and is not empty, or if a split would be empty or lack a class.
pub fn init(settings: &Init) -> Result<Made> {
    check_output(&settings.output)?;
    let files: Vec<&Path> =
        std::iter::once(&settings.from).chain(&settings.negatives).map(PathBuf::as_path).collect();
    let entries = source::read(settings, &files)?;
    let wrong = |(message, hint): (String, String)| {
        Error::invalid(format!("{}: {message}", settings.from.display())).with_hint(hint)
    };
    let labels =
        Labels::infer(entries.iter().map(|entry| entry.label.as_str()), settings.target).map_err(wrong)?;
    for entry in &entries {
        labels.encode(&entry.label).map_err(|(message, hint)| {
            let (file, line) = entry.place;
            Error::invalid(format!("{}: line {line}: {message}", files[file].display())).with_hint(hint)
        })?;
    }
    let drawn = split::draw(settings, &entries, &labels)?;
    let name = settings.name.clone().unwrap_or_else(|| {
        settings
            .output
            .file_name()
            .map_or_else(|| "own-data".into(), |name| name.to_string_lossy().into_owned())
    });
    let manifest = Manifest {
        version: manifest::VERSION,
        name: name.clone(),
        target: labels.kind,
        classes: labels.classes.clone(),
        outputs: (labels.kind == TargetKind::Regression).then_some(labels.outputs),
        split: drawn.name,
        examples: manifest::examples(),
        strand_specific: false,
        citation: String::new(),
        license: String::new(),
        notes: drawn.notes.clone(),
    };
    let mut table = Table::new()?;
    for (id, entry) in entries.iter().enumerate() {
        let Entry { name, bases, label, locus, .. } = entry;
        let (split, group) = (drawn.splits[id], &drawn.groups[id]);
        table.row(id as u64, name, bases, label, split, group, locus.as_ref())?;
    }
    write(&settings.output, &manifest, table)?;
    let mut sizes = [0; 3];
    drawn.splits.iter().for_each(|&split| sizes[split as usize] += 1);
    Ok(Made {
        folder: settings.output.clone(),
        name,
        target: labels.kind,
        classes: labels.classes,
        split: drawn.name.kind().name().to_owned(),
        sizes,
        notes: drawn.notes,
    })
}

pub(crate) fn check_output(folder: &Path) -> Result<()> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Err(Error::invalid(format!("{}: the folder is not empty", folder.display()))
            .with_hint("name a folder that does not exist yet")),
        Err(_) if folder.exists() => Err(Error::invalid(format!("{}: is not a folder", folder.display()))),
        _ => Ok(()),
    }
}

/// The examples of a folder on their way into its file.
pub(crate) struct Table(csv::Writer<Vec<u8>>);

fn failed(error: csv::Error) -> Error {
    Error::io("the table cannot be written", error)
}

impl Table {
    pub(crate) fn new() -> Result<Self> {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["id", "name", "sequence", "label", "split", "group", "locus"]).map_err(failed)?;
        Ok(Self(table))
    }

    #[expect(clippy::too_many_arguments, reason = "an argument a column")]
    pub(crate) fn row(
        &mut self,
        id: u64,
        name: &str,
        bases: &[u8],
        label: &str,
        split: Split,
        group: &str,
        locus: Option<&Locus>,
    ) -> Result<()> {
        let sequence = String::from_utf8_lossy(bases);
        let place = locus.map(locus::write).unwrap_or_default();
        self.0
            .write_record([&id.to_string(), name, &*sequence, label, split.name(), group, &place])
            .map_err(failed)
    }
}

/// Writes the examples and then, so that a folder cut short is no task, the manifest.
pub(crate) fn write(folder: &Path, manifest: &Manifest, table: Table) -> Result<()> {
    let table =
        table.0.into_inner().map_err(|error| Error::io("the table cannot be written", error.into_error()))?;
    let manifest_text = toml::to_string_pretty(manifest)
        .map_err(|error| Error::internal("the manifest cannot be written").with_source(error))?;
    let made = !folder.exists();
    fs::create_dir_all(folder)
        .map_err(|error| Error::io(format!("{}: cannot be made", folder.display()), error))?;
    let examples = folder.join(&manifest.examples);
    let written =
        output::write(&examples, table).and_then(|()| output::write(folder.join("task.toml"), manifest_text));
    if written.is_err() {
        // Best effort: the error that led here is the one to report.
        let _ = fs::remove_file(&examples);
        if made {
            let _ = fs::remove_dir(folder);
        }
    }
    written?;
    Ok(())
}
