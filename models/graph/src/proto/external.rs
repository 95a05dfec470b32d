//! Tensors in files beside the model.
//!
//! A model names a file, an offset and a length. The name comes from whoever wrote the model, so that it must not lead
//! out of the model's folder: no absolute path, no `..`, and no symbolic link that ends elsewhere.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Component, Path, PathBuf},
};

use crate::{Error, Result, error::ErrorKind, proto::messages::StringStringEntryProto};

/// Returns the bytes of a tensor that lie in another file; `expected` of them.
pub(super) fn read(
    entries: &[StringStringEntryProto],
    folder: Option<&Path>,
    expected: usize,
    place: &str,
) -> Result<Vec<u8>> {
    let number = |key: &str| number(entries, key, place);
    let location =
        entry(entries, "location").ok_or_else(|| Error::model(place, "external data without a location"))?;
    let folder = folder.ok_or_else(|| Error::model(place, "external data, but the model has no folder"))?;
    let path = within(folder, location, place)?;
    let failed = |source| ErrorKind::Io { path: path.display().to_string(), source };
    let mut file = File::open(&path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(Error::model(place, format!("`{location}` is not a regular file")));
    }
    let offset = number("offset")?.unwrap_or(0);
    let length = match number("length")? {
        Some(length) => length,
        None => metadata.len().saturating_sub(offset),
    };
    if length != expected as u64 {
        return Err(Error::model(
            place,
            format!("{length} bytes of external data, but its shape takes {expected}"),
        ));
    }
    if offset.checked_add(length).is_none_or(|end| end > metadata.len()) {
        let size = metadata.len();
        return Err(Error::model(place, format!("`{location}` ends at {size}, before its data does")));
    }
    // Known to be there: the allocation is no larger than the file.
    let mut bytes = vec![0; expected];
    file.seek(SeekFrom::Start(offset)).map_err(failed)?;
    file.read_exact(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Returns what a reference says under a key.
pub(super) fn entry<'e>(entries: &'e [StringStringEntryProto], key: &str) -> Option<&'e str> {
    let found = entries.iter().find(|entry| entry.key.as_deref() == Some(key));
    found.and_then(|entry| entry.value.as_deref())
}

/// Returns the number that a reference says under a key.
pub(super) fn number(entries: &[StringStringEntryProto], key: &str, place: &str) -> Result<Option<u64>> {
    match entry(entries, key) {
        None => Ok(None),
        Some(text) => match text.parse::<u64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Error::model(place, format!("its {key} `{text}` is not a number"))),
        },
    }
}

/// Returns the path of a file that a model names, which must lie in the model's folder.
pub(super) fn within(folder: &Path, location: &str, place: &str) -> Result<PathBuf> {
    let relative = Path::new(location);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !plain || location.is_empty() || location.contains('\0') {
        return Err(Error::model(
            place,
            format!("external data in `{location}`, outside the model's folder"),
        ));
    }
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |source| Error::from(ErrorKind::Io { path, source })
    };
    let root = folder.canonicalize().map_err(failed(folder))?;
    let path = root.join(relative);
    let path = path.canonicalize().map_err(failed(&path))?;
    if !path.starts_with(&root) {
        return Err(Error::model(place, format!("`{location}` is a link out of the model's folder")));
    }
    Ok(path)
}
