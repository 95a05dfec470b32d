//! A folder of one's own labelled sequences as a task.
//!
//! The folder holds two files. `task.toml` says what is predicted:
//!
//! ```toml
//! version = 1
//! name = "my-enhancers"
//! target = "binary"              # binary, multiclass, multilabel or regression
//! classes = ["other", "enhancer"]
//! split = "grouped"              # how the splits were made: given, random or grouped
//! ```
//!
//! `examples.csv` (or `.tsv`, plain or gzipped) holds the examples, with their splits:
//!
//! ```text
//! id,sequence,label,split,group,locus
//! 0,ACGTAACC,enhancer,train,chr1,chr1:1000-1008(+)
//! 1,TTGACCAT,other,test,chr2,chr2:500-508
//! ```
//!
//! | column | what |
//! |---|---|
//! | `sequence` (or `seq`) | bases in any case; IUPAC codes become N |
//! | `label` (or `labels`) | a class by name; labels or numbers separated by `;` for multi-label and regression |
//! | `split` | `train`, `validation` (or `dev`, `valid`, `val`) or `test` |
//! | `id` | a whole number, once in the file; the row's number if there is no such column |
//! | `name` | anything; it is not read |
//! | `group` | what must not be in two splits: a gene, a locus, a chromosome |
//! | `locus` | where the sequence lies, half-open and counted from zero |
//!
//! A task that `dlm task build` made keeps its examples in `examples.parquet` instead, with the same columns and one more,
//! `cuts`, for fixed token boundaries; `task.toml` then says `examples = "examples.parquet"`.
//!
//! [`init`] makes such a folder from a table, FASTA files, or BED and a genome. The task's spec is the folder's path.

mod folder;
mod init;
mod labels;
mod locus;
mod manifest;
mod rows;
mod save;
mod write;

use std::path::Path;

use dlm_dataset::Splits;
use dlm_sdk::prelude::*;

pub use init::{Init, Made, SplitBy, init};
pub use labels::TargetKind;
pub use save::save;
pub use write::manifest_of;

register! {
    task "own-data", "a folder of own labelled sequences, by its path (made by `dlm task init`)",
    options: &[],
    claims: |text| text.ends_with("task.toml") || text.starts_with(['.', '/', '~']) || Path::new(text).is_dir(),
    create: |config, _registry| OwnTask::open(Path::new(config.required("the path of the task's folder")?))
}

/// A task from a folder.
#[derive(Debug)]
pub struct OwnTask {
    spec: TaskSpec,
    splits: Splits,
    held_out: Vec<Locus>,
}

impl OwnTask {
    /// Reads a task's folder.
    ///
    /// # Errors
    ///
    /// [`Io`](ErrorKind::Io) if a file cannot be read, [`Invalid`](ErrorKind::Invalid), naming file and line, if one is
    /// wrong, if validation and test are the same, or if a group of a grouped task lies in two splits.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = if path.ends_with("task.toml") { path.parent().unwrap_or(Path::new(".")) } else { path };
        folder::open(folder)
    }
}

impl Task for OwnTask {
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
