//! Writes files whole or not at all.
//!
//! A regular file is written beside its final place, synced and renamed into it, so that nobody ever reads half of one
//! and a failed run leaves the old one. What exists and is no regular file, such as `/dev/stdout` or a pipe, is appended
//! to and never replaced. A symbolic link stays; what it points to is replaced.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use tempfile::TempPath;

use crate::{Error, ErrorKind, Result};

const BUFFER: usize = 1 << 16;
const MAX_LINKS: usize = 40;

/// Temporaries that would be left behind if the process ended now.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A file in the making.
///
/// It appears under its name on [`commit`](Self::commit); dropped before, it leaves nothing.
///
/// # Examples
///
/// ```
/// use std::io::Write;
///
/// use dlm_genome::output::Output;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("table.tsv");
/// let mut output = Output::create(&path)?;
/// output.write_all(b"name\tscore\n")?;
/// assert!(!path.exists());
/// output.commit()?;
/// assert_eq!(std::fs::read(&path)?, b"name\tscore\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Output {
    writer: BufWriter<File>,
    path: PathBuf,
    temporary: Option<Unfinished>,
}

impl Output {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// The folder does not exist or cannot be written to, or the path is a directory.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let target = follow_links(path).map_err(|error| cannot(path, error))?;
        match fs::metadata(&target) {
            Ok(metadata) if metadata.is_dir() => {
                Err(Error::new(ErrorKind::Directory, "is a directory, not a file")
                    .at_path(path)
                    .with_hint("name a file inside it"))
            }
            Ok(metadata) if metadata.is_file() && !is_descriptor(&target) => {
                Self::beside(path, target, Some(metadata.permissions()))
            }
            Ok(_) => {
                let file =
                    OpenOptions::new().append(true).open(&target).map_err(|error| cannot(path, error))?;
                Ok(Self {
                    writer: BufWriter::with_capacity(BUFFER, file),
                    path: path.to_owned(),
                    temporary: None,
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::beside(path, target, None),
            Err(error) => Err(cannot(path, error)),
        }
    }

    fn beside(path: &Path, target: PathBuf, permissions: Option<fs::Permissions>) -> Result<Self> {
        let fail = |error| cannot(path, error);
        let (Some(name), folder) = (target.file_name(), folder_of(&target)) else {
            return Err(Error::new(ErrorKind::Io, "names no file").at_path(path));
        };
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        prefix.push(".");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".partial");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let temporary = builder.tempfile_in(folder).map_err(fail)?;
        let (file, temporary) = temporary.into_parts();
        let temporary = Unfinished::new(temporary, target);
        if let Some(permissions) = permissions {
            file.set_permissions(permissions).map_err(fail)?;
        }
        Ok(Self {
            writer: BufWriter::with_capacity(BUFFER, file),
            path: path.to_owned(),
            temporary: Some(temporary),
        })
    }

    /// Returns the path it was created with.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs the file and puts it in its place.
    ///
    /// # Errors
    ///
    /// The rest cannot be written or the file not renamed; then the old file, if any, still stands.
    pub fn commit(self) -> Result<()> {
        let Self { writer, path, temporary } = self;
        let fail = |error| cannot(&path, error);
        let file = writer.into_inner().map_err(|error| fail(error.into_error()))?;
        if let Some(temporary) = temporary {
            file.sync_all().map_err(fail)?;
            drop(file);
            temporary.persist().map_err(fail)?;
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Writes a file from bytes.
///
/// # Errors
///
/// See [`Output`].
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<()> {
    write_with(path, |output| output.write_all(bytes.as_ref()))
}

/// Writes a file by a function.
///
/// # Errors
///
/// See [`Output`]; also, the function failed. Then the path is as it was.
pub fn write_with(path: impl AsRef<Path>, content: impl FnOnce(&mut Output) -> io::Result<()>) -> Result<()> {
    let mut output = Output::create(path)?;
    content(&mut output).map_err(|error| cannot(&output.path, error))?;
    output.commit()
}

/// Removes the temporaries of every file in the making, for a handler that is about to end the process.
pub fn remove_unfinished() {
    let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(path) = unfinished.pop_first() {
        // The process is ending: there is nobody left to tell.
        let _ = fs::remove_file(path);
    }
}

/// A temporary on its way to its target, known to [`remove_unfinished`].
#[derive(Debug)]
struct Unfinished {
    temporary: Option<TempPath>,
    listed: PathBuf,
    target: PathBuf,
}

impl Unfinished {
    fn new(temporary: TempPath, target: PathBuf) -> Self {
        let listed = temporary.to_path_buf();
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).insert(listed.clone());
        Self { temporary: Some(temporary), listed, target }
    }

    fn persist(mut self) -> io::Result<()> {
        if let Some(temporary) = self.temporary.take() {
            temporary.persist(&self.target).map_err(|error| error.error)?;
            sync_folder(folder_of(&self.target));
        }
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.temporary = None;
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.listed);
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Makes the rename itself last; some file systems cannot, and the file is whole either way.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&target) {
            _ if is_descriptor(&target) => return Ok(target),
            Ok(metadata)
                if metadata.is_symlink() && fs::metadata(&target).is_ok_and(|end| !end.is_file()) =>
            {
                return Ok(target);
            }
            Ok(metadata) if metadata.is_symlink() => {
                target = folder_of(&target).join(fs::read_link(&target)?);
            }
            _ => return Ok(target),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// Whether a path names an open descriptor: even if that is a file, whoever opened it wants to be written through.
fn is_descriptor(path: &Path) -> bool {
    ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"].iter().any(|start| path.starts_with(start))
}

/// Tells that a file cannot be written, and what to do about it.
pub(crate) fn cannot(path: &Path, error: io::Error) -> Error {
    let place = Error::new(ErrorKind::Io, "cannot be written").at_path(path);
    let place = match error.kind() {
        io::ErrorKind::NotFound => place.with_hint("its folder does not exist; create it first"),
        io::ErrorKind::PermissionDenied => place.with_hint("check the permissions of its folder"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            place.with_hint("free some space, or write elsewhere")
        }
        _ => place,
    };
    place.with_source(error)
}
