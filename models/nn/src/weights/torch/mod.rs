//! The PyTorch form: a zip archive of a pickle and one file of numbers a storage.
//!
//! ```text
//! archive/data.pkl        builds a dictionary from names to tensors; a tensor names its storage, offset, shape, strides
//! archive/data/0, 1, ..   the numbers of the storages
//! archive/byteorder       "little"
//! ```

mod machine;
mod value;

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Mutex,
};

use dlm_sdk::{Error, Result};
use zip::{CompressionMethod, ZipArchive};

use self::value::Tensor;
use super::{Entry, read};

/// The longest pickle: that of the largest model takes a hundredth.
const MAX_PICKLE: u64 = 64 << 20;

/// An open file.
#[derive(Debug)]
pub(super) struct Reader {
    path: PathBuf,
    archive: Mutex<ZipArchive<File>>,
    /// The folder that everything in the archive lies in.
    root: String,
    entries: Vec<Entry>,
    tensors: Vec<Tensor>,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Self::of_file(path).map_err(|error| error.within(path.display().to_string()))
    }

    fn of_file(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| Error::io("cannot be read", error))?;
        let mut archive = ZipArchive::new(file).map_err(broken)?;
        let pickles: Vec<String> = archive
            .file_names()
            .filter_map(Result::ok)
            .filter(|name| name.split_once('/').is_some_and(|(_, rest)| rest == "data.pkl"))
            .map(Cow::into_owned)
            .collect();
        let [pickle] = pickles.as_slice() else {
            return Err(Error::invalid("is a zip archive, and not one of PyTorch: it has no data.pkl")
                .with_hint("is it a whole pytorch_model.bin?"));
        };
        let root = pickle.strip_suffix("data.pkl").unwrap_or_default().to_owned();
        let byte_order = contents(&mut archive, &format!("{root}byteorder"), 16)?;
        if byte_order.is_some_and(|order| order != b"little") {
            return Err(Error::unsupported("holds its numbers the other way round than this machine"));
        }
        let bytes = contents(&mut archive, pickle, MAX_PICKLE)?
            .ok_or_else(|| Error::internal("the archive lost its pickle"))?;
        let mut named = machine::run(&bytes)?;
        named.sort_by(|(left, _), (right, _)| left.cmp(right));
        if let Some(pair) = named.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Error::invalid(format!("names the tensor {:?} twice", pair[0].0)));
        }
        let (mut entries, mut tensors) = (Vec::new(), Vec::new());
        for (name, tensor) in named {
            check(&mut archive, &root, &tensor).map_err(|error| error.within(format!("tensor {name:?}")))?;
            entries.push(Entry { name, shape: tensor.shape.clone(), element: tensor.element });
            tensors.push(tensor);
        }
        Ok(Self { path: path.to_owned(), archive: Mutex::new(archive), root, entries, tensors })
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn read(&self, index: usize, values: &mut [f32]) -> Result<()> {
        let tensor = &self.tensors[index];
        let mut archive = self.archive.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let file = archive.by_name(&format!("{}data/{}", self.root, tensor.storage)).map_err(broken);
        file.and_then(|mut file| {
            let skipped = tensor.offset * tensor.element.width().unwrap_or(0) as u64;
            io::copy(&mut file.by_ref().take(skipped), &mut io::sink())
                .map_err(|error| Error::io("cannot be read", error))?;
            read::numbers(file, tensor.element, values)
        })
        .map_err(|error| error.within(self.path.display().to_string()))
    }
}

/// Reads a file of the archive, `None` if there is none.
fn contents(archive: &mut ZipArchive<File>, name: &str, most: u64) -> Result<Option<Vec<u8>>> {
    if archive.index_for_name(name).is_none() {
        return Ok(None);
    }
    let file = archive.by_name(name).map_err(broken)?;
    if file.size() > most {
        return Err(Error::invalid(format!(
            "{name} has {} bytes, more than the {most} that are read",
            file.size()
        )));
    }
    let mut bytes = Vec::new();
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::io(format!("{name} cannot be read"), error))?;
    Ok(Some(bytes))
}

/// Fails unless a tensor lies within its storage, row after row.
fn check(archive: &mut ZipArchive<File>, root: &str, tensor: &Tensor) -> Result<()> {
    let mut size = 1_u64;
    for (&length, &stride) in tensor.shape.iter().zip(&tensor.strides).rev() {
        if length > 1 && stride != size {
            return Err(Error::unsupported("its rows do not lie one after the other")
                .with_hint("save the model again with transformers' save_pretrained"));
        }
        size = size.checked_mul(length as u64).ok_or_else(|| Error::invalid("its shape is impossible"))?;
    }
    let file = archive.by_name(&format!("{root}data/{}", tensor.storage)).map_err(broken)?;
    if file.compression() != CompressionMethod::Stored {
        return Err(Error::unsupported("its numbers are compressed, which PyTorch does not do"));
    }
    let Some(width) = tensor.element.width() else { return Ok(()) };
    let end = tensor.offset.checked_add(size).and_then(|end| end.checked_mul(width as u64));
    if end.is_none_or(|end| end > file.size()) {
        return Err(Error::invalid(format!(
            "it has {size} numbers from number {} on, and its storage {} bytes",
            tensor.offset,
            file.size()
        )));
    }
    Ok(())
}

fn broken(error: zip::result::ZipError) -> Error {
    Error::invalid("is a damaged archive").with_source(error).with_hint("copy or fetch it again")
}
