//! `task.toml`.

use std::{
    io::Read as _,
    path::{Component, Path},
};

use dlm_dataset::text;
use dlm_sdk::{Error, Result, SplitKind};
use serde::{Deserialize, Serialize};

use crate::labels::TargetKind;

/// The version that is written, and the only one that is read.
pub(crate) const VERSION: u32 = 1;

/// What a task's folder says about itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) version: u32,
    pub(crate) name: String,
    pub(crate) target: TargetKind,
    /// The classes or labels, in the order of the score columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) classes: Vec<String>,
    /// How many numbers a regression predicts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) outputs: Option<usize>,
    pub(crate) split: SplitName,
    #[serde(default = "examples")]
    pub(crate) examples: String,
    #[serde(default)]
    pub(crate) strand_specific: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) citation: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) license: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
}

/// How splits were made.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SplitName {
    Given,
    Random,
    Grouped,
}

impl SplitName {
    pub(crate) fn kind(self) -> SplitKind {
        match self {
            Self::Given => SplitKind::Given,
            Self::Random => SplitKind::Paper,
            Self::Grouped => SplitKind::Grouped,
        }
    }
}

pub(crate) fn examples() -> String {
    "examples.csv".to_owned()
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid), naming file, line and key.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let mut content = String::new();
        text::open(path)?.read_to_string(&mut content).map_err(|error| text::explain(path, &error))?;
        let manifest: Self = toml::from_str(&content).map_err(|error| {
            let line = error.span().map_or(1, |span| 1 + content[..span.start].matches('\n').count());
            Error::invalid(format!("{}: line {line}: {}", path.display(), error.message()))
        })?;
        let wrong = |message: String| Error::invalid(format!("{}: {message}", path.display()));
        if manifest.version != VERSION {
            return Err(wrong(format!("version {} is not read, only {VERSION}", manifest.version)));
        }
        if manifest.name.is_empty() {
            return Err(wrong("the name is empty".into()));
        }
        let mut parts = Path::new(&manifest.examples).components();
        if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
            return Err(wrong(format!("examples {:?} is no file of this folder", manifest.examples)));
        }
        Ok(manifest)
    }
}
