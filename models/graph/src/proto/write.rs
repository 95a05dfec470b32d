//! A graph as a file.

use prost::Message;

use crate::{
    Attribute, DataType, Dim, Graph, Node, Result, Shape, Tensor, Var,
    graph::{MICROSOFT, Origin},
    proto::messages::{
        AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
        TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto, attribute_type,
    },
};

/// The version of ONNX's file format that is written.
pub(crate) const IR_VERSION: i64 = 9;
/// The version of ONNX's operators that graphs are built in.
pub(crate) const OPSET: i64 = 20;

impl Graph {
    /// Returns the graph as an ONNX model: IR version 9, operators of opset 20, tensors within.
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
        let order = self.order(self.outputs())?;
        let mut used = vec![false; self.values.len()];
        let inputs = order.iter().flat_map(|&at| self.nodes[at].inputs.iter().flatten());
        inputs.chain(self.outputs()).for_each(|var| used[var.index as usize] = true);
        let mut initializer = Vec::new();
        for (value, _) in self.values.iter().zip(&used).filter(|(_, used)| **used) {
            if let Origin::Constant(tensor) = &value.origin {
                initializer.push(tensor_proto(&value.name, tensor));
            }
        }
        let mut domains = vec![opset("", OPSET)];
        let mut extra: Vec<&str> = order.iter().map(|&at| self.nodes[at].domain()).collect();
        extra.sort_unstable();
        extra.dedup();
        domains.extend(extra.into_iter().filter(|domain| !domain.is_empty()).map(|domain| opset(domain, 1)));
        let graph = GraphProto {
            node: order.iter().map(|&at| self.node_proto(&self.nodes[at], &used)).collect::<Result<_>>()?,
            name: Some(self.name().to_owned()),
            initializer,
            input: self.inputs().iter().map(|&var| self.info(var)).collect::<Result<_>>()?,
            output: self.outputs().iter().map(|&var| self.info(var)).collect::<Result<_>>()?,
            value_info: Vec::new(),
            sparse_initializer: Vec::new(),
        };
        let model = ModelProto {
            ir_version: Some(IR_VERSION),
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
            attribute: node.attributes().iter().map(|(name, value)| attribute(name, value)).collect(),
            domain: (!node.domain().is_empty()).then(|| node.domain().to_owned()),
        })
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
    debug_assert!(
        domain.is_empty() || domain == MICROSOFT || version == 1,
        "other domains are written at version 1"
    );
    OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(version) }
}

fn shape_proto(shape: &Shape) -> TensorShapeProto {
    let dim = |dim: &Dim| match dim {
        Dim::Fixed(size) => DimensionProto { dim_value: Some(*size as i64), dim_param: None },
        Dim::Symbol(name) => DimensionProto { dim_value: None, dim_param: Some(name.to_string()) },
    };
    TensorShapeProto { dim: shape.iter().map(dim).collect() }
}

fn tensor_proto(name: &str, tensor: &Tensor) -> TensorProto {
    TensorProto {
        dims: tensor.dims().iter().map(|&size| size as i64).collect(),
        data_type: Some(DataType::code(tensor.dtype())),
        name: (!name.is_empty()).then(|| name.to_owned()),
        raw_data: Some(tensor.bytes().to_vec()),
        ..TensorProto::default()
    }
}

fn attribute(name: &str, value: &Attribute) -> AttributeProto {
    let mut proto = AttributeProto { name: Some(name.to_owned()), ..AttributeProto::default() };
    let code = match value {
        Attribute::Float(value) => {
            proto.f = Some(*value);
            attribute_type::FLOAT
        }
        Attribute::Int(value) => {
            proto.i = Some(*value);
            attribute_type::INT
        }
        Attribute::Text(value) => {
            proto.s = Some(value.clone().into_bytes());
            attribute_type::STRING
        }
        Attribute::Tensor(value) => {
            proto.t = Some(tensor_proto("", value));
            attribute_type::TENSOR
        }
        Attribute::Floats(values) => {
            proto.floats.clone_from(values);
            attribute_type::FLOATS
        }
        Attribute::Ints(values) => {
            proto.ints.clone_from(values);
            attribute_type::INTS
        }
        Attribute::Texts(values) => {
            proto.strings = values.iter().map(|value| value.clone().into_bytes()).collect();
            attribute_type::STRINGS
        }
    };
    proto.r#type = Some(code);
    proto
}
