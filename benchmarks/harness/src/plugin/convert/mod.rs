//! A bundle from a model folder of Hugging Face: `dlm plugin new NAME --from-huggingface FOLDER`.
//!
//! | the folder holds | the bundle's graph |
//! |---|---|
//! | `model.onnx` or `onnx/model.onnx` | that export, its inputs and outputs renamed, or the reason why it cannot be used |
//! | `config.json` and weights of a BERT, DNABERT-2, ESM or HyenaDNA | built here, with every layer and the logits |
//!
//! The tokenizer is the folder's `tokenizer.json`. HyenaDNA's single bases and the Nucleotide Transformer's 6-mers have
//! none, and get one.

mod export;
mod mask;
mod tokens;
mod weights;

use std::path::Path;

use dlm_graph::Graph;
use dlm_sdk::{Error, Result};
use sha2::{Digest as _, Sha256};

use super::new;

/// Protocol buffers hold less than this, and the digest of a bundle is of whole files.
const MOST: u64 = (1 << 31) - (1 << 20);

/// An input: its key in the manifest and its name in the graph.
type Port = (&'static str, &'static str);

const MASK: Port = ("mask", "attention_mask");
const TOKEN_TYPES: Port = ("token_types", "token_type_ids");
const POSITIONS: Port = ("positions", "position_ids");

/// A graph and how it is used.
struct Converted {
    graph: Graph,
    /// Whether there is an output `logits`.
    logits: bool,
    /// The inputs beside ids, as keys of the manifest and names in the graph.
    further: Vec<Port>,
    facts: Facts,
}

/// What `config.json` says beside the graph.
#[derive(Clone, Debug, Default)]
struct Facts {
    max_tokens: Option<usize>,
    /// Whether the tokenizer's tokens open and close each row; `None`: where it has them.
    cls: Option<bool>,
    sep: Option<bool>,
    causal: bool,
    summary: String,
}

/// Writes a bundle and returns its files.
///
/// # Errors
///
/// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) with the reason, where the folder's model cannot be a bundle;
/// [`Invalid`](dlm_sdk::ErrorKind::Invalid) where it holds none; reading or writing fails.
pub(super) fn write(source: &Path, folder: &Path, name: &str, id: &str) -> Result<Vec<String>> {
    let exported = ["model.onnx", "onnx/model.onnx"].iter().map(|file| source.join(file));
    let exported = exported.into_iter().find(|path| path.is_file());
    let config = weights::Config::open(source)?;
    let converted = match (&exported, &config) {
        (Some(path), _) => export::convert(path, config.as_ref())
            .map_err(|error| error.within(path.display().to_string()))?,
        (None, Some(config)) => weights::convert(source, config)?,
        (None, None) => {
            return Err(Error::invalid(format!(
                "{}: has no model.onnx and no config.json",
                source.display()
            ))
            .with_hint("name the folder of a model, as Hugging Face has it"));
        }
    };
    let tokenizer = tokens::of(source, config.as_ref())?;
    let graph = converted
        .graph
        .to_onnx()
        .map_err(|error| Error::unsupported("the graph cannot be written").with_source(error))?;
    if graph.len() as u64 > MOST {
        return Err(Error::unsupported(format!(
            "the graph has {} bytes, more than one file holds",
            graph.len()
        ))
        .with_hint("models of more than 500 million parameters are plugins, not bundles"));
    }
    let manifest = manifest(name, id, &converted, &tokenizer, &graph);
    for (file, content) in [
        ("model.onnx", &graph),
        ("tokenizer.json", &tokenizer.text.into_bytes()),
        ("plugin.toml", &manifest.into_bytes()),
    ] {
        new::write(&folder.join(file), content)?;
    }
    Ok(["plugin.toml", "model.onnx", "tokenizer.json"].map(str::to_owned).to_vec())
}

fn manifest(name: &str, id: &str, converted: &Converted, tokenizer: &tokens::Tokens, graph: &[u8]) -> String {
    let facts = &converted.facts;
    let text = |value: &str| format!("{value:?}");
    let further: String = converted
        .further
        .iter()
        .map(|(key, name)| format!(", {key} = {name:?}"))
        .collect::<Vec<_>>()
        .concat();
    let logits = if converted.logits { ", logits = \"logits\"" } else { "" };
    let special: Vec<String> =
        tokenizer.special.iter().map(|(role, token)| format!("{role} = {}", text(token))).collect();
    let mut encoder = format!(
        "graph = \"model.onnx\"\ninputs = {{ ids = \"input_ids\"{further} }}\n\
         outputs = {{ hidden = \"hidden\"{logits} }}\n"
    );
    for line in [
        facts.max_tokens.map(|most| format!("max_tokens = {most}\n")),
        facts.cls.map(|there| format!("cls = {there}\n")),
        facts.sep.map(|there| format!("sep = {there}\n")),
        facts.causal.then(|| "causal = true\n".to_owned()),
    ] {
        encoder.extend(line);
    }
    format!(
        "manifest = 1\n\n[plugin]\nid = {}\nversion = \"0.1.0\"\nkind = \"bundle\"\nsummary = {}\n\
         license = \"\"\ncitation = \"\"\n\n\
         [[component]]\nkind = \"tokenizer\"\nid = \"{name}-tokens\"\n\n\
         [[component]]\nkind = \"encoder\"\nid = \"{name}\"\ntokenizer = \"{name}-tokens\"\n\n\
         [files]\n\"model.onnx\" = {{ sha256 = \"{}\" }}\n\"tokenizer.json\" = {{ sha256 = \"{}\" }}\n\n\
         [bundle.tokenizer]\nfile = \"tokenizer.json\"\nspecial = {{ {} }}\n\n[bundle.encoder]\n{encoder}",
        text(id),
        text(&facts.summary),
        dlm_sdk::hexadecimal(&Sha256::digest(graph)),
        dlm_sdk::hexadecimal(&Sha256::digest(&tokenizer.text)),
        special.join(", "),
    )
}
