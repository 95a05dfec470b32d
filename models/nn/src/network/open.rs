//! A network from a folder: its configuration, and weights or a seed.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use dlm_sdk::{Config, Error, Result};
use sha2::{Digest as _, Sha256};

use super::{Architecture, Network};
use crate::weights::Checkpoint;

/// The files that hold weights, in the order they are looked for.
const WEIGHTS: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

/// Makes an architecture of the text of a `config.json` and the names of a file's tensors, which tell what heads there
/// are; without a file there are none of them.
pub type Builder = fn(config: &str, tensors: Option<&[&str]>) -> Result<Box<dyn Architecture>>;

/// Returns the file of a folder that holds the weights.
///
/// # Errors
///
/// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if there is none, [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) if they are
/// spread over several.
pub fn weights_file(folder: &Path) -> Result<PathBuf> {
    if let Some(file) = WEIGHTS.iter().map(|name| folder.join(name)).find(|file| file.is_file()) {
        return Ok(file);
    }
    for name in WEIGHTS {
        let index = folder.join(format!("{name}.index.json"));
        if index.is_file() {
            return Err(Error::unsupported(format!("{}: the weights lie in several files", index.display()))
                .with_hint("save them as one model.safetensors"));
        }
    }
    Err(Error::invalid(format!("{}: has no {}", folder.display(), WEIGHTS.join(" and no ")))
        .with_hint("a model folder holds config.json, weights and a tokenizer"))
}

/// Opens the network of a folder and says where its weights come from: with a seed they are fresh and no weight file is
/// needed, without one they are the file's.
///
/// # Errors
///
/// There is no `config.json` or it is of another architecture, or there are no weights or they are not those of the
/// configuration.
pub fn open(folder: &Path, seed: Option<u64>, build: Builder) -> Result<(Network, String)> {
    let path = folder.join("config.json");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
    let within = |error: Error| error.within(path.display().to_string());
    let file = match (weights_file(folder), seed) {
        (Ok(file), _) => Some(file),
        (Err(_), Some(_)) => None,
        (Err(error), None) => return Err(error),
    };
    let checkpoint = file.as_ref().map(Checkpoint::open).transpose()?;
    let names: Option<Vec<&str>> =
        checkpoint.as_ref().map(|it| it.entries().iter().map(|entry| entry.name.as_str()).collect());
    let architecture = build(&text, names.as_deref()).map_err(within)?;
    match (seed, checkpoint, file) {
        (None, Some(checkpoint), Some(file)) => {
            let network = Network::from_checkpoint(architecture, checkpoint)
                .map_err(|error| error.within(file.display().to_string()))?;
            Ok((network, digest(&file)?))
        }
        (seed, ..) => {
            let seed = seed.unwrap_or(0);
            Ok((Network::random(architecture, seed), format!("seed {seed}")))
        }
    }
}

/// What a spec ends with that asks for fresh weights.
const FRESH: &str = "+random";

/// Opens what a spec's positional argument names: `FOLDER` with its weights, or `FOLDER+random` with fresh ones that the
/// option `seed` chooses. Returns the folder, the network, and where its weights come from.
///
/// # Errors
///
/// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if no folder is named, or a seed for weights that are there; as [`open`].
pub fn open_spec(config: &Config, build: Builder) -> Result<(PathBuf, Network, String)> {
    let text = config.positional().ok_or_else(|| {
        Error::invalid("no model folder is named")
            .with_hint("name one that holds config.json and weights: ID:FOLDER")
    })?;
    let seed: Option<u64> = config.parse("seed")?;
    let (folder, seed) = match (text.strip_suffix(FRESH), seed) {
        (Some(folder), seed) => (folder, Some(seed.unwrap_or(0))),
        (None, None) => (text, None),
        (None, Some(_)) => {
            return Err(Error::invalid(format!("{text} has weights of its own, which no seed changes"))
                .with_hint(format!("{text}{FRESH} has fresh ones")));
        }
    };
    let folder = PathBuf::from(folder);
    let (network, origin) = open(&folder, seed, build)?;
    Ok((folder, network, origin))
}

/// Digests a file.
fn digest(path: &Path) -> Result<String> {
    let failed = |error| Error::io(format!("{}: cannot be read", path.display()), error);
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let (mut hasher, mut block) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        let count = file.read(&mut block).map_err(failed)?;
        if count == 0 {
            return Ok(dlm_sdk::hexadecimal(&hasher.finalize()));
        }
        hasher.update(&block[..count]);
    }
}
