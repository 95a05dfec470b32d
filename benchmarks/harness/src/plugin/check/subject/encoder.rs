//! Rules of encoders that look at more than one of their faces.

use std::path::Path;

use dlm_graph::References;
use dlm_sdk::{Encoder, Error, ErrorKind, Graph, TokenTensor, conformance::Outcome};
use ndarray::{Array2, Array3};

use super::{super::super::graph_encoder::GraphEncoder, Checked, bundle, ensure, gradient, outcome, told};

/// Runs a check.
pub(super) fn check(id: &str, encoder: &mut dyn Encoder) -> Result<Outcome, String> {
    if id == "E9" {
        return Ok(outcome(leaves_inputs(encoder)));
    }
    if encoder.trainable().is_none() {
        return Err("it hands over no graph".into());
    }
    if bundle::no_runtime() {
        return Err("ONNX Runtime is not installed; hint: dlm runtime install".into());
    }
    let graph = GraphEncoder::of_trainable(encoder);
    match (id, graph) {
        ("G3" | "G5", Ok(_)) => Ok(gradient::check(id, encoder)),
        ("G4", Ok(_)) => Ok(outcome(standard(encoder))),
        ("G1", Ok(_)) => Ok(outcome(gradient::rules(encoder))),
        ("G1", Err(error)) => Ok(Outcome::Failed(told(&error))),
        (_, Err(_)) => Err("the graph does not open".into()),
        (_, Ok(mut graph)) => same(encoder, &mut graph),
    }
}

/// Returns the encoder as the host uses it: one that hands over its graph runs on the host's runtime.
pub(super) fn whole(encoder: &mut Box<dyn Encoder>) -> Result<Box<dyn Encoder + '_>, String> {
    if encoder.trainable().is_none() {
        return Ok(Box::new(Borrowed(&mut **encoder)));
    }
    if bundle::no_runtime() {
        return Err("ONNX Runtime is not installed; hint: dlm runtime install".into());
    }
    let graph = GraphEncoder::of_trainable(&mut **encoder).map_err(|error| told(&error))?;
    Ok(Box::new(graph))
}

struct Borrowed<'e>(&'e mut dyn Encoder);

impl Encoder for Borrowed<'_> {
    fn spec(&self) -> &dlm_sdk::EncoderSpec {
        self.0.spec()
    }

    fn encode(
        &mut self,
        tokens: TokenTensor<'_>,
        hidden: ndarray::ArrayViewMut3<'_, f32>,
    ) -> dlm_sdk::Result<()> {
        self.0.encode(tokens, hidden)
    }

    fn encode_layer(
        &mut self,
        tokens: TokenTensor<'_>,
        layer: usize,
        hidden: ndarray::ArrayViewMut3<'_, f32>,
    ) -> dlm_sdk::Result<()> {
        self.0.encode_layer(tokens, layer, hidden)
    }
}

fn batch(encoder: &dyn Encoder) -> (Array2<i64>, Array2<i64>) {
    let spec = encoder.spec();
    let columns = spec.max_tokens.unwrap_or(7).min(7);
    let ids = Array2::from_shape_fn((3, columns), |(row, column)| {
        ((row * 5 + column * 3) % spec.vocab_size as usize) as i64
    });
    let mut mask = Array2::ones(ids.raw_dim());
    if columns > 2 {
        mask[[1, columns - 1]] = 0;
    }
    (ids, mask)
}

pub(super) fn encode(
    encoder: &mut dyn Encoder,
    ids: &Array2<i64>,
    mask: &Array2<i64>,
) -> Result<Array3<f32>, Error> {
    let mut hidden = Array3::zeros((ids.nrows(), ids.ncols(), encoder.spec().hidden));
    encoder.encode(TokenTensor { ids: ids.view(), mask: mask.view() }, hidden.view_mut())?;
    Ok(hidden)
}

fn leaves_inputs(encoder: &mut dyn Encoder) -> Checked {
    let (ids, mask) = batch(encoder);
    let (ids_before, mask_before) = (ids.clone(), mask.clone());
    match encode(encoder, &ids, &mask) {
        Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(()),
        Err(error) => return Err(told(&error)),
        Ok(_) => {}
    }
    // What was lent to the plugin is looked at anew, not taken for what it was.
    ensure(std::hint::black_box(&ids) == ids_before, || "it wrote to the ids".into())?;
    ensure(std::hint::black_box(&mask) == mask_before, || "it wrote to the mask".into())
}

/// Looks at what the graph refers to outside itself.
fn standard(encoder: &mut dyn Encoder) -> Checked {
    let graph = encoder.trainable().map(|trainable| trainable.forward());
    let read = |bytes: &[u8]| References::of(bytes).map_err(|error| error.to_string());
    let found = match &graph {
        Some(Graph::Bytes(bytes)) => {
            let found = read(bytes)?;
            ensure(found.external.is_empty(), || "a graph in memory reads files".into())?;
            found
        }
        Some(Graph::Path(path)) => {
            let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let found = read(&bytes)?;
            found.confined(path.parent().unwrap_or(Path::new("."))).map_err(|error| error.to_string())?;
            found
        }
        None => return Err("it hands over no graph".into()),
    };
    let foreign: Vec<&str> =
        found.domains.iter().map(String::as_str).filter(|domain| !domain.is_empty()).collect();
    ensure(foreign.is_empty(), || format!("operators of {} are not the standard's", foreign.join(", ")))
}

fn same(encoder: &mut dyn Encoder, graph: &mut GraphEncoder) -> Result<Outcome, String> {
    let (ids, mask) = batch(encoder);
    let own = match encode(encoder, &ids, &mask) {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            return Err("it does not encode itself: the host runs the graph".into());
        }
        other => other,
    };
    let compared = own.and_then(|own| encode(graph, &ids, &mask).map(|by_graph| (own, by_graph)));
    let (own, by_graph) = match compared {
        Ok(both) => both,
        Err(error) => return Ok(Outcome::Failed(told(&error))),
    };
    let mut worst = 0.0_f32;
    for ((row, column, unit), value) in own.indexed_iter() {
        if mask[[row, column]] == 1 {
            worst = worst.max((value - by_graph[[row, column, unit]]).abs());
        }
    }
    Ok(outcome(ensure(worst <= 1e-4, || format!("they differ by {worst}"))))
}
