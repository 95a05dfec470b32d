//! Writes the loss of masked-language modelling of a model folder as ONNX, for batches of one size, without dropout:
//! what other differentiators start from.
//!
//! ```text
//! cargo run -p dlm-nn --example loss_graph -- FOLDER ROWS TOKENS MASKED OUTPUT.onnx
//! ```

use std::env;

use dlm_graph::Tensor;
use dlm_nn::{
    bert::{self, Config},
    folder::Folder,
};
use dlm_sdk::{Error, Result};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, rows, tokens, masked, output] = arguments.as_slice() else {
        return Err(Error::invalid("arguments are FOLDER ROWS TOKENS MASKED OUTPUT.onnx"));
    };
    let number = |text: &str| text.parse().map_err(|_| Error::invalid(format!("{text:?} is no number")));
    let failed = |error| Error::internal("the graph cannot be built").with_source(error);
    let folder = Folder::open(folder)?;
    let model = folder.model()?;
    let config = Config { hidden_dropout: 0.0, attention_dropout: 0.0, ..folder.config().clone() };
    let graph = bert::masked_language_model(&config, "batch".into(), "tokens".into(), "masked".into());
    let sizes = [("batch", number(rows)?), ("tokens", number(tokens)?), ("masked", number(masked)?)];
    let mut graph = graph.and_then(|graph| graph.bind(&sizes)).map_err(failed)?;
    for (index, weight) in model.weights().iter().enumerate() {
        let (name, shape) = (&weight.parameter.name, weight.parameter.shape.clone());
        let Ok(var) = graph.find(name) else { continue };
        let tensor = Tensor::f32(shape, &model.values(index)?).map_err(failed)?;
        graph.set_constant(var, tensor).map_err(failed)?;
    }
    let loss = graph.find(bert::LOSS).map_err(failed)?;
    graph.clear_outputs();
    graph.output(bert::LOSS, loss).map_err(failed)?;
    graph.prune().map_err(failed)?;
    Ok(dlm_genome::output::write(output, graph.to_onnx().map_err(failed)?)?)
}
