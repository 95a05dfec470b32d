//! Finding the library on this machine.
//!
//! The order is: the path that was given, by the caller or by `DLM_ONNXRUNTIME`; the user's cache, where
//! `dlm runtime install` puts it; the package folders of the Python on the search path. A path that was given is the
//! only one looked at: what is wrong with it is told, not papered over. Elsewhere a library of another version is
//! skipped, and listed with its version.

mod python;
mod version;
pub mod wheel;

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
};

pub(crate) use self::version::base;
use crate::Device;

/// The one version of ONNX Runtime this program is tested with.
pub const VERSION: &str = "1.31.1";

/// The environment variable with the path of a library.
pub const VARIABLE: &str = "DLM_ONNXRUNTIME";

/// A library of the right version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Library {
    /// Its file.
    pub path: PathBuf,
    /// Where it was found.
    pub origin: Origin,
}

/// Where a library was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// At the path that was given.
    Given,
    /// In the user's cache.
    Cache,
    /// In the packages of a Python.
    Python,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given => "given",
            Self::Cache => "the cache",
            Self::Python => "a Python package",
        })
    }
}

/// A file that looked like the library and cannot be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: Reason,
}

/// Why a file is not the library.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// There is no such file.
    Missing,
    /// It is of another version.
    Version(String),
    /// It cannot be loaded as a library; the system's words.
    Unloadable(String),
    /// It is a library, but not ONNX Runtime.
    Foreign,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (", self.path.display())?;
        match &self.reason {
            Reason::Missing => f.write_str("no such file")?,
            Reason::Version(version) => write!(f, "version {version}")?,
            Reason::Unloadable(why) => write!(f, "cannot be loaded: {why}")?,
            Reason::Foreign => f.write_str("a library, but not ONNX Runtime")?,
        }
        f.write_str(")")
    }
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The library to use.
    pub library: Option<Library>,
    /// What was looked at before it and cannot be used.
    pub skipped: Vec<Skipped>,
}

/// Where to look for the library.
///
/// # Examples
///
/// ```
/// use dlm_runtime::{Search, library::Reason};
///
/// let found = Search::at("no/such/libonnxruntime.so").find();
/// assert!(found.library.is_none());
/// assert_eq!(found.skipped[0].reason, Reason::Missing);
/// ```
#[derive(Clone, Debug)]
pub struct Search {
    given: Option<PathBuf>,
    cache: Option<PathBuf>,
    python: bool,
    device: Device,
}

impl Search {
    /// Looks where `DLM_ONNXRUNTIME` says, else in the user's cache, else among Python's packages.
    pub fn of_user() -> Self {
        let given = env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        Self { given, cache: user_cache(), python: true, device: Device::Cpu }
    }

    /// Looks at one path only: a library, or the folder that holds it.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { given: Some(path.into()), cache: None, python: false, device: Device::Cpu }
    }

    /// Looks in one cache folder only.
    pub fn in_cache(cache: impl Into<PathBuf>) -> Self {
        Self { given: None, cache: Some(cache.into()), python: false, device: Device::Cpu }
    }

    /// Prefers a library that supports a device, where the cache holds several. By default, that is the processor.
    #[must_use]
    pub fn prefer(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// Looks for the library.
    pub fn find(&self) -> Found {
        let mut found = Found::default();
        if let Some(given) = &self.given {
            let inside = libraries_in(given);
            let candidates = if inside.is_empty() { vec![given.clone()] } else { inside };
            first(&mut found, candidates, Origin::Given);
            return found;
        }
        if let Some(cache) = &self.cache {
            let other = if self.device == Device::Cpu { Device::Cuda } else { Device::Cpu };
            let folders = [self.device, other].map(|device| cache_folder(cache, device));
            first(&mut found, folders.iter().flat_map(|folder| libraries_in(folder)), Origin::Cache);
        }
        if found.library.is_none() && self.python {
            let folders = python::package_folders();
            let candidates = folders.iter().flat_map(|folder| libraries_in(&folder.join("onnxruntime/capi")));
            first(&mut found, candidates, Origin::Python);
        }
        if found.library.is_none() && self.python {
            let folders = python::asked_package_folders();
            let candidates: Vec<_> = folders
                .iter()
                .flat_map(|folder| libraries_in(&folder.join("onnxruntime/capi")))
                .filter(|path| found.skipped.iter().all(|skipped| skipped.path != *path))
                .collect();
            first(&mut found, candidates, Origin::Python);
        }
        found
    }
}

/// Takes the first candidate that is the library, and notes those before it.
fn first(found: &mut Found, candidates: impl IntoIterator<Item = PathBuf>, origin: Origin) {
    for path in candidates {
        match version::check(&path) {
            Ok(()) => {
                found.library = Some(Library { path, origin });
                return;
            }
            Err(reason) => found.skipped.push(Skipped { path, reason }),
        }
    }
}

/// Returns the user's cache folder: `$DLM_CACHE`, else `$XDG_CACHE_HOME/dlm`, else `~/.cache/dlm`. It need not exist;
/// `None` where no variable names an absolute path.
pub fn user_cache() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(folder) = env::var_os("DLM_CACHE").filter(|folder| !folder.is_empty()) {
        return std::path::absolute(folder).ok();
    }
    absolute("XDG_CACHE_HOME")
        .map(|folder| folder.join("dlm"))
        .or_else(|| absolute("HOME").map(|home| home.join(".cache/dlm")))
}

/// Returns the folder in a cache where the library for a device is installed.
pub fn cache_folder(cache: &Path, device: Device) -> PathBuf {
    cache.join("onnxruntime").join(VERSION).join(device.name())
}

/// Lists the files of a folder that are named like the library, in order of their names; none if it is no folder.
fn libraries_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            is_library(entry.file_name().to_str()?).then(|| entry.path())
        })
        .collect();
    files.sort();
    files
}

/// Tells by its name whether a file is the library itself, not one of its providers.
fn is_library(name: &str) -> bool {
    match env::consts::OS {
        "macos" => name
            .strip_prefix("libonnxruntime.")
            .is_some_and(|rest| rest.split('.').next_back() == Some("dylib")),
        "windows" => name == "onnxruntime.dll",
        _ => name == "libonnxruntime.so" || name.starts_with("libonnxruntime.so."),
    }
}
