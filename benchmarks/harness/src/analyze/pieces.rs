//! Pieces of long computations, kept in the section's folder until it is finished.
//!
//! A piece is a table of numbers under the digest of everything that decides it: the model, the device, and the very tokens
//! that went through it. What is there under a digest is right whatever was stopped and set before, so a run that was killed
//! loses at most the piece it was at, and what is put together from pieces has the bits of an uninterrupted run.

use std::{io::ErrorKind, path::Path};

use dlm_sdk::{Encoder, Result, TokenId};
use ndarray::Array2;
use ndarray_npy::{ReadableElement, WritableElement};

use super::Subject;
use crate::bench::probe::{EmbeddingCache, Key};

/// Where pieces lie in a section's folder.
const FOLDER: &str = "pieces";

/// The pieces of a section.
#[derive(Debug)]
pub(super) struct Pieces {
    cache: EmbeddingCache,
    /// What decides all of them: the model, where it runs, the program.
    common: [String; 4],
}

impl Pieces {
    /// Opens the pieces of a section that asks a model.
    pub(super) fn of(subject: &Subject<'_>, encoder: &dyn Encoder) -> Self {
        let spec = encoder.spec();
        let common = [
            "analysis piece 1".to_owned(),
            env!("CARGO_PKG_VERSION").to_owned(),
            spec.fingerprint.clone(),
            subject.options().device.clone(),
        ];
        Self { cache: EmbeddingCache::at(subject.folder().join(FOLDER)), common }
    }

    /// Returns a piece of a shape, or computes and keeps it. It is told apart by what is computed, by settings, and by the
    /// rows of tokens that it is computed from.
    ///
    /// # Errors
    ///
    /// It cannot be computed or written.
    pub(super) fn get<'r, T: ReadableElement + WritableElement>(
        &self,
        what: &str,
        settings: &[usize],
        rows: impl IntoIterator<Item = &'r [TokenId]>,
        shape: (usize, usize),
        compute: impl FnOnce() -> Result<Array2<T>>,
    ) -> Result<Array2<T>> {
        let mut texts: Vec<&str> = self.common.iter().map(String::as_str).collect();
        texts.push(what);
        let mut key = Key::new(&texts);
        key.add(&[settings.len(), shape.0, shape.1]);
        key.add(settings);
        for ids in rows {
            key.add(&[ids.len()]);
            key.add_ids(ids);
        }
        let key = key.finish();
        if let Some(kept) = self.cache.get(&key, shape) {
            return Ok(kept);
        }
        let fresh = compute()?;
        self.cache.put(&key, &fresh)?;
        Ok(fresh)
    }
}

/// Removes the pieces of a section, whose findings are written.
///
/// # Errors
///
/// They cannot be removed.
pub(super) fn remove(section: &Path) -> Result<()> {
    let folder = section.join(FOLDER);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(dlm_sdk::Error::io(format!("{}: cannot be removed", folder.display()), error))
        }
        _ => Ok(()),
    }
}
