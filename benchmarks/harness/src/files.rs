//! Errors of files, as the command line tells them.

use std::{io, path::Path};

use dlm_sdk::{Error, ErrorKind};

/// Tells that a path cannot be written, and why.
pub fn write_error(path: &Path, error: io::Error) -> Error {
    let full = matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::FileTooLarge | io::ErrorKind::QuotaExceeded
    );
    let told = Error::io(format!("{}: cannot be written", path.display()), error);
    if full { told.with_hint("free some space and run the same command again") } else { told }
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
