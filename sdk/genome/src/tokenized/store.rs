//! Reads a tokenized genome.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use dlm_sdk::{TokenId, TokenizerSpec};
use sha2::{Digest as _, Sha256};

use super::{
    Chromosome,
    directory::{self, Directory, Section, broken, hexadecimal},
    mmap::Bytes,
};
use crate::{Error, ErrorKind, Result, input, names};

/// A tokenized genome on disk.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    bytes: Bytes,
    directory: Directory,
}

impl Store {
    /// Opens a store by mapping it into memory: nothing but its directory is read now.
    ///
    /// # Errors
    ///
    /// There is no such file, or it is no store, of another version, cut off, or its directory is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_file(path.as_ref(), Bytes::map)
    }

    /// Reads a store whole, for file systems that cannot map files.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_file(path.as_ref(), Bytes::read)
    }

    fn from_file(path: &Path, bytes: fn(File) -> io::Result<Bytes>) -> Result<Self> {
        let bytes = bytes(input::open_file(path)?)
            .map_err(|error| Error::new(ErrorKind::Io, "cannot be read").at_path(path).with_source(error))?;
        let directory = directory::read(&bytes).map_err(|error| error.at_path(path))?;
        Ok(Self { path: path.to_owned(), bytes, directory })
    }

    /// Returns the name of the tokenizer it was made with.
    pub fn tokenizer(&self) -> &str {
        &self.directory.tokenizer
    }

    /// Returns the fingerprint of the tokenizer it was made with.
    pub fn fingerprint(&self) -> &str {
        &self.directory.fingerprint
    }

    /// Returns how many ids the tokenizer has.
    pub fn vocab_size(&self) -> usize {
        self.directory.tokens.len()
    }

    /// Returns the id that stands for N, if the tokenizer has one.
    pub fn unknown(&self) -> Option<TokenId> {
        self.directory.unknown
    }

    /// Returns the text of a token.
    pub fn text(&self, id: TokenId) -> Option<&str> {
        self.directory.tokens.get(id as usize).map(|entry| entry.0.as_str())
    }

    /// Returns the chromosomes in the order of their file.
    pub fn chromosomes(&self) -> impl ExactSizeIterator<Item = Chromosome<'_>> {
        self.directory.chromosomes.iter().map(|section| self.view(section))
    }

    /// Returns a chromosome by its name.
    ///
    /// # Errors
    ///
    /// There is no such chromosome; the hint names the spelling that exists, such as `chr1` for `1`.
    pub fn chromosome(&self, name: &str) -> Result<Chromosome<'_>> {
        let section = self.directory.chromosomes.iter().find(|section| section.name == name);
        section.map(|section| self.view(section)).ok_or_else(|| {
            let known = self.directory.chromosomes.iter().map(|section| section.name.as_str());
            names::unknown(name, known).at_path(self.path.as_path())
        })
    }

    fn view<'s>(&'s self, section: &'s Section) -> Chromosome<'s> {
        let width = self.width();
        let content = self.content(section);
        let (ids, index) = content.split_at(section.id_bytes(width));
        Chromosome { directory: &self.directory, section, width, ids, index }
    }

    fn width(&self) -> usize {
        directory::width(self.directory.tokens.len())
    }

    /// Returns the bytes of a chromosome, which opening found to lie within the file.
    fn content(&self, section: &Section) -> &[u8] {
        &self.bytes[section.offset as usize..][..section.bytes(self.width())]
    }

    /// Fails unless the store was made with a tokenizer.
    ///
    /// # Errors
    ///
    /// [`Mismatch`](ErrorKind::Mismatch), naming both tokenizers.
    pub fn expect_tokenizer(&self, tokenizer: &TokenizerSpec) -> Result<()> {
        if self.directory.fingerprint == tokenizer.fingerprint {
            return Ok(());
        }
        let short = |fingerprint: &str| fingerprint.chars().take(12).collect::<String>();
        let message = format!(
            "was made with the tokenizer {} ({}), not with {} ({})",
            self.directory.tokenizer,
            short(&self.directory.fingerprint),
            tokenizer.name,
            short(&tokenizer.fingerprint),
        );
        Err(self.mismatch(message).with_hint("make it again with 'dlm tokenizer genome'"))
    }

    /// Fails unless a chromosome of the store was made from these bases, in either case.
    ///
    /// # Errors
    ///
    /// [`Mismatch`](ErrorKind::Mismatch), saying whether length or content differs; there is no such chromosome.
    pub fn expect_bases(&self, name: &str, bases: &[u8]) -> Result<()> {
        let section = self.chromosome(name)?.section;
        if bases.len() != section.length as usize {
            let message =
                format!("has {} bases in the tokenized genome and {} here", section.length, bases.len());
            return Err(self.other_genome(name, message));
        }
        if digest_bases(bases) != section.bases_sha256 {
            return Err(self.other_genome(name, "has the same length as here and other bases".to_owned()));
        }
        Ok(())
    }

    fn other_genome(&self, name: &str, message: String) -> Error {
        self.mismatch(message)
            .in_record(name)
            .with_hint("the tokenized genome is of another genome or build, such as hg19 instead of hg38")
    }

    fn mismatch(&self, message: String) -> Error {
        Error::new(ErrorKind::Mismatch, message).at_path(self.path.as_path())
    }

    /// Reads everything once and compares it with its checksums.
    ///
    /// # Errors
    ///
    /// Names the chromosome that is damaged.
    pub fn verify(&self) -> Result<()> {
        for section in &self.directory.chromosomes {
            if hexadecimal(Sha256::digest(self.content(section))) != section.content_sha256 {
                return Err(broken("is damaged: its checksum is wrong")
                    .at_path(self.path.as_path())
                    .in_record(&section.name)
                    .with_hint("make it or copy it again"));
            }
        }
        Ok(())
    }
}

/// Digests bases in upper case.
pub(super) fn digest_bases(bases: &[u8]) -> String {
    let mut hasher = Sha256::new();
    for block in bases.chunks(1 << 14) {
        hasher.update(block.to_ascii_uppercase());
    }
    hexadecimal(hasher.finalize())
}
