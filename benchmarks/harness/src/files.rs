//! Errors of files, as the command line tells them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use dlm_sdk::{Error, ErrorKind, Result};

/// Tells that a path cannot be written, and why.
pub fn write_error(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let error = error.into();
    let full = is_full(&*error);
    let told = Error::new(ErrorKind::Io, format!("{}: cannot be written", path.display())).with_source(error);
    if full { told.with_hint("free some space and run the same command again") } else { told }
}

/// Whether a full disk or a limit lies behind an error.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::FileTooLarge | io::ErrorKind::QuotaExceeded
            )
        {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A folder for several files that belong together: they all appear, or none that was not there before.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// The folders that were made for it, the outermost first.
    made: Vec<PathBuf>,
    written: Vec<PathBuf>,
}

impl Folder {
    /// Makes a folder, or takes the one that is there.
    ///
    /// # Errors
    ///
    /// It cannot be made, or is a file.
    pub fn make(path: &Path) -> Result<Self> {
        let mut folder = Self { path: path.to_owned(), made: Vec::new(), written: Vec::new() };
        let missing: Vec<&Path> = path
            .ancestors()
            .take_while(|path| !path.as_os_str().is_empty() && fs::symlink_metadata(path).is_err())
            .collect();
        for path in missing.into_iter().rev() {
            fs::create_dir(path).map_err(|error| write_error(path, error))?;
            folder.made.push(path.to_owned());
        }
        if path.is_dir() {
            Ok(folder)
        } else {
            Err(Error::invalid(format!("{}: is not a folder", path.display())))
        }
    }

    /// Names a file in it that is about to be written.
    pub fn file(&mut self, name: impl AsRef<Path>) -> PathBuf {
        let path = self.path.join(name);
        if !path.exists() {
            self.written.push(path.clone());
        }
        path
    }

    /// Writes a file in it.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write(&mut self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<()> {
        dlm_genome::output::write(self.file(name), bytes).map_err(file_error)
    }

    /// Leaves everything in its place.
    pub fn keep(mut self) {
        self.made.clear();
        self.written.clear();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: what led here is told already.
        for path in &self.written {
            let _ = fs::remove_file(path);
        }
        for path in self.made.iter().rev() {
            let _ = fs::remove_dir(path);
        }
    }
}

/// Turns an error about a genome file, or a file written whole, into the SDK's.
pub fn file_error(error: dlm_genome::Error) -> Error {
    let kind = if error.kind() == dlm_genome::ErrorKind::Io { ErrorKind::Io } else { ErrorKind::Invalid };
    let hint = error.hint().map(str::to_owned);
    let message = error.to_string();
    let mut told = Error::new(kind, message);
    if let Some(hint) = hint {
        told = told.with_hint(hint);
    }
    match std::error::Error::source(&error) {
        Some(source) => {
            let source = source.to_string();
            told.with_source(source)
        }
        None => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_kept_leaves_what_was_there() {
        let place = tempfile::tempdir().unwrap();
        let old = place.path().join("old");
        fs::create_dir(&old).unwrap();
        fs::write(old.join("a"), "1").unwrap();
        let mut folder = Folder::make(&old).unwrap();
        folder.write("b", "2").unwrap();
        folder.write("a", "3").unwrap();
        drop(folder);
        assert_eq!((old.join("a").exists(), old.join("b").exists()), (true, false));
        let mut deep = Folder::make(&place.path().join("x/y")).unwrap();
        deep.write("c", "4").unwrap();
        drop(deep);
        assert!(!place.path().join("x").exists());
        let mut kept = Folder::make(&place.path().join("x/y")).unwrap();
        kept.write("c", "4").unwrap();
        kept.keep();
        assert!(place.path().join("x/y/c").exists());
        assert!(Folder::make(&old.join("a")).is_err());
    }
}
