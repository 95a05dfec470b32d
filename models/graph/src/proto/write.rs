//! A graph as a file.

use prost::Message;

use crate::{
    Dim, Graph, Node, Result, Shape, Var,
    graph::Origin,
    infer,
    proto::{
        attribute,
        messages::{
            DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorShapeProto,
            TensorTypeProto, TypeProto, ValueInfoProto,
        },
        tensor,
    },
};

/// Returns the version of ONNX's file format that came with a version of its operators.
fn ir_version(opset: i64) -> i64 {
    match opset {
        ..=20 => 9,
        21 | 22 => 10,
        _ => 11,
    }
}

impl Graph {
    /// Returns the graph as an ONNX model: operators of opset 20 (or what the model was read with), tensors within.
    ///
    /// Nodes and constants that no output depends on are left out; inputs are all there. Protobuf ends at 2 GiB: larger
    /// models keep their weights as inputs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) without outputs, [`ErrorKind::Cycle`](crate::ErrorKind::Cycle).
    pub fn to_onnx(&self) -> Result<Vec<u8>> {
        if self.outputs().is_empty() {
            return Err(crate::Error::value(self.name(), "the graph has no output"));
        }
        let order = self.file_order(self.outputs())?;
        let mut used = vec![false; self.values.len()];
        let inputs = order.iter().flat_map(|&at| self.nodes[at].inputs.iter().flatten());
        inputs.chain(self.outputs()).for_each(|var| used[var.index as usize] = true);
        let mut initializer = Vec::new();
        for (value, _) in self.values.iter().zip(&used).filter(|(_, used)| **used) {
            if let Origin::Constant(tensor) = &value.origin {
                initializer.push(tensor::written(&value.name, tensor));
            }
        }
        // Root-mean-square normalisation came with opset 23.
        let newer = order.iter().any(|&at| self.nodes[at].operator() == "RMSNormalization");
        let version = if newer { self.opset.max(23) } else { self.opset };
        let mut domains = vec![opset("", version)];
        let mut extra: Vec<&str> = order.iter().map(|&at| self.nodes[at].domain()).collect();
        extra.sort_unstable();
        extra.dedup();
        for domain in extra.into_iter().filter(|domain| !domain.is_empty()) {
            domains.push(opset(domain, self.domains.get(domain).copied().unwrap_or(1)));
        }
        let graph = GraphProto {
            node: order.iter().map(|&at| self.node_proto(&self.nodes[at], &used)).collect::<Result<_>>()?,
            name: Some(self.name().to_owned()),
            initializer,
            input: self.inputs().iter().map(|&var| self.info(var)).collect::<Result<_>>()?,
            output: self.outputs().iter().map(|&var| self.info(var)).collect::<Result<_>>()?,
            value_info: self.declarations(&order, &used)?,
            sparse_initializer: Vec::new(),
        };
        let model = ModelProto {
            ir_version: Some(ir_version(version)),
            producer_name: Some("dlm-graph".to_owned()),
            producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            graph: Some(graph),
            opset_import: domains,
            ..ModelProto::default()
        };
        Ok(model.encode_to_vec())
    }

    fn node_proto(&self, node: &Node, used: &[bool]) -> Result<NodeProto> {
        let name = |var: &Option<Var>| match var {
            Some(var) => self.name_of(*var).map(str::to_owned),
            None => Ok(String::new()),
        };
        // An optional output that nothing takes is not asked for.
        let wanted = |(at, var): (usize, &Option<Var>)| match var {
            Some(var) if at == 0 || used[var.index as usize] => name(&Some(*var)),
            _ => Ok(String::new()),
        };
        let keeps_all = node.operator() == "Split";
        let mut output: Vec<String> = if keeps_all {
            node.outputs.iter().map(name).collect::<Result<_>>()?
        } else {
            node.outputs.iter().enumerate().map(wanted).collect::<Result<_>>()?
        };
        while output.len() > 1 && output.last().is_some_and(String::is_empty) {
            output.pop();
        }
        Ok(NodeProto {
            input: node.inputs.iter().map(name).collect::<Result<_>>()?,
            output,
            name: Some(node.name().to_owned()),
            op_type: Some(node.operator().to_owned()),
            attribute: node
                .attributes()
                .iter()
                .map(|(name, value)| attribute::written(name, value))
                .collect(),
            domain: (!node.domain().is_empty()).then(|| node.domain().to_owned()),
        })
    }

    /// Returns the types that a reader cannot infer.
    fn declarations(&self, order: &[usize], used: &[bool]) -> Result<Vec<ValueInfoProto>> {
        let mut infos = Vec::new();
        for &at in order {
            let node = &self.nodes[at];
            let types = if infer::known(&node.key()) {
                infer::infer(self, node, node.outputs.len())?
            } else {
                Vec::new()
            };
            for (index, output) in node.outputs.iter().enumerate() {
                let Some(output) = *output else { continue };
                let inferred = types.get(index).is_some_and(|of| of.shape.is_some());
                let written = used[output.index as usize] && !self.outputs.contains(&output);
                if written && !inferred {
                    infos.push(self.info(output)?);
                }
            }
        }
        Ok(infos)
    }

    fn info(&self, var: Var) -> Result<ValueInfoProto> {
        let value = self.value(var)?;
        let shape = value.shape.as_ref().map(shape_proto);
        let tensor = TensorTypeProto { elem_type: Some(value.dtype.code()), shape };
        let of = TypeProto { tensor_type: Some(tensor) };
        Ok(ValueInfoProto { name: Some(value.name.to_string()), r#type: Some(of) })
    }
}

fn opset(domain: &str, version: i64) -> OperatorSetIdProto {
    OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(version) }
}

fn shape_proto(shape: &Shape) -> TensorShapeProto {
    let dim = |dim: &Dim| match dim {
        Dim::Fixed(size) => DimensionProto { dim_value: Some(*size as i64), dim_param: None },
        Dim::Symbol(name) => DimensionProto { dim_value: None, dim_param: Some(name.to_string()) },
    };
    TensorShapeProto { dim: shape.iter().map(dim).collect() }
}
