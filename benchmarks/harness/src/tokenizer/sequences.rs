//! Reads FASTA files record by record, with a bar that knows how much is left.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use dlm_genome::fasta::{Reader, Record};
use dlm_sdk::Result;

use crate::context::{Cancellation, Context, Progress};

/// Hands every record of some FASTA files to a function, in order.
///
/// # Errors
///
/// A file cannot be read, somebody asked to stop, or the function fails.
pub(crate) fn each(
    context: &Context,
    what: &str,
    paths: &[PathBuf],
    mut take: impl FnMut(Record) -> Result<()>,
) -> Result<()> {
    let progress = progress(context, what, paths);
    records(context, paths, &progress).try_for_each(|record| take(record?))
}

/// Opens a bar over the bytes of some files. A pipe has no length; the bar then shows what has been read.
pub(crate) fn progress(context: &Context, what: &str, paths: &[PathBuf]) -> Progress {
    let lengths: Option<Vec<u64>> = paths
        .iter()
        .map(|path| path.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len()))
        .collect();
    context.progress(what, lengths.map(|lengths| lengths.iter().sum()))
}

/// Reads every record of some FASTA files, in order, one at a time. The first error, a request to stop among them, is the
/// last item.
pub(crate) fn records<'c>(
    context: &'c Context,
    paths: &'c [PathBuf],
    progress: &'c Progress,
) -> impl Iterator<Item = Result<Record>> + Send + 'c {
    let mut paths = paths.iter();
    let mut reader = None;
    let mut next = move || -> Result<Option<Record>> {
        loop {
            if reader.is_none() {
                let Some(path) = paths.next() else { return Ok(None) };
                let opened = open(path, progress, context.cancellation());
                context.check()?;
                reader = Some(opened?);
            }
            let Some(open) = &mut reader else { continue };
            let mut record = Record::default();
            let found = open.read(&mut record);
            context.check()?;
            if found? {
                return Ok(Some(record));
            }
            reader = None;
        }
    };
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let record = next().transpose();
        ended = !matches!(record, Some(Ok(_)));
        record
    })
}

fn open<'c>(
    path: &Path,
    progress: &'c Progress,
    cancellation: &'c Cancellation,
) -> Result<Reader<Counted<'c>>> {
    Ok(Reader::new(Counted::open(path, progress, cancellation)?, path)?)
}

/// A file that tells how much of it has been read, and ends when somebody asks to stop.
#[derive(Debug)]
pub(crate) struct Counted<'c> {
    file: File,
    progress: &'c Progress,
    cancellation: &'c Cancellation,
}

impl<'c> Counted<'c> {
    /// Opens a file.
    pub(crate) fn open(path: &Path, progress: &'c Progress, cancellation: &'c Cancellation) -> Result<Self> {
        match File::open(path) {
            Ok(file) if !path.is_dir() => Ok(Self { file, progress, cancellation }),
            // Opening it by its name says best what is wrong.
            Ok(_) | Err(_) => match Reader::open(path) {
                Err(error) => Err(error.into()),
                Ok(_) => {
                    Err(dlm_sdk::Error::internal(format!("{} came into being just now", path.display())))
                }
            },
        }
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancellation.signal().is_some() {
            return Err(io::Error::other("stopped on request"));
        }
        let read = self.file.read(buffer)?;
        self.progress.add(read as u64);
        Ok(read)
    }
}
