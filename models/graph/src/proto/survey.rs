//! What a model refers to outside itself, found without reading a single weight.

use std::{collections::BTreeSet, path::Path};

use prost::Message;

use super::{
    external,
    messages::{FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto},
};
use crate::{Error, Result, error::ErrorKind};

/// How deep graphs may lie inside attributes of nodes.
const DEEPEST: usize = 16;

/// A tensor whose bytes lie in another file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct External {
    /// The tensor's name.
    pub tensor: String,
    /// The file, as the model names it.
    pub location: String,
    /// Where its bytes end there, if the model says.
    pub end: Option<u64>,
}

/// What a model's bytes refer to outside themselves.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct References {
    /// Tensors in other files, in the order of the model.
    pub external: Vec<External>,
    /// The domains of all operators; that of the standard is empty.
    pub domains: BTreeSet<String>,
    /// How many numbers the floating-point tensors hold that the outermost graph stores: its weights.
    pub weights: u64,
}

impl References {
    /// Finds them, in nested graphs and functions of the model too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protobuf`] for bytes that are no protobuf; [`ErrorKind::Model`] for a reference without a file, one
    /// whose numbers are none, and for graphs that are nested too deep.
    pub fn of(bytes: &[u8]) -> Result<Self> {
        let model = ModelProto::decode(bytes).map_err(ErrorKind::Protobuf)?;
        let mut found = Self::default();
        if let Some(graph) = &model.graph {
            found.graph(graph, 0)?;
            found.weights = graph.initializer.iter().filter_map(numbers).sum();
        }
        for function in &model.functions {
            let function = FunctionProto::decode(function.as_slice()).map_err(ErrorKind::Protobuf)?;
            found.nodes(&function.node, 0)?;
        }
        Ok(found)
    }

    /// Checks that every file that is referred to lies in the model's folder and holds what the model says. Returns the
    /// files, by their paths from the folder.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`], naming the tensor; [`ErrorKind::Io`] for a file that cannot be read.
    pub fn confined(&self, folder: &Path) -> Result<BTreeSet<String>> {
        let mut files = BTreeSet::new();
        for it in &self.external {
            let place = format!("tensor `{}`", it.tensor);
            let path = external::within(folder, &it.location, &place)?;
            let failed = |source| ErrorKind::Io { path: path.display().to_string(), source };
            let length = std::fs::metadata(&path).map_err(failed)?.len();
            if it.end.is_some_and(|end| end > length) {
                let problem = format!("`{}` ends at {length}, before its data does", it.location);
                return Err(Error::model(place, problem));
            }
            files.insert(it.location.trim_start_matches("./").to_owned());
        }
        Ok(files)
    }

    fn graph(&mut self, graph: &GraphProto, depth: usize) -> Result<()> {
        if depth > DEEPEST {
            return Err(Error::model("graph", format!("graphs are nested deeper than {DEEPEST}")));
        }
        graph.initializer.iter().try_for_each(|tensor| self.tensor(tensor))?;
        if !graph.sparse_initializer.is_empty() {
            return Err(Error::model("sparse_initializer", "sparse tensors are not supported"));
        }
        self.nodes(&graph.node, depth)
    }

    fn nodes(&mut self, nodes: &[NodeProto], depth: usize) -> Result<()> {
        for node in nodes {
            let domain = node.domain.as_deref().unwrap_or_default();
            self.domains.insert(if domain == "ai.onnx" { "" } else { domain }.to_owned());
            for attribute in &node.attribute {
                attribute.t.iter().chain(&attribute.tensors).try_for_each(|tensor| self.tensor(tensor))?;
                for inner in attribute.g.iter().chain(&attribute.graphs) {
                    let inner = GraphProto::decode(inner.as_slice()).map_err(ErrorKind::Protobuf)?;
                    self.graph(&inner, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    fn tensor(&mut self, tensor: &TensorProto) -> Result<()> {
        if tensor.data_location != Some(1) && tensor.external_data.is_empty() {
            return Ok(());
        }
        let name = tensor.name.clone().unwrap_or_default();
        let entry = |key: &str| external::entry(&tensor.external_data, key);
        let place = || format!("tensor `{name}`");
        let location =
            entry("location").ok_or_else(|| Error::model(place(), "external data without a location"))?;
        let number = |key: &str| external::number(&tensor.external_data, key, &place());
        let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
        let end = match length {
            Some(length) => Some(
                offset
                    .checked_add(length)
                    .ok_or_else(|| Error::model(place(), "its external data ends past every file's end"))?,
            ),
            None => None,
        };
        self.external.push(External { tensor: name.clone(), location: location.to_owned(), end });
        Ok(())
    }
}

/// Returns how many numbers a tensor of floating-point numbers with axes holds.
fn numbers(tensor: &TensorProto) -> Option<u64> {
    /// 32, 16 and 64 bits, and the 16 bits of brain floating point.
    const FLOATS: [i32; 4] = [1, 10, 11, 16];
    if tensor.dims.is_empty() || !FLOATS.contains(&tensor.data_type?) {
        return None;
    }
    tensor.dims.iter().try_fold(1_u64, |n, &length| n.checked_mul(u64::try_from(length).ok()?))
}
