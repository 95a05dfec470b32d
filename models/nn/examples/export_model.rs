//! Writes a preset with fresh weights as a Hugging Face folder with a plain ONNX file beside.
//!
//! ```text
//! cargo run --release -p dlm-nn --example export_model -- PRESET SEED OUTPUT
//! python tests/oracles/nn/loads.py OUTPUT
//! ```

use std::{env, path::PathBuf};

use dlm_nn::{
    bert::{Heads, Model},
    folder::{self, Tokenizer},
    preset,
    weights::Element,
};
use dlm_sdk::{Error, Result};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [preset, seed, output] = arguments.as_slice() else {
        return Err(Error::invalid("arguments are PRESET SEED OUTPUT"));
    };
    let preset = preset::get(preset)?;
    let seed = seed.parse().map_err(|_| Error::invalid(format!("{seed:?} is no seed")))?;
    let output = PathBuf::from(output);
    let heads = Heads { language_model: true, pooler: false };
    let mut config = preset.model.config();
    // Fresh weights of a usual spread give nearly equal logits; wider ones show a mistake.
    config.initializer_range = 0.05;
    let model = Model::random(config, heads, seed);
    folder::write(&output, &model, Tokenizer::Spec("char"), Element::F32)?;
    let onnx = model
        .whole_graph()?
        .to_onnx()
        .map_err(|error| Error::internal("the model cannot be written").with_source(error))?;
    Ok(dlm_genome::output::write(output.join("model.onnx"), onnx)?)
}
