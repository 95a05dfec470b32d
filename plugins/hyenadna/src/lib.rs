//! HyenaDNA as a dynamic plugin: tokenizer and encoder.
//!
//! # The domain in a minute
//!
//! HyenaDNA (Nguyen et al., `NeurIPS` 2023) reads single bases and replaces attention by convolutions as long as the row, so
//! that rows of a hundred thousand bases and more are within reach. It was trained to guess the next base and sees only
//! what comes before.
//!
//! | spec | what |
//! |---|---|
//! | `hyenadna-bases` | the tokenizer |
//! | `hyenadna:FOLDER` | the model of a folder: `config.json` and `model.safetensors` or `pytorch_model.bin` |
//! | `hyenadna:FOLDER+random,seed=N` | the shape of a folder with fresh weights |
//!
//! The plugin hands over its graph and its weights (`dlm.trainable/1`); the host runs and trains it. Rows are padded on the
//! right, which changes no state of a base, and end with `[SEP]`, as in training.

mod tokenizer;

use dlm_nn::{
    hyenadna::HyenaDna,
    network::{NetworkEncoder, open_spec},
};
use dlm_sdk::{Config, OptionSpec, Result};

use tokenizer::{Bases, SEP};

const OPTIONS: &[OptionSpec] = &[OptionSpec {
    key: "seed",
    default: None,
    help: "chooses the weights of FOLDER+random, 0 unless given",
}];

fn encoder(config: &Config) -> Result<NetworkEncoder> {
    let (_, network, origin) = open_spec(config, HyenaDna::build)?;
    Ok(NetworkEncoder::new("hyenadna", "hyenadna-bases", network, &origin)?.around(None, Some(SEP)))
}

dlm_sdk::export_plugin! {
    id: "org.dlm.hyenadna";
    tokenizer "hyenadna-bases", "a token a base, in HyenaDNA's ids", create: |_config| Ok(Bases::new());
    encoder "hyenadna", "HyenaDNA in a model folder", options: OPTIONS, create: encoder;
}
