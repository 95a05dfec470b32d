//! What a section was computed from, and whether it has to be computed again.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use dlm_genome::output;
use dlm_sdk::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Findings, Reads, Section, Subject};
use crate::data::digest::digests;

const FILE: &str = "section.json";

/// How a section ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// It was computed.
    Done,
    /// This model or these data have nothing for it.
    Unsupported,
    /// It went wrong.
    Failed,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Unsupported => "no data",
            Self::Failed => "failed",
        }
    }
}

/// `section.json`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct State {
    pub(super) section: String,
    pub(super) status: Status,
    /// Why it is not done.
    pub(super) reason: String,
    /// The program's version.
    pub(super) version: String,
    /// Digest of all that decides what is found.
    pub(super) key: String,
    /// What entered the key, by name.
    pub(super) inputs: BTreeMap<String, String>,
    /// How long it took to compute.
    pub(super) seconds: f64,
    /// The process's peak memory in bytes while it was computed, where the system says.
    pub(super) peak_memory: Option<u64>,
    pub(super) findings: Findings,
}

impl State {
    /// Reads what a section's folder holds, if it holds findings that this version wrote and all their files.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(folder.join(FILE)).ok()?;
        let mut state: Self = serde_json::from_str(&text).ok()?;
        for panel in &mut state.findings.panels {
            panel.svg = std::fs::read_to_string(folder.join(&panel.file)).ok()?;
        }
        let whole = state.findings.files.iter().all(|(name, _)| folder.join(name).is_file());
        whole.then_some(state)
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::internal("findings have no text").with_source(error))?;
        output::write(folder.join(FILE), text).map_err(crate::files::file_error)
    }
}

/// Digests of inputs, each taken once.
#[derive(Debug, Default)]
pub(super) struct Inputs(BTreeMap<&'static str, String>);

impl Inputs {
    /// Returns what decides what a section finds, by name.
    pub(super) fn of(
        &mut self,
        section: &Section,
        subject: &Subject<'_>,
    ) -> Result<BTreeMap<String, String>> {
        let mut facts = BTreeMap::from([
            ("section".to_owned(), format!("{} {}", section.name, section.revision)),
            ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("seed".to_owned(), subject.options.seed.to_string()),
        ]);
        if let Some(path) = &subject.options.held_out {
            facts.insert("held out".to_owned(), self.take("held out", || file(path, subject))?);
        }
        for reads in section.reads {
            let (name, digest) = match reads {
                Reads::Model => ("model", self.take("model", || model(subject))?),
                Reads::Tokenizer => {
                    let of = || Ok(subject.tokenizer()?.spec().fingerprint.clone());
                    ("tokenizer", self.take("tokenizer", of)?)
                }
                Reads::Genome => ("genome", self.take("genome", || file(subject.genome()?, subject))?),
                Reads::Annotations => match subject.annotations {
                    Some(path) => ("annotations", self.take("annotations", || tree(path, subject))?),
                    None => ("annotations", "none".to_owned()),
                },
                Reads::Regions => {
                    ("regions", self.maybe("regions", subject.options.regions.as_deref(), subject)?)
                }
                Reads::Variants => {
                    ("variants", self.maybe("variants", subject.options.variants.as_deref(), subject)?)
                }
            };
            facts.insert(name.to_owned(), digest);
        }
        for (name, value) in (section.settings)(subject.options) {
            facts.insert(name.to_owned(), value);
        }
        Ok(facts)
    }

    fn maybe(&mut self, name: &'static str, path: Option<&Path>, subject: &Subject<'_>) -> Result<String> {
        path.map_or_else(|| Ok("none".to_owned()), |path| self.take(name, || file(path, subject)))
    }

    fn take(&mut self, name: &'static str, make: impl FnOnce() -> Result<String>) -> Result<String> {
        if let Some(known) = self.0.get(name) {
            return Ok(known.clone());
        }
        let fresh = make()?;
        self.0.insert(name, fresh.clone());
        Ok(fresh)
    }
}

/// Returns one digest of named facts.
pub(super) fn key(facts: &BTreeMap<String, String>) -> String {
    let mut hasher = Sha256::new();
    for text in facts.iter().flat_map(|(name, value)| [name, value]) {
        hasher.update(text.len().to_le_bytes());
        hasher.update(text);
    }
    dlm_sdk::hexadecimal(&hasher.finalize())
}

pub(super) fn file(path: &Path, subject: &Subject<'_>) -> Result<String> {
    Ok(digests(path, &|| subject.context.check())?.sha256)
}

fn model(subject: &Subject<'_>) -> Result<String> {
    match subject.finetuned()? {
        Some((folder, _)) => {
            let parts = ["finetuned.json", "graph.onnx", "weights.safetensors", "model.json"];
            let digests = parts.iter().map(|name| file(&folder.join(name), subject));
            Ok(digests.collect::<Result<Vec<_>>>()?.join("+"))
        }
        None => Ok(subject.encoder()?.spec().fingerprint.clone()),
    }
}

/// Digests every file below a folder, by name.
fn tree(folder: &Path, subject: &Subject<'_>) -> Result<String> {
    let mut hasher = Sha256::new();
    for path in below(folder)? {
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        hasher.update(name.len().to_le_bytes());
        hasher.update(&name);
        hasher.update(file(&path, subject)?);
    }
    Ok(dlm_sdk::hexadecimal(&hasher.finalize()))
}

/// Lists the files below a folder, sorted.
fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io(format!("{}: cannot be read", folder.display()), error);
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() { folders.push(path) } else { files.push(path) }
    }
    for folder in folders {
        files.extend(below(&folder)?);
    }
    files.sort();
    Ok(files)
}
