//! Opening a native plugin's library: the one place where a stranger's code comes into the process.
//!
//! The library is opened once, its permissions and digest are taken of the open file, and that same open file is loaded,
//! so that file and digest cannot part. It is never unloaded: there is no sound way to unload a library written in Rust.
#![expect(unsafe_code, reason = "loading a library runs its code")]

pub(super) mod probe;

use std::{fs::File, os::fd::AsRawFd as _, path::Path};

use dlm_sdk::{
    Error, Result,
    border::{abi, host::Foreign},
};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use super::{
    confine::{not_writable_by_others, open, sha256},
    manifest::Manifest,
};

/// A native plugin's library, opened and digested, but not loaded.
#[derive(Debug)]
pub struct Opened {
    file: File,
    shown: String,
    sha256: String,
}

/// Opens the library of a manifest.
///
/// # Errors
///
/// There is none for this platform, it lies outside the folder, or others may write to it.
pub fn open_library(folder: &Path, manifest: &Manifest) -> Result<Opened> {
    let name = manifest.library()?;
    let mut file = open(folder, name)?;
    not_writable_by_others(folder, name)?;
    let shown = folder.join(name).display().to_string();
    let sha256 = sha256(&mut file).map_err(|error| Error::io(format!("{shown}: cannot be read"), error))?;
    if let Some(listed) = manifest.files.get(name)
        && !listed.sha256.eq_ignore_ascii_case(&sha256)
    {
        return Err(Error::invalid(format!(
            "{shown}: its sha256 is {sha256}, the manifest says {}",
            listed.sha256
        )));
    }
    Ok(Opened { file, shown, sha256 })
}

impl Opened {
    /// Returns the digest of the library's content.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Loads the library, and reads its entry. Its code runs from here on.
    ///
    /// # Errors
    ///
    /// It cannot be loaded, has no entry symbol, or its entry is none.
    pub fn load(self) -> Result<Foreign> {
        let (foreign, _) = self.load_twice()?;
        Ok(foreign)
    }

    /// As [`load`](Self::load); also returns whether two calls of the entry function gave the same entry.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn load_twice(self) -> Result<(Foreign, bool)> {
        let shown = self.shown.clone();
        let through = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        let path = if Path::new(&through).exists() { through } else { shown.clone() };
        // The loader knows a library by its path: the number of this file must not come back for another one.
        std::mem::forget(self.file);
        // SAFETY: initialisers of the library run. The user trusted this very content, or asked to have it checked.
        let library = unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_LOCAL) }.map_err(|error| {
            Error::invalid(format!("{shown}: cannot be loaded")).with_source(error.to_string())
        })?;
        // SAFETY: the header gives the symbol of this name this type.
        let symbol = unsafe { library.get::<abi::EntryFn>(abi::ENTRY_SYMBOL.as_bytes()) };
        let entry = match symbol {
            Ok(symbol) => *symbol,
            Err(error) => {
                std::mem::forget(library);
                return Err(Error::invalid(format!("{shown}: it does not export {}", abi::ENTRY_SYMBOL))
                    .with_source(error.to_string())
                    .with_hint("a plugin for another major version exports another symbol"));
            }
        };
        std::mem::forget(library);
        // SAFETY: the plugin's entry function, which takes nothing and may be called by any thread.
        let first = unsafe { entry() };
        // SAFETY: as above.
        let second = unsafe { entry() };
        // SAFETY: what the entry function returned, of a library that is never unloaded.
        let foreign = unsafe { Foreign::new(first) }.map_err(|error| error.within(shown))?;
        Ok((foreign, first == second))
    }
}

/// Checks that a loaded plugin is the one its manifest describes.
///
/// # Errors
///
/// Ids, versions or the lists of components differ.
pub fn agrees(manifest: &Manifest, foreign: &Foreign) -> Result<()> {
    let about = &manifest.plugin;
    for (what, says, is) in
        [("id", about.id.as_str(), foreign.id()), ("version", about.version.as_str(), foreign.version())]
    {
        if says != is {
            return Err(Error::invalid(format!(
                "plugin {}: its code says {what} {is:?}, its manifest {says:?}",
                about.id
            )));
        }
    }
    let mut listed: Vec<_> = manifest.components.iter().map(|it| (it.kind(), it.id.as_str())).collect();
    let mut made: Vec<_> = foreign.components().iter().map(|it| (it.kind, it.id.as_str())).collect();
    listed.sort_unstable();
    made.sort_unstable();
    if listed != made {
        let told = |list: &[(dlm_sdk::Kind, &str)]| {
            list.iter().map(|(kind, id)| format!("{} {id}", kind.name())).collect::<Vec<_>>().join(", ")
        };
        return Err(Error::invalid(format!(
            "plugin {}: its code makes {}, its manifest lists {}",
            about.id,
            told(&made),
            told(&listed)
        )));
    }
    Ok(())
}
