//! DNABERT-2 as a dynamic plugin: tokenizer and encoder.
//!
//! # The domain in a minute
//!
//! DNABERT-2 (Zhou et al., ICLR 2024) reads tokens of byte-pair encoding learned on the genomes of 135 species, and
//! measures distances instead of positions, so that rows of any length work. DNABERT-S (Zhou et al. 2024) is the same
//! network, trained on to tell species apart.
//!
//! | spec | what |
//! |---|---|
//! | `dnabert2-bpe:FOLDER` | the tokenizer: the folder's `tokenizer.json` |
//! | `dnabert2:FOLDER` | the model of a folder: `config.json`, `tokenizer.json`, and `pytorch_model.bin` or `model.safetensors` |
//! | `dnabert2:FOLDER+random,seed=N` | the shape of a folder with fresh weights |
//!
//! The plugin hands over its graph and its weights (`dlm.trainable/1`); the host runs and trains it. Rows stand between
//! `[CLS]` and `[SEP]`. The authors pool the mean of all tokens for embeddings and the first token for fine-tuning.

mod tokenizer;

use dlm_nn::{
    dnabert2::DnaBert2,
    network::{NetworkEncoder, open_spec},
};
use dlm_sdk::{Config, Error, OptionSpec, Result, Tokenizer as _};

use tokenizer::BytePairs;

const OPTIONS: &[OptionSpec] = &[OptionSpec {
    key: "seed",
    default: None,
    help: "chooses the weights of FOLDER+random, 0 unless given",
}];

fn encoder(config: &Config) -> Result<NetworkEncoder> {
    let (folder, network, origin) = open_spec(config, DnaBert2::build)?;
    let tokenizer = BytePairs::open(&folder)?;
    let (ids, rows) = (tokenizer.spec().vocab_size as usize, network.architecture().facts().vocab_size);
    if ids > rows {
        return Err(Error::invalid(format!(
            "{}: tokenizer.json has {ids} ids and the embedding table {rows} rows",
            folder.display()
        ))
        .with_hint("tokenizer and weights must be of the same model"));
    }
    let special = tokenizer.spec().special;
    let spec = format!("dnabert2-bpe:{}", folder.display());
    let origin = format!("{origin} {}", tokenizer.spec().fingerprint);
    Ok(NetworkEncoder::new("dnabert2", &spec, network, &origin)?.around(special.cls, special.sep))
}

dlm_sdk::export_plugin! {
    id: "org.dlm.dnabert2";
    tokenizer "dnabert2-bpe", "byte-pair encoding from the tokenizer.json of a model folder",
    create: BytePairs::from_config;
    encoder "dnabert2", "DNABERT-2 in a model folder", options: OPTIONS, create: encoder;
}
