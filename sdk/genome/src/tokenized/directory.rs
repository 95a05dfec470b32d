//! What a store says about itself: header, directory and trailer.

use dlm_sdk::TokenId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{Error, ErrorKind, Result};

/// The first and the last bytes of a store.
const MAGIC: [u8; 8] = *b"DLMTOKEN";
/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;
/// Bases from one entry of an index to the next.
pub(super) const STRIDE: usize = 256;
/// The bytes of an entry of an index.
pub(super) const ENTRY: usize = 8;
/// The bytes of a header.
pub(super) const HEADER: usize = 16;
const TRAILER: usize = 8 + 8 + 32 + 8;

/// The directory of a store.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Directory {
    pub(super) tokenizer: String,
    pub(super) fingerprint: String,
    pub(super) unknown: Option<TokenId>,
    pub(super) tokens: Vec<Entry>,
    pub(super) chromosomes: Vec<Section>,
}

/// A token: its text, and how many bases it covers; none if it never occurs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Entry(pub(super) String, pub(super) u32);

/// A chromosome and where its tokens stand.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) length: u32,
    pub(super) tokens: u32,
    pub(super) offset: u64,
    pub(super) bases_sha256: String,
    pub(super) content_sha256: String,
}

impl Section {
    /// Returns how many bytes the ids take.
    pub(super) fn id_bytes(&self, width: usize) -> usize {
        self.tokens as usize * width
    }

    /// Returns how many entries the index has.
    pub(super) fn entries(&self) -> usize {
        (self.length as usize).div_ceil(STRIDE)
    }

    /// Returns how many bytes ids and index take.
    pub(super) fn bytes(&self, width: usize) -> usize {
        self.id_bytes(width) + self.entries() * ENTRY
    }
}

/// Returns the bytes an id takes in a vocabulary of a size.
pub(super) fn width(vocabulary: usize) -> usize {
    if vocabulary <= 1 << 16 { 2 } else { 4 }
}

/// Returns the header of a store.
pub(super) fn header(width: usize) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..].copy_from_slice(&(width as u32).to_le_bytes());
    header
}

/// Returns the directory and the trailer of a store whose sections end at an offset.
pub(super) fn footer(directory: &Directory, offset: u64) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(directory)?;
    let length = bytes.len() as u64;
    let digest = digest(&header(width(directory.tokens.len())), &bytes, offset, length);
    bytes.extend(offset.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(digest);
    bytes.extend(MAGIC);
    Ok(bytes)
}

fn digest(header: &[u8], directory: &[u8], offset: u64, length: u64) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(header);
    hasher.update(directory);
    hasher.update(offset.to_le_bytes());
    hasher.update(length.to_le_bytes());
    hasher.finalize().into()
}

/// Reads the directory of a store and checks that every section lies where it says.
pub(super) fn read(bytes: &[u8]) -> Result<Directory> {
    let start = &bytes[..bytes.len().min(MAGIC.len())];
    if !MAGIC.starts_with(start) || bytes.is_empty() {
        return Err(broken("is no tokenized genome")
            .with_hint("a tokenized genome is what 'dlm tokenizer genome' writes"));
    }
    if bytes.len() < HEADER + TRAILER {
        return Err(cut_off());
    }
    let version = number(bytes, 8);
    if version != VERSION {
        return Err(broken(format!(
            "is a tokenized genome of version {version}, and version {VERSION} is read"
        ))
        .with_hint("make it again with 'dlm tokenizer genome'"));
    }
    let trailer = &bytes[bytes.len() - TRAILER..];
    if !trailer.ends_with(&MAGIC) {
        return Err(cut_off());
    }
    let (offset, length) = (long(trailer, 0), long(trailer, 8));
    let end = (bytes.len() - TRAILER) as u64;
    if offset < HEADER as u64 || offset.checked_add(length) != Some(end) {
        return Err(cut_off());
    }
    let text = &bytes[offset as usize..end as usize];
    if trailer[16..48] != digest(&bytes[..HEADER], text, offset, length) {
        return Err(broken("has a directory whose checksum is wrong").with_hint("make it or copy it again"));
    }
    let directory: Directory = serde_json::from_slice(text)
        .map_err(|error| broken(format!("has a directory that cannot be read: {error}")))?;
    check(&directory, number(bytes, 12) as usize, offset)?;
    Ok(directory)
}

fn check(directory: &Directory, stated: usize, end: u64) -> Result<()> {
    let width = width(directory.tokens.len());
    if stated != width {
        return Err(broken(format!("states {stated} bytes an id, and its vocabulary needs {width}")));
    }
    for section in &directory.chromosomes {
        let last = section.offset.checked_add(section.bytes(width) as u64);
        let fits = section.offset >= HEADER as u64 && last.is_some_and(|last| last <= end);
        if !fits || section.tokens > section.length {
            return Err(broken("states tokens that it does not hold").in_record(&section.name));
        }
    }
    let mut names: Vec<&str> = directory.chromosomes.iter().map(|section| section.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(broken("stands twice in the directory").in_record(pair[0])),
        None => Ok(()),
    }
}

/// Reads a 32-bit number; zero past the end.
pub(super) fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |four| u32::from_le_bytes(*four))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |eight| u64::from_le_bytes(*eight))
}

pub(super) fn hexadecimal(digest: impl AsRef<[u8]>) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    digest
        .as_ref()
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

pub(super) fn broken(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Tokenized, message)
}

fn cut_off() -> Error {
    broken("is cut off").with_hint("make it or copy it again")
}
