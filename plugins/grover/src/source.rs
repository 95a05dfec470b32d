//! Where an encoder comes from: a folder, or a preset and a seed.

use dlm_nn::{
    bert::{Heads, Model},
    folder::Folder,
    preset,
};
use dlm_runtime::Device;
use dlm_sdk::{Config, Error, Registry, Result, Tokenizer};
use sha2::{Digest as _, Sha256};

use crate::BertEncoder;

/// What the spec of a random twin ends with.
const TWIN: &str = "+random";

/// The heads of a model that was pretrained here: nothing trains a pooler.
const FRESH: Heads = Heads { language_model: true, pooler: false };

/// Returns whether a text is a preset or a model folder, either of them perhaps with fresh weights.
pub(crate) fn claims(text: &str) -> bool {
    let head = text.strip_suffix(TWIN).unwrap_or(text);
    preset::names().any(|name| name == head) || Folder::is_one(head)
}

/// Makes an encoder from the configuration of its spec.
///
/// # Errors
///
/// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) for a preset without `+random`, whose weights are not part of the
/// program; whatever opening a folder or making its tokenizer fails with.
pub fn open(config: &Config, registry: &Registry) -> Result<BertEncoder> {
    let text = config.positional().unwrap_or("grover");
    let (head, random) = match text.strip_suffix(TWIN) {
        Some(head) => (head, true),
        None => (text, false),
    };
    let device: Device = config.need("device")?;
    let seed: Option<u64> = config.parse("seed")?;
    if seed.is_some() && !random {
        return Err(Error::invalid(format!("{text} has weights of its own, which no seed changes"))
            .with_hint(format!("its random twin is {text}{TWIN}")));
    }
    let seed = seed.unwrap_or(0);
    if Folder::is_one(head) {
        let folder = Folder::open(head)?;
        let spec = config.get("tokenizer").map_or_else(|| folder.tokenizer(), |spec| Ok(spec.to_owned()))?;
        let tokenizer = registry.tokenizer(&spec)?;
        fits(&*tokenizer, folder.config().vocab_size)?;
        let (model, origin) = if random {
            // A twin has the heads that the model has.
            let heads = if folder.weights().is_ok() { folder.model()?.heads() } else { FRESH };
            (Model::random(folder.config().clone(), heads, seed), format!("seed {seed}"))
        } else {
            (folder.model()?, digest(&folder)?)
        };
        return BertEncoder::new(text, model, spec, &*tokenizer, &origin, device);
    }
    let preset = preset::get(head)?;
    if !random {
        return Err(Error::unsupported(format!("the weights of {head} are not part of this program")).with_hint(
            format!(
                "name a model folder, such as one that 'dlm pretrain --preset {head}' or 'dlm model import' writes; \
                 {head}{TWIN} has fresh weights"
            ),
        ));
    }
    let spec = match config.get("tokenizer") {
        Some(spec) => spec.to_owned(),
        None => preset.tokenizer_spec().ok_or_else(|| {
            Error::invalid(format!("{text} needs a tokenizer: its vocabulary is learned"))
                .with_hint(format!("{text},tokenizer=PATH/tokenizer.json"))
        })?,
    };
    let tokenizer = registry.tokenizer(&spec)?;
    let mut shape = preset.model.config();
    // Another learned vocabulary may have another number of words.
    shape.vocab_size = tokenizer.spec().vocab_size as usize;
    let model = Model::random(shape, FRESH, seed);
    BertEncoder::new(text, model, spec, &*tokenizer, &format!("seed {seed}"), device)
}

/// Fails if a tokenizer has ids that an embedding table has no rows for.
fn fits(tokenizer: &dyn Tokenizer, rows: usize) -> Result<()> {
    let ids = tokenizer.spec().vocab_size as usize;
    if ids <= rows {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the tokenizer {} has {ids} ids and the model's embedding table {rows} rows",
        tokenizer.spec().name
    ))
    .with_hint("tokenizer and weights must be of the same model"))
}

/// Digests the weights of a folder.
fn digest(folder: &Folder) -> Result<String> {
    let path = folder.weights()?;
    let failed = |error| Error::io(format!("{}: cannot be read", path.display()), error);
    let mut hasher = Sha256::new();
    let mut file = std::fs::File::open(&path).map_err(failed)?;
    std::io::copy(&mut file, &mut HashWriter(&mut hasher)).map_err(failed)?;
    Ok(dlm_sdk::hexadecimal(&hasher.finalize()))
}

/// Feeds what is written to a digest.
struct HashWriter<'h>(&'h mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
