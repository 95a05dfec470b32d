//! The tokenizer of a model folder.

use std::path::Path;

use dlm_sdk::{Error, Result};
use serde_json::{Map, Value, json};

use super::weights::{Config, Known};

/// The texts that vocabularies have for each role.
const ROLES: [(&str, [&str; 3]); 5] = [
    ("pad", ["[PAD]", "<pad>", "<PAD>"]),
    ("unk", ["[UNK]", "<unk>", "<UNK>"]),
    ("cls", ["[CLS]", "<cls>", "<s>"]),
    ("sep", ["[SEP]", "<sep>", "</s>"]),
    ("mask", ["[MASK]", "<mask>", "<MASK>"]),
];

/// A `tokenizer.json` and the special tokens it has.
pub(super) struct Tokens {
    pub(super) text: String,
    pub(super) special: Vec<(&'static str, String)>,
}

/// Returns the tokenizer of a folder: its `tokenizer.json`, or one that is made for HyenaDNA and the Nucleotide
/// Transformer.
pub(super) fn of(folder: &Path, config: Option<&Config>) -> Result<Tokens> {
    let path = folder.join("tokenizer.json");
    if path.is_file() {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
        return Tokens::new(text).map_err(|error| error.within(path.display().to_string()));
    }
    let size = config.and_then(|config| config.value["vocab_size"].as_u64());
    let made = match (config.and_then(|config| config.known), size) {
        (Some(Known::HyenaDna), _) => bases(),
        (Some(Known::Esm), Some(4105)) => six_mers(&["<unk>", "<pad>", "<mask>", "<cls>"]),
        (Some(Known::Esm), Some(4107)) => six_mers(&["<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>"]),
        _ => {
            return Err(Error::unsupported(format!("{}: has no tokenizer.json", folder.display()))
                .with_hint(
                    "save the tokenizer with a current version of transformers, which writes tokenizer.json",
                ));
        }
    };
    Tokens::new(made.to_string())
}

impl Tokens {
    fn new(text: String) -> Result<Self> {
        let value: Value =
            serde_json::from_str(&text).map_err(|error| Error::invalid("is not JSON").with_source(error))?;
        let vocabulary = &value["model"]["vocab"];
        let has = |token: &str| {
            let added = value["added_tokens"].as_array().into_iter().flatten();
            vocabulary.get(token).is_some()
                || added.into_iter().any(|known| known["content"].as_str() == Some(token))
        };
        let special = ROLES
            .iter()
            .filter_map(|(role, texts)| Some((*role, texts.iter().find(|text| has(text))?.to_string())))
            .collect();
        Ok(Self { text, special })
    }
}

fn file(special: &[&str], words: impl Iterator<Item = String>, pre: Value, model: Value) -> Value {
    let mut vocabulary = Map::new();
    for (id, text) in special.iter().map(|text| (*text).to_owned()).chain(words).enumerate() {
        vocabulary.insert(text, json!(id));
    }
    let added: Vec<Value> = special
        .iter()
        .enumerate()
        .map(|(id, text)| {
            json!({"id": id, "content": text, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true})
        })
        .collect();
    let mut model = model;
    model["vocab"] = Value::Object(vocabulary);
    json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null,
        "pre_tokenizer": pre, "post_processor": null, "decoder": null, "model": model})
}

/// HyenaDNA's single bases.
fn bases() -> Value {
    let special = ["[CLS]", "[SEP]", "[BOS]", "[MASK]", "[PAD]", "[RESERVED]", "[UNK]"];
    let words = ["A", "C", "G", "T", "N"].into_iter().map(str::to_owned);
    let model = json!({"type": "BPE", "dropout": null, "unk_token": "[UNK]", "continuing_subword_prefix": null,
        "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "merges": []});
    file(&special, words, Value::Null, model)
}

/// The Nucleotide Transformer's 6-mers, in its order of bases, with single bases where no 6-mer fits.
fn six_mers(special: &[&str]) -> Value {
    let order = ['A', 'T', 'C', 'G'];
    let words = (0..4096usize)
        .map(move |word| (0..6).rev().map(|place| order[word >> (2 * place) & 3]).collect::<String>())
        .chain(["A", "T", "C", "G", "N"].into_iter().map(str::to_owned));
    let pre = json!({"type": "Split", "pattern": {"Regex": "[ACGT]{6}|."}, "behavior": "Isolated", "invert": false});
    file(special, words, pre, json!({"type": "WordLevel", "unk_token": "<unk>"}))
}
