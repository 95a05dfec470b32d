//! The published form: one pickled list of strings a chromosome, `chr_1.pkl` to `chr_24.pkl`.
//!
//! A pickle is a program for a small machine with a stack and a memo, and a general reader runs whatever it says. This
//! one knows the instructions that build one list of strings, of protocols 0 to 5, and refuses every other by its name.
//! Each string is a token; N stands as tokens of its own, so that positions are those of the chromosome. X is
//! chromosome 23 and Y is 24.
//!
//! # Examples
//!
//! ```
//! use dlm_genome::tokenized::pickle::{self, Published};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join(pickle::file_name("chrX").unwrap());
//! pickle::write(&path, ["TT", "N", "TT"])?;
//! let tokens = Published::open(&path)?;
//! assert_eq!(tokens.iter().collect::<Vec<_>>(), ["TT", "N", "TT"]);
//! assert!(path.ends_with("chr_23.pkl"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod machine;
mod opcode;
mod writer;

use std::{fs::File, io::BufReader, path::Path};

use machine::Machine;

pub use opcode::name as instruction;
pub use writer::write;

use crate::{Error, ErrorKind, Result, input};

/// The tokens of one chromosome: distinct strings, and for each token which one it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Published {
    vocabulary: Vec<String>,
    tokens: Vec<u32>,
}

impl Published {
    /// The largest file that is read: the longest human chromosome takes less than a quarter of it.
    pub const MAX_BYTES: u64 = 1 << 32;

    /// Reads a pickle.
    ///
    /// # Errors
    ///
    /// Names the file and the byte: it is no pickle of one list of strings, does anything else, is cut off, or is larger
    /// than [`MAX_BYTES`](Self::MAX_BYTES).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = input::open_file(path)?;
        let length = file
            .metadata()
            .map_err(|error| Error::new(ErrorKind::Io, "cannot be read").at_path(path).with_source(error))?
            .len();
        Self::read(file, path, length)
    }

    fn read(file: File, path: &Path, length: u64) -> Result<Self> {
        if length > Self::MAX_BYTES {
            let message = format!("has {length} bytes, more than the {} that are read", Self::MAX_BYTES);
            return Err(Error::new(ErrorKind::Tokenized, message).at_path(path));
        }
        Machine::new(BufReader::with_capacity(1 << 16, file)).run().map_err(|error| error.at_path(path))
    }

    /// Returns the distinct strings in the order of their first occurrence.
    pub fn vocabulary(&self) -> &[String] {
        &self.vocabulary
    }

    /// Returns which string each token is.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// Returns the tokens as strings.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.tokens.iter().map(|&token| self.vocabulary[token as usize].as_str())
    }
}

/// Returns the published file name of a chromosome, with or without `chr`: 1 to 22, X as 23, Y as 24.
pub fn file_name(chromosome: &str) -> Option<String> {
    let number = match chromosome.strip_prefix("chr").unwrap_or(chromosome) {
        "X" => 23,
        "Y" => 24,
        digits if !digits.starts_with(['0', '+']) => {
            digits.parse().ok().filter(|number| (1..=22).contains(number))?
        }
        _ => return None,
    };
    Some(format!("chr_{number}.pkl"))
}

/// Returns the chromosome of a published file name: `chrX` for `chr_23.pkl`.
pub fn chromosome(file_name: &str) -> Option<String> {
    let number: u8 = file_name.strip_prefix("chr_")?.strip_suffix(".pkl")?.parse().ok()?;
    match number {
        1..=22 => Some(format!("chr{number}")),
        23 => Some("chrX".to_owned()),
        24 => Some("chrY".to_owned()),
        _ => None,
    }
}
