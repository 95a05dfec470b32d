//! Checkpoints: everything a training needs to go on as if it had never stopped.
//!
//! One safetensors file, `checkpoint.safetensors`: the weights as `weight.NAME`, the optimiser's moments as `first.NAME`
//! and `second.NAME`, the best weights so far as `best.NAME` where validation chooses, and in the header the step, the
//! counts, the history of validation, and what the training is of. Batches and masks are functions of seed and step, so
//! no generator has a state to be kept. The file is written beside the old one, synced and renamed over it: whenever the
//! process ends, one whole checkpoint is there. A digest over all numbers is verified before any is used.

mod file;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use dlm_sdk::{Error, Result};
use serde::{Deserialize, Serialize};

pub(crate) use file::{Tensor, open, write};

/// The name of a checkpoint's file.
pub const FILE: &str = "checkpoint.safetensors";
/// Changes when the meaning of the state does.
const FORMAT: u32 = 1;

/// What a checkpoint's header says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct State {
    pub(crate) format: u32,
    /// What the training is of, by the names of settings.
    pub(crate) identity: BTreeMap<String, String>,
    /// How many steps were made.
    pub(crate) step: u64,
    pub(crate) updates: u64,
    pub(crate) tokens: u64,
    pub(crate) examples: u64,
    pub(crate) seconds: f64,
    /// How many validations ago the best was.
    pub(crate) waited: u32,
    pub(crate) best: Option<u64>,
    pub(crate) history: Vec<crate::trainer::Validation>,
}

impl State {
    pub(crate) fn new(identity: BTreeMap<String, String>) -> Self {
        Self {
            format: FORMAT,
            identity,
            step: 0,
            updates: 0,
            tokens: 0,
            examples: 0,
            seconds: 0.0,
            waited: 0,
            best: None,
            history: Vec::new(),
        }
    }

    /// Fails unless a checkpoint is of the same training as this.
    pub(crate) fn check(&self, found: &Self) -> Result<()> {
        if found.format != self.format {
            return Err(Error::invalid(format!(
                "the checkpoint is of format {}, and this program writes {}",
                found.format, self.format
            )));
        }
        let keys: std::collections::BTreeSet<&String> =
            self.identity.keys().chain(found.identity.keys()).collect();
        let value = |state: &Self, key: &String| {
            state.identity.get(key).cloned().unwrap_or_else(|| "nothing".to_owned())
        };
        let differing: Vec<String> = keys
            .into_iter()
            .filter(|key| self.identity.get(*key) != found.identity.get(*key))
            .map(|key| format!("{key} was {} and is {}", value(found, key), value(self, key)))
            .collect();
        if differing.is_empty() {
            return Ok(());
        }
        Err(Error::invalid(format!("the checkpoint is of another training: {}", differing.join("; ")))
            .with_hint("resume with the same settings, or begin again in another folder"))
    }
}

/// Returns the path of the checkpoint in a folder.
pub fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// Removes what a process that was killed while it wrote a checkpoint left behind.
pub(crate) fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&format!(".{FILE}.")) && name.ends_with(".partial") {
            // What cannot be removed is only in the way of space.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_training_is_told_by_what_differs() {
        let of = |pairs: &[(&str, &str)]| {
            State::new(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
        };
        let ours = of(&[("seed", "1"), ("rate", "0.1")]);
        ours.check(&ours).unwrap();
        let error = ours.check(&of(&[("seed", "2"), ("rate", "0.1"), ("extra", "x")])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the checkpoint is of another training: extra was x and is nothing; seed was 2 and is 1"
        );
        assert!(ours.check(&State { format: 9, ..ours.clone() }).is_err());
    }

    #[test]
    fn leftovers_are_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".checkpoint.safetensors.abc.partial", "checkpoint.safetensors", ".other.partial"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        sweep(folder.path());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
