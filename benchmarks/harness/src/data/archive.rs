//! Takes one file out of a wheel or a source archive.
//!
//! Only the member that was asked for is read, into a place of our choice, so no path inside an archive means anything.

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::Path,
};

use dlm_sdk::{Error, Result};
use flate2::read::GzDecoder;

/// No file of a pack out of an archive is larger than this.
const LIMIT: u64 = 1 << 30;

/// Copies a member of an archive to a writer.
pub(crate) fn extract(archive: &Path, member: &str, output: &mut dyn Write) -> Result<()> {
    let fail = |error: io::Error| Error::io(format!("{}: cannot be unpacked", archive.display()), error);
    let file = BufReader::new(File::open(archive).map_err(fail)?);
    let is_zip = archive.extension().is_some_and(|extension| extension == "whl" || extension == "zip");
    let found = if is_zip { from_zip(file, member, output) } else { from_tar(file, member, output) };
    if found.map_err(fail)? {
        return Ok(());
    }
    Err(Error::invalid(format!("{}: holds no {member}", archive.display())))
}

fn from_zip(file: BufReader<File>, member: &str, output: &mut dyn Write) -> io::Result<bool> {
    let mut archive = zip::ZipArchive::new(file)?;
    match archive.by_name(member) {
        Ok(mut entry) => copy(&mut entry, output).map(|()| true),
        Err(zip::result::ZipError::FileNotFound) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn from_tar(file: BufReader<File>, member: &str, output: &mut dyn Write) -> io::Result<bool> {
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() && *entry.path_bytes() == *member.as_bytes() {
            return copy(&mut entry, output).map(|()| true);
        }
    }
    Ok(false)
}

fn copy(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    let copied = io::copy(&mut input.take(LIMIT + 1), output)?;
    if copied > LIMIT {
        return Err(io::Error::other(format!("it holds a file of more than {LIMIT} bytes")));
    }
    Ok(())
}
