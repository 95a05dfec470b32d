//! The user's cache folder.
//!
//! ```text
//! CACHE/packs/PACK/..            the files of a pack
//! CACHE/packs/PACK/pack.json     what was fetched, from where, with digests
//! CACHE/packs/PACK.lock          held while a fetch is under way
//! CACHE/partial/NAME.part        what came so far
//! CACHE/onnxruntime/VERSION/..   the library that runs models, by device
//! ```

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use dlm_sdk::{Error, Result};

use crate::context::Context;

/// The user's cache folder.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Finds the folder: `$DLM_CACHE`, else `$XDG_CACHE_HOME/dlm`, else `~/.cache/dlm`. It need not exist.
    ///
    /// # Errors
    ///
    /// None of the three is set to an absolute path.
    pub fn of_user() -> Result<Self> {
        dlm_runtime::library::user_cache().map(Self::at).ok_or_else(|| {
            Error::invalid("no cache folder: neither DLM_CACHE nor XDG_CACHE_HOME nor HOME is set")
                .with_hint("set DLM_CACHE to a folder with space for data")
        })
    }

    /// Uses a folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the folder of a pack.
    pub fn pack(&self, id: &str) -> PathBuf {
        self.folder.join("packs").join(id)
    }

    /// Returns the folder for what came so far, and makes it.
    pub(crate) fn partial(&self) -> Result<PathBuf> {
        make(self.folder.join("partial"))
    }

    /// Makes the folder of a pack and waits until no other process fetches it.
    pub(super) fn lock(&self, context: &Context, id: &str) -> Result<Lock> {
        Self::lock_folder(context, id, self.pack(id))
    }

    /// Makes a folder and waits until no other process fills it.
    pub(crate) fn lock_folder(context: &Context, id: &str, folder: PathBuf) -> Result<Lock> {
        let folder = make(folder)?;
        let mut path = folder.clone().into_os_string();
        path.push(".lock");
        let path = PathBuf::from(path);
        let fail = |error| Error::io(format!("{}: cannot be locked", path.display()), error);
        let file = File::options().create(true).append(true).open(&path).map_err(fail)?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(fail(error)),
                Err(TryLockError::WouldBlock) => {
                    if !told {
                        context.note(format!("another process is fetching {id}; waiting for it"));
                        told = true;
                    }
                    context.check()?;
                    thread::sleep(Duration::from_millis(100));
                }
            }
        }
        Ok(Lock { _file: file, folder })
    }
}

/// The only fetch of a pack under way.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
    folder: PathBuf,
}

impl Lock {
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Makes a folder with those above it.
pub(super) fn make(folder: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&folder).map_err(|error| {
        Error::io(format!("{}: the folder cannot be made", folder.display()), error)
            .with_hint("set DLM_CACHE to a folder that can be written to")
    })?;
    Ok(folder)
}
