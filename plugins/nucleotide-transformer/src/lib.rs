//! The Nucleotide Transformer as a dynamic plugin: tokenizer and encoder.
//!
//! # The domain in a minute
//!
//! The Nucleotide Transformer (Dalla-Torre et al., Nat Methods 2025) reads 6-mers that do not overlap. The first version
//! learned its positions and takes 1,000 tokens; the second turns queries and keys and takes 2,048.
//!
//! | spec | what |
//! |---|---|
//! | `nt-6mer:v1`, `nt-6mer:v2` | the tokenizer of either version |
//! | `nucleotide-transformer:FOLDER` | the model of a folder: `config.json` and `model.safetensors` or `pytorch_model.bin` |
//! | `nucleotide-transformer:FOLDER+random,seed=N` | the shape of a folder with fresh weights |
//!
//! The plugin hands over its graph and its weights (`dlm.trainable/1`); the host runs and trains it. Rows begin with
//! `<cls>` and have no end token.

mod tokenizer;

use dlm_nn::{
    esm::Esm,
    network::{NetworkEncoder, open_spec},
};
use dlm_sdk::{Config, Error, OptionSpec, Result};

use tokenizer::{CLS, SixMers, Version};

const OPTIONS: &[OptionSpec] = &[OptionSpec {
    key: "seed",
    default: None,
    help: "chooses the weights of FOLDER+random, 0 unless given",
}];

fn encoder(config: &Config) -> Result<NetworkEncoder> {
    let (folder, network, origin) = open_spec(config, Esm::build)?;
    let rows = network.architecture().facts().vocab_size;
    let version = Version::of_size(rows).ok_or_else(|| {
        Error::unsupported(format!(
            "{}: vocab_size {rows} is that of no Nucleotide Transformer: {} or {}",
            folder.display(),
            Version::First.size(),
            Version::Second.size()
        ))
    })?;
    let tokenizer = format!("nt-6mer:{}", version.name());
    Ok(NetworkEncoder::new("nucleotide-transformer", &tokenizer, network, &origin)?.around(Some(CLS), None))
}

dlm_sdk::export_plugin! {
    id: "org.dlm.nucleotide-transformer";
    tokenizer "nt-6mer", "6-mers of the Nucleotide Transformer, v1 or v2", create: SixMers::from_config;
    encoder "nucleotide-transformer", "the Nucleotide Transformer in a model folder",
    options: OPTIONS, create: encoder;
}
