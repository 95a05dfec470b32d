//! A checkpoint's file: a safetensors file with the state of the training in its header.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, Read, Write as _},
    path::Path,
};

use dlm_genome::output;
use dlm_sdk::{Error, Result};
use safetensors::{
    Dtype,
    tensor::{Metadata, TensorInfo},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The key of the state in the header.
const KEY: &str = "dlm-training";
/// The longest header that is read.
const MAX_HEADER: u64 = 100_000_000;
/// Numbers that are converted at once.
const BLOCK: usize = 1 << 16;

/// A tensor to be written: name, shape, and values in row-major order.
pub(crate) type Tensor<'t> = (String, &'t [usize], &'t [f32]);

#[derive(Deserialize, Serialize)]
struct Envelope<S> {
    sha256: String,
    state: S,
}

/// Writes state and tensors. The file appears whole or not at all, and takes the place of an older one.
pub(crate) fn write<S: Serialize>(path: &Path, state: &S, tensors: &[Tensor<'_>]) -> Result<()> {
    let internal = |error: &dyn std::fmt::Display| {
        Error::internal(format!("{}: the header cannot be made: {error}", path.display()))
    };
    let mut hasher = Sha256::new();
    each_block(tensors, |bytes| {
        hasher.update(bytes);
        Ok(())
    })
    .map_err(|error| internal(&error))?;
    let envelope = Envelope { sha256: dlm_sdk::hexadecimal(&hasher.finalize()), state };
    let text = serde_json::to_string(&envelope).map_err(|error| internal(&error))?;
    let mut offset = 0;
    let mut infos = Vec::with_capacity(tensors.len());
    for (name, shape, values) in tensors {
        let end = offset + size_of_val(*values);
        let info = TensorInfo { dtype: Dtype::F32, shape: shape.to_vec(), data_offsets: (offset, end) };
        infos.push((name.clone(), info));
        offset = end;
    }
    let metadata = Metadata::new(Some(HashMap::from([(KEY.to_owned(), text)])), infos)
        .map_err(|error| internal(&error))?;
    let mut header = serde_json::to_vec(&metadata).map_err(|error| internal(&error))?;
    header.resize(header.len().next_multiple_of(8), b' ');
    let written = output::write_with(path, |output| {
        output.write_all(&(header.len() as u64).to_le_bytes())?;
        output.write_all(&header)?;
        each_block(tensors, |bytes| output.write_all(bytes))
    });
    written.map_err(|error| {
        Error::io(format!("{}: cannot be written", path.display()), error)
            .with_hint("free some space; the last checkpoint still stands")
    })
}

fn each_block(tensors: &[Tensor<'_>], mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(BLOCK * 4);
    for values in tensors.iter().flat_map(|(_, _, values)| values.chunks(BLOCK)) {
        bytes.clear();
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        take(&bytes)?;
    }
    Ok(())
}

/// A checkpoint's file that was read and found whole.
#[derive(Debug)]
pub(crate) struct Opened<S> {
    pub(crate) state: S,
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
}

impl<S> Opened<S> {
    /// Copies a tensor, which must have this shape.
    pub(crate) fn read(&self, name: &str, shape: &[usize], values: &mut [f32]) -> Result<()> {
        let (found, data) = self
            .tensors
            .get(name)
            .ok_or_else(|| Error::invalid(format!("the checkpoint has no tensor {name:?}")))?;
        if found != shape || data.len() != values.len() {
            return Err(Error::invalid(format!(
                "the checkpoint's tensor {name:?} has shape {found:?}, and the model's {shape:?}"
            )));
        }
        values.copy_from_slice(data);
        Ok(())
    }

    /// Returns how many tensors there are.
    pub(crate) fn len(&self) -> usize {
        self.tensors.len()
    }
}

/// Reads a checkpoint's file and verifies its digest.
pub(crate) fn open<S: for<'d> Deserialize<'d>>(path: &Path) -> Result<Opened<S>> {
    read(path).map_err(|error| error.within(path.display().to_string()))
}

fn read<S: for<'d> Deserialize<'d>>(path: &Path) -> Result<Opened<S>> {
    let fail = |error: io::Error| Error::io("the checkpoint cannot be read", error);
    let file = File::open(path).map_err(fail)?;
    let size = file.metadata().map_err(fail)?.len();
    let mut file = BufReader::with_capacity(BLOCK * 4, file);
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| damaged("it is shorter than any checkpoint"))?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER || length > size.saturating_sub(8) {
        return Err(damaged("its header is longer than the file"));
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header).map_err(fail)?;
    let metadata: Metadata = serde_json::from_slice(&header)
        .map_err(|error| damaged("its header cannot be read").with_source(error))?;
    let text = metadata.metadata().as_ref().and_then(|map| map.get(KEY)).ok_or_else(|| {
        Error::invalid("it holds weights alone, not the state of a training")
            .with_hint("a training is resumed from what a training wrote")
    })?;
    let envelope: Envelope<S> = serde_json::from_str(text).map_err(|error| {
        Error::invalid("its state is of another version of this program, or damaged").with_source(error)
    })?;
    if 8 + length + metadata.data_len() as u64 != size {
        return Err(damaged("it is cut short or has bytes behind its end"));
    }
    let mut infos: Vec<(String, &TensorInfo)> = metadata.tensors().into_iter().collect();
    infos.sort_unstable_by_key(|(_, info)| info.data_offsets);
    let mut hasher = Sha256::new();
    let mut tensors = HashMap::with_capacity(infos.len());
    for (name, info) in infos {
        if info.dtype != Dtype::F32 {
            return Err(damaged("it holds other numbers than a training writes"));
        }
        let values =
            numbers(&mut file, info.data_offsets.1 - info.data_offsets.0, &mut hasher).map_err(fail)?;
        tensors.insert(name, (info.shape.clone(), values));
    }
    if dlm_sdk::hexadecimal(&hasher.finalize()) != envelope.sha256 {
        return Err(damaged("its numbers are not those that were written"));
    }
    Ok(Opened { state: envelope.state, tensors })
}

fn numbers(file: &mut impl Read, bytes: usize, hasher: &mut Sha256) -> io::Result<Vec<f32>> {
    let mut values = Vec::with_capacity(bytes / 4);
    let mut buffer = vec![0; BLOCK * 4];
    let mut left = bytes;
    while left > 0 {
        let block = &mut buffer[..left.min(BLOCK * 4)];
        file.read_exact(block)?;
        hasher.update(&*block);
        let (words, _) = block.as_chunks::<4>();
        values.extend(words.iter().map(|word| f32::from_le_bytes(*word)));
        left -= block.len();
    }
    Ok(values)
}

fn damaged(what: &'static str) -> Error {
    Error::invalid(format!("the checkpoint is damaged: {what}"))
        .with_hint("begin again, or resume from another checkpoint")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn written(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("checkpoint.safetensors");
        let (a, b) = ([1.0, -2.5, f32::MIN_POSITIVE], [0.25; 4]);
        let tensors = [("b".to_owned(), &[2, 2][..], &b[..]), ("a".to_owned(), &[3][..], &a[..])];
        write(&path, &"the state", &tensors).unwrap();
        path
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let opened: Opened<String> = open(&written(folder.path())).unwrap();
        assert_eq!((opened.state.as_str(), opened.len()), ("the state", 2));
        let mut values = [0.0; 3];
        opened.read("a", &[3], &mut values).unwrap();
        assert_eq!(values, [1.0, -2.5, f32::MIN_POSITIVE]);
        assert!(opened.read("a", &[1, 3], &mut values).is_err());
        assert!(opened.read("c", &[3], &mut values).is_err());
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            fs::write(&path, &bytes).unwrap();
            // A changed name or text of the state is a foreign checkpoint, told when its parts are looked for.
            let opened = open::<String>(&path);
            let same = opened.is_ok_and(|opened| {
                opened.state == "the state"
                    && opened.tensors.contains_key("a")
                    && opened.tensors.contains_key("b")
            });
            assert!(!same, "byte {at}");
        }
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(open::<String>(&path).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn weights_alone_are_no_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let metadata = Metadata::new(None, Vec::new()).unwrap();
        let header = serde_json::to_vec(&metadata).unwrap();
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header);
        fs::write(&path, bytes).unwrap();
        let error = open::<String>(&path).unwrap_err();
        assert!(error.chain().contains("weights alone"), "{}", error.chain());
    }
}
