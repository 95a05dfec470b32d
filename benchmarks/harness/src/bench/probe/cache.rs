//! Vectors kept on disk, under the digest of everything that decides them.
//!
//! An encoder under several heads, two tasks over the same sequences, or a second run encode nothing twice. A file holds
//! the vectors of one stretch of items, `[items, hidden]`, as NumPy reads them. Files appear whole; a file that is not
//! what it should be is made again, and all of them may be deleted at any time.

use std::{fs, io::Cursor, path::PathBuf};

use dlm_sdk::{Error, Result, TokenId};
use ndarray::Array2;
use ndarray_npy::{ReadNpyExt as _, ReadableElement, WritableElement, WriteNpyExt as _};
use sha2::{Digest as _, Sha256};

use crate::files::{file_error, write_error};

/// A folder of vectors.
#[derive(Clone, Debug)]
pub struct EmbeddingCache {
    folder: PathBuf,
}

impl EmbeddingCache {
    /// Uses a folder, which is made when the first vectors are kept.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Returns the vectors of a key if they are there, whole, and of the right shape.
    pub(crate) fn get<T: ReadableElement>(&self, key: &str, shape: (usize, usize)) -> Option<Array2<T>> {
        let bytes = fs::read(self.path(key)).ok()?;
        let vectors = Array2::<T>::read_npy(Cursor::new(bytes)).ok()?;
        (vectors.dim() == shape).then_some(vectors)
    }

    /// Keeps the vectors of a key.
    pub(crate) fn put<T: WritableElement>(&self, key: &str, vectors: &Array2<T>) -> Result<()> {
        fs::create_dir_all(&self.folder).map_err(|error| write_error(&self.folder, error))?;
        let mut bytes = Vec::new();
        vectors
            .write_npy(&mut bytes)
            .map_err(|error| Error::internal("vectors cannot be written as npy").with_source(error))?;
        dlm_genome::output::write(self.path(key), bytes).map_err(file_error)
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.npy"))
    }
}

/// The digest of everything that decides some vectors.
#[derive(Clone, Debug)]
pub(crate) struct Key(Sha256);

impl Key {
    /// Changes whenever the same encoder would give other vectors for the same tokens.
    const VERSION: &'static str = "embedding 1";

    /// Begins with texts, each of which counts as a whole.
    pub(crate) fn new(texts: &[&str]) -> Self {
        let mut hasher = Sha256::new();
        for text in [Self::VERSION].iter().chain(texts) {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
        Self(hasher)
    }

    pub(crate) fn add(&mut self, numbers: &[usize]) {
        for &number in numbers {
            self.0.update((number as u64).to_le_bytes());
        }
    }

    pub(crate) fn add_ids(&mut self, ids: &[TokenId]) {
        for id in ids {
            self.0.update(id.to_le_bytes());
        }
    }

    pub(crate) fn finish(self) -> String {
        dlm_sdk::hexadecimal(&self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_what_is_broken_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let cache = EmbeddingCache::at(folder.path().join("embeddings"));
        let vectors = Array2::from_shape_fn((3, 2), |(row, column)| row as f32 + 0.1 * column as f32);
        assert!(cache.get::<f32>("key", (3, 2)).is_none());
        cache.put("key", &vectors).unwrap();
        assert_eq!(cache.get::<f32>("key", (3, 2)).unwrap(), vectors);
        assert!(cache.get::<f32>("key", (2, 3)).is_none(), "another shape is no answer");
        let path = cache.path("key");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(cache.get::<f32>("key", (3, 2)).is_none(), "half a file is no answer");
    }

    #[test]
    fn texts_do_not_run_together() {
        assert_ne!(Key::new(&["ab", "c"]).finish(), Key::new(&["a", "bc"]).finish());
    }
}
