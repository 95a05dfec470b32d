//! Files of a plugin's folder: inside it, unchanged, and nobody else's to write.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _},
    os::unix::fs::MetadataExt as _,
    path::{Component, Path, PathBuf},
};

use dlm_sdk::{Error, Result};
use sha2::{Digest as _, Sha256};

/// The bits of a file's mode that let its group and others write.
const WRITABLE: u32 = 0o022;

/// Returns the path of a file that a manifest names.
///
/// # Errors
///
/// The path is absolute, leaves the folder, or goes through a symbolic link.
pub(crate) fn inside(folder: &Path, file: &str) -> Result<PathBuf> {
    let path = Path::new(file);
    let normal = |part: Component<'_>| matches!(part, Component::Normal(_));
    if file.is_empty() || file.contains('\\') || !path.components().all(normal) {
        return Err(Error::invalid(format!("{file:?} is no path inside the plugin's folder"))
            .with_hint("write a relative path without .."));
    }
    let mut place = folder.to_owned();
    for part in path.components() {
        place.push(part);
        if fs::symlink_metadata(&place).is_ok_and(|found| found.is_symlink()) {
            return Err(Error::invalid(format!(
                "{}: a symbolic link, which a plugin may not have",
                place.display()
            )));
        }
    }
    Ok(place)
}

/// Opens a file of a plugin.
///
/// # Errors
///
/// As [`inside`]; it is no regular file, or cannot be read.
pub(crate) fn open(folder: &Path, file: &str) -> Result<File> {
    let path = inside(folder, file)?;
    let fail = |error: io::Error| Error::io(format!("{}: cannot be read", path.display()), error);
    let opened = File::open(&path).map_err(fail)?;
    if !opened.metadata().map_err(fail)?.is_file() {
        return Err(Error::invalid(format!("{}: no regular file", path.display())));
    }
    Ok(opened)
}

/// Checks that nobody but the user and the system's administrator can change a library or the folders it lies in.
///
/// # Errors
///
/// Somebody else owns it, or its group or others may write to it.
pub(crate) fn not_writable_by_others(folder: &Path, file: &str) -> Result<()> {
    let path = inside(folder, file)?;
    let mut places = vec![path.as_path()];
    places.extend(path.ancestors().skip(1).take_while(|place| place.starts_with(folder)));
    let me = fs::metadata("/proc/self").ok().map(|own| own.uid());
    for place in places {
        let found = fs::metadata(place)
            .map_err(|error| Error::io(format!("{}: cannot be read", place.display()), error))?;
        if found.mode() & WRITABLE != 0 {
            return Err(Error::invalid(format!(
                "{}: its group or others may write to it (mode {:o})",
                place.display(),
                found.mode() & 0o777
            ))
            .with_hint(format!("chmod -R go-w {}", folder.display())));
        }
        if found.uid() != 0 && me.is_some_and(|me| me != 0 && found.uid() != me) {
            return Err(Error::invalid(format!("{}: it belongs to another user", place.display())));
        }
    }
    Ok(())
}

/// Returns the SHA-256 of an open file from its start.
///
/// # Errors
///
/// It cannot be read.
pub(crate) fn sha256(file: &mut File) -> io::Result<String> {
    file.rewind()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => hasher.update(&buffer[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(dlm_sdk::hexadecimal(&hasher.finalize()))
}

/// Checks a listed file against its digest.
///
/// # Errors
///
/// As [`open`], or the digest is another.
pub(crate) fn verify(folder: &Path, file: &str, wanted: &str) -> Result<()> {
    let mut opened = open(folder, file)?;
    let found = sha256(&mut opened)
        .map_err(|error| Error::io(format!("{}: cannot be read", folder.join(file).display()), error))?;
    if !found.eq_ignore_ascii_case(wanted) {
        return Err(Error::invalid(format!(
            "{}: its sha256 is {found}, the manifest says {wanted}",
            folder.join(file).display()
        ))
        .with_hint("the file was changed; write the new digest if you changed it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn nothing_leaves_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        fs::create_dir(place.join("sub")).unwrap();
        fs::write(place.join("sub/file"), "x").unwrap();
        symlink("/etc/passwd", place.join("link")).unwrap();
        symlink("/etc", place.join("out")).unwrap();
        assert!(open(place, "sub/file").is_ok());
        for bad in
            ["../x", "/etc/passwd", "sub/../../x", "link", "out/passwd", "", "sub", "a\\b", "./sub/file/.."]
        {
            assert!(open(place, bad).is_err(), "{bad}");
        }
        let digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
        verify(place, "sub/file", digest).unwrap();
        assert!(
            verify(place, "sub/file", &digest.replace('2', "3")).unwrap_err().to_string().contains("sha256")
        );
    }

    #[test]
    fn what_others_may_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        fs::create_dir(place.join("sub")).unwrap();
        fs::write(place.join("sub/lib.so"), "x").unwrap();
        let mode = |path: &str, mode| {
            fs::set_permissions(place.join(path), fs::Permissions::from_mode(mode)).unwrap();
        };
        mode("sub", 0o755);
        mode("sub/lib.so", 0o644);
        not_writable_by_others(place, "sub/lib.so").unwrap();
        mode("sub/lib.so", 0o666);
        assert!(
            not_writable_by_others(place, "sub/lib.so")
                .unwrap_err()
                .hint()
                .unwrap()
                .starts_with("chmod -R go-w")
        );
        mode("sub/lib.so", 0o644);
        mode("sub", 0o775);
        assert!(not_writable_by_others(place, "sub/lib.so").is_err());
    }
}
