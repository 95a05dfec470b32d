//! `tokenizer.json`, the file form of Hugging Face `tokenizers`.
//!
//! One JSON object: `model` holds the vocabulary (text to id) and the merges (in the order they apply),
//! `added_tokens` the special tokens, and `normalizer`, `pre_tokenizer`, `post_processor` and `decoder` what happens
//! around the model. A vocabulary over bases needs none of those, so a file that asks for more than a byte-pair model
//! over `A C G T` is handed to the crate `tokenizers` ([`ForeignTokenizer`](crate::ForeignTokenizer)).

mod json;
mod read;
mod write;

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::Path,
};

use dlm_sdk::{Error, Result, Tokenizer};

use crate::{Bpe, ForeignTokenizer};
use read::{Contents, read};

/// The longest file that is read; the largest vocabularies in use take a quarter of it.
const LONGEST: u64 = 32 << 20;

impl Bpe {
    /// Reads a vocabulary from a `tokenizer.json`.
    ///
    /// GROVER's published file is put right on the way: its token of no letters and the four merges that make none are
    /// dropped, so that there are as many ids as its embedding table has rows.
    ///
    /// # Errors
    ///
    /// [`Io`](dlm_sdk::ErrorKind::Io) if the file cannot be read, [`Invalid`](dlm_sdk::ErrorKind::Invalid) if it is not
    /// such a file, naming the key, and [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) if it is one that needs
    /// [`open`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = text(path)?;
        Self::from_json(&text)
            .map(|bpe| named(bpe, path))
            .map_err(|error| error.within(path.display().to_string()))
    }

    /// Reads a vocabulary from the text of a `tokenizer.json`.
    ///
    /// # Errors
    ///
    /// As [`from_file`](Self::from_file).
    pub fn from_json(text: &str) -> Result<Self> {
        match read(text)? {
            Contents::Bpe(parts) => Self::new(parts),
            Contents::Foreign(reason) => Err(Error::unsupported(reason)),
        }
    }

    /// Writes the vocabulary to a `tokenizer.json` that Hugging Face `tokenizers` reads.
    ///
    /// There, encoding adds `[CLS]` and `[SEP]` unless told otherwise, and decoding joins tokens without spaces. The
    /// file appears whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Io`](dlm_sdk::ErrorKind::Io) if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let json = self.to_json();
        let written = if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            // A pipe or a device is written through, never replaced.
            std::fs::OpenOptions::new()
                .write(true)
                .open(path)
                .and_then(|mut file| file.write_all(json.as_bytes()))
        } else {
            replace(path, json.as_bytes())
        };
        written.map_err(|error| Error::io(format!("writing {} failed", path.display()), error))
    }
}

/// Opens any `tokenizer.json`: as [`Bpe`] where it is one, else with the crate `tokenizers`.
///
/// # Errors
///
/// [`Io`](dlm_sdk::ErrorKind::Io), [`Invalid`](dlm_sdk::ErrorKind::Invalid), or
/// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) if its tokens cannot be traced to bases.
///
/// # Examples
///
/// ```no_run
/// let tokenizer = dlm_plugin_bpe::open("dnabert2/tokenizer.json")?;
/// println!("{} ids", tokenizer.spec().vocab_size);
/// # Ok::<(), dlm_sdk::Error>(())
/// ```
pub fn open(path: impl AsRef<Path>) -> Result<Box<dyn Tokenizer>> {
    let path = path.as_ref();
    let text = text(path)?;
    let opened = read(&text).and_then(|contents| -> Result<Box<dyn Tokenizer>> {
        Ok(match contents {
            Contents::Bpe(parts) => Box::new(named(Bpe::new(parts)?, path)),
            Contents::Foreign(reason) => Box::new(ForeignTokenizer::new(&text, name(path), reason)?),
        })
    });
    opened.map_err(|error| error.within(path.display().to_string()))
}

/// Reads a file, but not one that has no end.
fn text(path: &Path) -> Result<String> {
    let failed = |error| Error::io(format!("reading {} failed", path.display()), error);
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LONGEST {
        return Err(Error::invalid(format!("{}: longer than {} MiB", path.display(), LONGEST >> 20))
            .with_hint("a tokenizer.json of a vocabulary over bases takes far less; is it the right file?"));
    }
    String::from_utf8(bytes).map_err(|error| {
        Error::invalid(format!("{}: byte {}: not text", path.display(), error.utf8_error().valid_up_to()))
            .with_hint("a tokenizer.json is UTF-8 text; a compressed one must be unpacked first")
    })
}

/// Names a tokenizer after its file, or its folder if all such files are called the same.
fn name(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    let folder = || path.parent()?.file_name()?.to_str();
    Some(if stem == "tokenizer" { folder().unwrap_or(stem) } else { stem }.to_owned())
}

fn named(bpe: Bpe, path: &Path) -> Bpe {
    match name(path) {
        Some(name) => bpe.with_name(name),
        None => bpe,
    }
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".tokenizer").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // A temporary file is private; this one is meant for everybody the umask allows.
        let mode = path.metadata().map_or(0o644, |metadata| metadata.permissions().mode());
        file.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
    }
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests;
