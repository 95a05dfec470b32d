//! A bundle's graph as one that can be fine-tuned: its weights become inputs, and its names those of the contract.
//!
//! Exporters write weights and constants alike as initialisers. What is fine-tuned here is every `f32` initialiser of more
//! than one number; single numbers, integers and tables with an infinity are constants (an epsilon, a shape, a mask). So
//! are those that graphs built here call `constant_N`: slopes of distances, angles of positions.

use std::path::Path;

use dlm_graph::{DataType, Graph as OnnxGraph, Tensor, Var};
use dlm_sdk::{Error, Graph, Parameter, Result};
use ndarray::{ArrayD, IxDyn};

use super::graph_encoder::Ports;

/// A graph without its weights, and the weights.
#[derive(Debug)]
pub(super) struct Handed {
    /// From `input_ids`, `attention_mask` and every weight to `hidden` and, where there are some, `hidden.N` and
    /// `logits`.
    pub(super) graph: Graph,
    /// The weights' names, shapes, groups and decay.
    pub(super) parameters: Vec<Parameter>,
    /// Their values.
    pub(super) values: Vec<ArrayD<f32>>,
}

impl Handed {
    /// Makes weights of a file's initialisers.
    ///
    /// # Errors
    ///
    /// The graph takes something besides ids, mask and token types, or cannot be read.
    pub(super) fn of_file(path: &Path, ports: &Ports, layers: &[String]) -> Result<Self> {
        let failed = |error: dlm_graph::Error| {
            Error::unsupported(format!("{}: the graph cannot be fine-tuned", path.display()))
                .with_source(error)
        };
        let mask = ports.mask.as_deref().ok_or_else(|| {
            Error::unsupported(format!(
                "{}: the graph cannot be fine-tuned: it takes no mask, and would learn from padding",
                path.display()
            ))
        })?;
        let mut graph = OnnxGraph::read(path).map_err(failed)?;
        let (parameters, values) = weights(&mut graph).map_err(failed)?;
        rename(&mut graph, ports, mask, layers).map_err(failed)?;
        let bytes = graph.to_onnx().map_err(failed)?;
        Ok(Self { graph: Graph::Bytes(bytes.into()), parameters, values })
    }
}

fn weights(graph: &mut OnnxGraph) -> dlm_graph::Result<(Vec<Parameter>, Vec<ArrayD<f32>>)> {
    let (mut parameters, mut values) = (Vec::new(), Vec::new());
    for var in graph.initialisers() {
        let Some(tensor) = graph.tensor(var) else { continue };
        if tensor.dtype() != DataType::F32 || tensor.len() < 2 {
            continue;
        }
        let numbers: Vec<f32> = tensor.reals().into_iter().map(|value| value as f32).collect();
        if numbers.iter().any(|value| !value.is_finite()) {
            continue;
        }
        let shape = tensor.dims().to_vec();
        let Ok(value) = ArrayD::from_shape_vec(IxDyn(&shape), numbers) else { continue };
        let name = graph.name_of(var)?.to_owned();
        if name.rsplit('/').next().is_some_and(|last| last.starts_with("constant_")) {
            continue;
        }
        let group = group(graph, var, &name)?;
        graph.make_parameter(var)?;
        parameters.push(Parameter { name, decay: shape.len() > 1, shape, group });
        values.push(value);
    }
    Ok((parameters, values))
}

/// Returns the layer of a weight, from one; zero for embeddings. A weight whose own name has no number, as exporters
/// write transposed ones, is of the layer of the node that takes it.
fn group(graph: &OnnxGraph, var: Var, name: &str) -> dlm_graph::Result<u32> {
    if let Some(layer) = layer_in(name) {
        return Ok(layer + 1);
    }
    for node in graph.nodes().iter().filter(|node| node.inputs().contains(&Some(var))) {
        for output in node.outputs().iter().flatten() {
            if let Some(layer) = layer_in(graph.name_of(*output)?) {
                return Ok(layer + 1);
            }
        }
    }
    Ok(0)
}

/// Returns the first number that stands alone in a name, as in `encoder.layer.3.attention`.
fn layer_in(name: &str) -> Option<u32> {
    name.split(['.', '/']).find_map(|part| part.parse().ok())
}

fn rename(graph: &mut OnnxGraph, ports: &Ports, mask: &str, layers: &[String]) -> dlm_graph::Result<()> {
    let outputs: Vec<(String, Var)> = [(&ports.hidden, "hidden")]
        .into_iter()
        .chain(ports.logits.iter().map(|name| (name, "logits")))
        .chain(layers.iter().map(|name| (name, name.as_str())))
        .map(|(from, to)| Ok((to.to_owned(), graph.find(from)?)))
        .collect::<dlm_graph::Result<_>>()?;
    let ids = graph.find(&ports.ids)?;
    if let Some(name) = &ports.token_types {
        // Every token is of type zero.
        let types = graph.find(name)?;
        let zeros = graph.mul_scalar(ids, 0.0)?;
        let dtype = graph.dtype(types)?;
        let zeros = graph.cast(zeros, dtype)?;
        replace_input(graph, types, zeros)?;
    }
    if let Some(name) = &ports.positions {
        // Places are counted from zero.
        let positions = graph.find(name)?;
        let dtype = graph.dtype(positions)?;
        let columns = graph.dim_of(ids, 1)?;
        let columns = graph.squeeze(columns, &[0])?;
        let places = graph.count_to(columns)?;
        let shape = graph.shape_of(ids)?;
        let places = graph.expand_to(places, shape)?;
        let places = graph.cast(places, dtype)?;
        replace_input(graph, positions, places)?;
    }
    let mask = graph.find(mask)?;
    graph.rename(ids, "input_ids")?;
    graph.rename(mask, "attention_mask")?;
    graph.clear_outputs();
    for (name, var) in outputs {
        graph.output(&name, var)?;
    }
    graph.prune()
}

/// Makes whatever takes an input take a value of the graph, and the input none.
pub(super) fn replace_input(graph: &mut OnnxGraph, input: Var, value: Var) -> dlm_graph::Result<()> {
    graph.replace_uses(input, value)?;
    // Inputs stay when a graph is pruned; a constant that nothing takes does not.
    let dtype = graph.dtype(input)?;
    graph.set_constant(input, Tensor::from_reals(dtype, [1, 1], &[0.0])?)?;
    graph.prune()
}

#[cfg(test)]
mod tests {
    use dlm_graph::interpret::Array;

    use super::*;

    fn template() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/templates/bundle/model.onnx")
    }

    fn ports() -> Ports {
        Ports {
            ids: "input_ids".into(),
            mask: Some("attention_mask".into()),
            token_types: None,
            positions: None,
            hidden: "last_hidden_state".into(),
            logits: Some("logits".into()),
        }
    }

    #[test]
    fn weights_become_inputs_and_names_those_of_the_contract() {
        let handed = Handed::of_file(&template(), &ports(), &[]).unwrap();
        let mut weights: Vec<&str> = handed.parameters.iter().map(|it| it.name.as_str()).collect();
        weights.sort_unstable();
        assert_eq!(
            weights,
            ["context.weight", "dense.bias", "dense.weight", "embeddings.weight", "head.weight"]
        );
        let bias = handed.parameters.iter().find(|it| it.name == "dense.bias").unwrap();
        assert!(!bias.decay && bias.shape == [8]);
        let Graph::Bytes(bytes) = &handed.graph else { panic!("the graph is in memory") };
        let graph = OnnxGraph::from_onnx(bytes, None).unwrap();
        let named = |vars: &[Var]| -> Vec<String> {
            vars.iter().map(|var| graph.name_of(*var).unwrap().to_owned()).collect()
        };
        assert_eq!(named(graph.outputs()), ["hidden", "logits"]);
        assert_eq!(named(graph.inputs()).len(), 2 + 5);
        assert!(graph.find("input_ids").is_ok() && graph.find("attention_mask").is_ok());
    }

    #[test]
    fn a_graph_without_a_mask_is_refused_with_the_reason() {
        let other = Ports { mask: None, ..ports() };
        let error = Handed::of_file(&template(), &other, &[]).unwrap_err();
        assert!(error.to_string().contains("it takes no mask"), "{error}");
    }

    /// What a graph takes beside ids and mask is made in it: types are zero, places are counted.
    #[test]
    fn further_inputs_are_made_in_the_graph() {
        let mut graph = OnnxGraph::new("positions");
        let axes = ["batch", "tokens"];
        let input = |graph: &mut OnnxGraph, name: &str| graph.input(name, DataType::I64, axes).unwrap();
        let (ids, mask) = (input(&mut graph, "input_ids"), input(&mut graph, "attention_mask"));
        let (types, places) = (input(&mut graph, "types"), input(&mut graph, "places"));
        let table = dlm_graph::Tensor::f32([4, 2], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]).unwrap();
        let table = graph.initialiser("table", table).unwrap();
        let sum = graph.add(places, types).unwrap();
        let sum = graph.mul(sum, mask).unwrap();
        let sum = graph.add(sum, ids).unwrap();
        let states = graph.gather(table, sum, 0).unwrap();
        graph.output("states", states).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        std::fs::write(&path, graph.to_onnx().unwrap()).unwrap();
        let ports = Ports {
            token_types: Some("types".into()),
            positions: Some("places".into()),
            hidden: "states".into(),
            logits: None,
            ..ports()
        };
        let handed = Handed::of_file(&path, &ports, &[]).unwrap();
        let Graph::Bytes(bytes) = &handed.graph else { panic!("the graph is in memory") };
        let graph = OnnxGraph::from_onnx(bytes, None).unwrap();
        let names: Vec<_> = graph.inputs().iter().map(|var| graph.name_of(*var).unwrap()).collect();
        assert_eq!(names, ["input_ids", "attention_mask", "table"]);
        let whole = |values: &[i64]| Array::integers(&[1, 3], values.to_vec()).unwrap();
        let table = Array::reals(&[4, 2], (0..8).map(f64::from).collect()).unwrap();
        let feeds =
            [("input_ids", whole(&[1, 0, 1])), ("attention_mask", whole(&[1, 1, 1])), ("table", table)];
        let rows = graph.interpret(&feeds).unwrap()[0].to_reals();
        assert_eq!(rows, [2.0, 3.0, 2.0, 3.0, 6.0, 7.0]);
    }

    #[test]
    fn layers_are_read_off_names() {
        assert_eq!(layer_in("encoder.layer.3.attention.weight"), Some(3));
        assert_eq!(layer_in("/encoder/layer.11/MatMul_output_0"), Some(11));
        assert_eq!(layer_in("embeddings.weight"), None);
    }
}
