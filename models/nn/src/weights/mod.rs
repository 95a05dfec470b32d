//! Weights in and out: named tensors in files.
//!
//! A model on a hub is a `config.json`, a tokenizer, and a file of named tensors in one of two forms:
//!
//! ```text
//! model.safetensors    length of a JSON header, the header (name -> type, shape, offsets), the bytes of all tensors
//! pytorch_model.bin    a zip archive: a pickle that says how to build the tensors, and one file of bytes a tensor
//! ```
//!
//! A pickle is a program, and a general reader runs whatever it says; the reader here builds tensors, dictionaries and
//! lists of strings and refuses everything else by name. [`Checkpoint`] opens either form; numbers arrive as 32-bit
//! floats whatever the file holds (32-bit, 16-bit or `bfloat16`).
//!
//! Nothing is read but the header until a tensor is asked for.

mod element;
mod read;
mod safetensors;
mod torch;

use std::{fs::File, io::Read as _, path::Path};

use dlm_sdk::{Error, Result};

pub use self::{
    element::Element,
    safetensors::{Output, write},
};

/// A tensor of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its shape, outermost first; empty for a single number.
    pub shape: Vec<usize>,
    /// What its numbers are.
    pub element: Element,
}

impl Entry {
    /// Returns how many numbers it holds.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Returns whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A file of named tensors.
///
/// # Examples
///
/// ```
/// use dlm_nn::weights::{Checkpoint, Element, write};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("model.safetensors");
/// write(&path, &[("bias", &[3], &[0.5, 1.0, -2.0])], Element::F16)?;
///
/// let checkpoint = Checkpoint::open(&path)?;
/// assert_eq!(checkpoint.entries()[0].shape, [3]);
/// let mut bias = [0.0; 3];
/// checkpoint.read("bias", &mut bias)?;
/// assert_eq!(bias, [0.5, 1.0, -2.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Checkpoint(Form);

#[derive(Debug)]
enum Form {
    Safetensors(safetensors::Reader),
    Torch(torch::Reader),
}

impl Checkpoint {
    /// Opens a file of either form; its first bytes tell, not its name.
    ///
    /// # Errors
    ///
    /// [`Io`](dlm_sdk::ErrorKind::Io) if it cannot be read, [`Invalid`](dlm_sdk::ErrorKind::Invalid) if it is of neither
    /// form, cut off, or says more than tensors need.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let unreadable = |error| Error::io(format!("{}: cannot be read", path.display()), error);
        let mut start = Vec::new();
        File::open(path).and_then(|file| file.take(9).read_to_end(&mut start)).map_err(unreadable)?;
        if start.starts_with(b"PK\x03\x04") {
            return torch::Reader::open(path).map(|reader| Self(Form::Torch(reader)));
        }
        // Before 2020 PyTorch wrote pickles one after the other.
        if start.starts_with(b"\x80\x02\x8a\x0a") {
            return Err(Error::unsupported(format!("{}: is of PyTorch before 1.6", path.display()))
                .with_hint("load it with PyTorch and save it again"));
        }
        safetensors::Reader::open(path).map(|reader| Self(Form::Safetensors(reader)))
    }

    /// Returns what is in it, by name.
    pub fn entries(&self) -> &[Entry] {
        match &self.0 {
            Form::Safetensors(reader) => reader.entries(),
            Form::Torch(reader) => reader.entries(),
        }
    }

    /// Returns the tensor of a name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.index(name).map(|index| &self.entries()[index])
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.entries().binary_search_by(|entry| entry.name.as_str().cmp(name)).ok()
    }

    /// Reads a tensor as 32-bit floats in row-major order.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if there is no such tensor, it has another number of values or is not of
    /// floats; [`Io`](dlm_sdk::ErrorKind::Io) if the file fails.
    pub fn read(&self, name: &str, values: &mut [f32]) -> Result<()> {
        let index = self.index(name).ok_or_else(|| Error::invalid(format!("there is no tensor {name:?}")))?;
        let entry = &self.entries()[index];
        if entry.len() != values.len() {
            return Err(Error::invalid(format!(
                "tensor {name:?} of shape {:?} has {} values, not {}",
                entry.shape,
                entry.len(),
                values.len()
            )));
        }
        match &self.0 {
            Form::Safetensors(reader) => reader.read(index, values),
            Form::Torch(reader) => reader.read(index, values),
        }
        .map_err(|error| error.within(format!("tensor {name:?}")))
    }
}
