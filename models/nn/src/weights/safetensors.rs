//! The safetensors form.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Mutex,
};

use dlm_genome::output;
use dlm_sdk::{Error, Result};
use safetensors::{
    Dtype,
    tensor::{Metadata, TensorInfo},
};

use super::{Element, Entry, read};

/// The longest header: as the format's own reader has it.
const MAX_HEADER: u64 = 100_000_000;
/// The bytes before the header, which hold its length.
const LENGTH: u64 = 8;
/// Numbers that are written at once.
const BLOCK: usize = 1 << 16;

/// An open file.
#[derive(Debug)]
pub(super) struct Reader {
    path: PathBuf,
    file: Mutex<File>,
    entries: Vec<Entry>,
    offsets: Vec<u64>,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Self::of_file(path).map_err(|error| error.within(path.display().to_string()))
    }

    fn of_file(path: &Path) -> Result<Self> {
        let unreadable = |error| Error::io("cannot be read", error);
        let mut file = File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        let mut length = [0; LENGTH as usize];
        file.read_exact(&mut length).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => wrong("is too short"),
            _ => unreadable(error),
        })?;
        let length = u64::from_le_bytes(length);
        // Before anything is reserved: a length that cannot be is how such a file attacks.
        if length > MAX_HEADER || length > size - LENGTH {
            return Err(wrong(format!(
                "says that its header has {length} bytes; the file has {size} and headers at most {MAX_HEADER}"
            )));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(unreadable)?;
        let metadata: Metadata = serde_json::from_slice(&header)
            .map_err(|error| wrong("has a wrong header").with_source(error))?;
        if LENGTH + length + metadata.data_len() as u64 != size {
            return Err(wrong(format!(
                "should have {} bytes by its header and has {size}",
                LENGTH + length + metadata.data_len() as u64
            )));
        }
        let mut tensors: Vec<(String, &TensorInfo)> = metadata.tensors().into_iter().collect();
        tensors.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        let offsets = tensors.iter().map(|(_, info)| LENGTH + length + info.data_offsets.0 as u64).collect();
        let entries = tensors
            .into_iter()
            .map(|(name, info)| Entry { name, shape: info.shape.clone(), element: element(info.dtype) })
            .collect();
        Ok(Self { path: path.to_owned(), file: Mutex::new(file), entries, offsets })
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn read(&self, index: usize, values: &mut [f32]) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.offsets[index]))
            .map_err(|error| Error::io("cannot be read", error))
            .and_then(|_| read::numbers(&mut *file, self.entries[index].element, values))
            .map_err(|error| error.within(self.path.display().to_string()))
    }
}

fn element(dtype: Dtype) -> Element {
    match dtype {
        Dtype::F32 => Element::F32,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::Bf16,
        Dtype::I64 => Element::I64,
        _ => Element::Other,
    }
}

fn wrong(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid(message).with_hint("is it a whole .safetensors file?")
}

/// A tensor to be written: name, shape, and its values in row-major order.
pub type Output<'t> = (&'t str, &'t [usize], &'t [f32]);

/// Writes tensors as a safetensors file, in the order given, as `transformers` reads it. The file appears whole or not at
/// all.
///
/// # Errors
///
/// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if a shape and its values disagree, a name stands twice, a value would become
/// infinite, or the type is not one of floats; [`Io`](dlm_sdk::ErrorKind::Io) if the file cannot be written.
pub fn write(path: impl AsRef<Path>, tensors: &[Output<'_>], element: Element) -> Result<()> {
    let path = path.as_ref();
    let header = header(tensors, element).map_err(|error| error.within(path.display().to_string()))?;
    let written = output::write_with(path, |output| {
        output.write_all(&(header.len() as u64).to_le_bytes())?;
        output.write_all(&header)?;
        let mut bytes = Vec::new();
        for values in tensors.iter().flat_map(|(_, _, values)| values.chunks(BLOCK)) {
            bytes.clear();
            element.encode(values, &mut bytes);
            output.write_all(&bytes)?;
        }
        Ok(())
    });
    written.map_err(|error| Error::io(format!("{}: cannot be written", path.display()), error))
}

/// Returns the header's text, filled up with blanks so that the numbers behind it are aligned.
fn header(tensors: &[Output<'_>], element: Element) -> Result<Vec<u8>> {
    let (dtype, width) = match (element, element.width()) {
        (Element::F16, Some(width)) => (Dtype::F16, width),
        (Element::Bf16, Some(width)) => (Dtype::BF16, width),
        (_, Some(width)) => (Dtype::F32, width),
        (_, None) => return Err(Error::invalid("weights are written as floats of 32 or 16 bits only")),
    };
    let mut offset = 0;
    let mut infos = Vec::with_capacity(tensors.len());
    let mut names = std::collections::BTreeSet::new();
    for &(name, shape, values) in tensors {
        if shape.iter().product::<usize>() != values.len() {
            return Err(Error::invalid(format!(
                "tensor {name:?} of shape {shape:?} is given {} values",
                values.len()
            )));
        }
        if !names.insert(name) {
            return Err(Error::invalid(format!("tensor {name:?} is given twice")));
        }
        if let Some(value) = values.iter().find(|value| !element.holds(**value)) {
            return Err(Error::invalid(format!("tensor {name:?} holds {value}, beyond half precision"))
                .with_hint("write it with 32 bits a weight, or as bf16"));
        }
        let end = offset + values.len() * width;
        infos.push((
            name.to_owned(),
            TensorInfo { dtype, shape: shape.to_vec(), data_offsets: (offset, end) },
        ));
        offset = end;
    }
    // Transformers refuses files that do not say for whom their layout is.
    let format = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let failed = |error| Error::internal("the header cannot be made").with_source(error);
    let metadata = Metadata::new(Some(format), infos)
        .map_err(|error| Error::internal("the header cannot be made").with_source(error))?;
    let mut header = serde_json::to_vec(&metadata).map_err(failed)?;
    header.resize(header.len().next_multiple_of(LENGTH as usize), b' ');
    Ok(header)
}
