//! A file as a graph.

use std::{collections::BTreeMap, path::Path};

use prost::Message;

use crate::{
    Attribute, Attributes, DataType, Dim, Error, Graph, Node, Result, Shape, Tensor,
    error::ErrorKind,
    graph::Origin,
    infer::{self, Type},
    proto::{
        NEWEST, OLDEST, OPSET, attribute,
        messages::{GraphProto, ModelProto, NodeProto, ValueInfoProto},
        tensor,
        upgrade::{Raw, upgrade},
    },
};

/// Element type and shape, as far as a file declares them.
type Declared = (Option<DataType>, Option<Shape>);

impl Graph {
    /// Reads an ONNX file; external data must lie in its folder.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`], and those of [`from_onnx`](Self::from_onnx).
    pub fn read(path: &Path) -> Result<Self> {
        let failed = |source| ErrorKind::Io { path: path.display().to_string(), source };
        let bytes = std::fs::read(path).map_err(failed)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Self::from_onnx(&bytes, Some(folder.unwrap_or(Path::new("."))))
    }

    /// Reads an ONNX model from bytes; external data must lie in `folder`, if the model has any.
    ///
    /// Operators of opsets 11 to 23 are read, older forms brought up to opset 20. Weights that the file stores are
    /// initialisers: [`make_parameter`](Self::make_parameter) makes them parameters. Weights that it takes as inputs are
    /// inputs: [`mark_parameter`](Self::mark_parameter).
    ///
    /// An operator that is not known is kept, with the type the file declares for it, and is reported by
    /// [`missing_rules`](Self::missing_rules) if a derivative has to go through it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protobuf`] for bytes that are no protobuf, [`ErrorKind::Model`] for a model that is malformed or uses
    /// functions, nested graphs, sparse tensors or other element types, naming the node or tensor;
    /// [`ErrorKind::Operator`] where shapes do not agree.
    pub fn from_onnx(bytes: &[u8], folder: Option<&Path>) -> Result<Self> {
        let model = ModelProto::decode(bytes).map_err(ErrorKind::Protobuf)?;
        if !model.functions.is_empty() {
            return Err(Error::model(
                "functions",
                "operators that the model defines itself are not supported",
            ));
        }
        let mut domains = BTreeMap::new();
        for import in &model.opset_import {
            let domain = match import.domain.as_deref().unwrap_or_default() {
                "ai.onnx" => "",
                other => other,
            };
            domains.insert(domain.to_owned(), import.version.unwrap_or(0));
        }
        let opset = domains
            .remove("")
            .ok_or_else(|| Error::model("opset_import", "no version of ONNX's operators"))?;
        if !(OLDEST..=NEWEST).contains(&opset) {
            let problem =
                format!("opset {opset}; {OLDEST} to {NEWEST} are read: export the model with opset {OPSET}");
            return Err(Error::model("opset_import", problem));
        }
        let proto = model.graph.ok_or_else(|| Error::model("graph", "missing"))?;
        let mut graph = Self::new(proto.name.clone().unwrap_or_default());
        graph.opset = opset.max(OPSET);
        graph.domains = domains;
        Reader { graph, opset, folder, declared: BTreeMap::new() }.read(proto)
    }
}

struct Reader<'a> {
    graph: Graph,
    opset: i64,
    folder: Option<&'a Path>,
    declared: BTreeMap<String, Declared>,
}

impl Reader<'_> {
    fn read(mut self, proto: GraphProto) -> Result<Graph> {
        if !proto.sparse_initializer.is_empty() {
            return Err(Error::model("sparse_initializer", "sparse tensors are not supported"));
        }
        for initializer in proto.initializer {
            let name = initializer.name.clone().unwrap_or_default();
            let tensor = tensor::read(initializer, self.folder, &format!("tensor `{name}`"))?;
            self.graph.initialiser(&name, tensor)?;
        }
        for info in &proto.input {
            self.input(info)?;
        }
        for info in proto.value_info.iter().chain(&proto.output) {
            let name = info.name.clone().unwrap_or_default();
            let declared = declared(info)?;
            self.declared.insert(name, declared);
        }
        for (at, node) in proto.node.into_iter().enumerate() {
            self.node(node, at)?;
        }
        for info in &proto.output {
            let name = info.name.as_deref().unwrap_or_default();
            let var = self
                .graph
                .find(name)
                .map_err(|_| Error::model(format!("output `{name}`"), "nothing in the graph makes it"))?;
            self.graph.outputs.push(var);
        }
        Ok(self.graph)
    }

    fn input(&mut self, info: &ValueInfoProto) -> Result<()> {
        let name = info.name.as_deref().unwrap_or_default();
        // Files of IR version 3 list initialisers among the inputs.
        if let Ok(var) = self.graph.find(name)
            && self.graph.tensor(var).is_some()
        {
            return Ok(());
        }
        let (dtype, shape) = declared(info)?;
        let dtype = dtype.ok_or_else(|| Error::model(format!("input `{name}`"), "not a tensor"))?;
        let var = self.graph.add_named(name, Type::maybe(dtype, shape), Origin::Input)?;
        self.graph.inputs.push(var);
        Ok(())
    }

    fn node(&mut self, proto: NodeProto, at: usize) -> Result<()> {
        let operator = proto.op_type.unwrap_or_default();
        let name = proto.name.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("{operator}_{at}"));
        let place = format!("node `{name}` ({operator})");
        let domain = match proto.domain.as_deref().unwrap_or_default() {
            "ai.onnx" => "",
            other => other,
        };
        let mut attributes = Attributes::new();
        for attribute in proto.attribute {
            let key = attribute.name.clone().unwrap_or_default();
            let value = attribute::read(attribute, self.folder, &format!("{place}: attribute `{key}`"))?;
            attributes.set(&key, value);
        }
        let mut inputs = Vec::with_capacity(proto.input.len());
        for input in &proto.input {
            inputs.push(match input.as_str() {
                "" => None,
                input => Some(self.graph.find(input).map_err(|_| {
                    Error::model(&*place, format!("takes `{input}`, which nothing before it makes"))
                })?),
            });
        }
        if operator == "Constant" && domain.is_empty() {
            let tensor = constant(&attributes)
                .ok_or_else(|| Error::model(&*place, "its value is of a kind that is not supported"))??;
            if let Some(output) = proto.output.first().filter(|output| !output.is_empty()) {
                self.graph.initialiser(output, tensor)?;
            }
            return Ok(());
        }
        let outputs = proto.output.len();
        let mut raw = Raw { operator: &operator, inputs, attributes, outputs, place: &place };
        if domain.is_empty() {
            upgrade(&mut self.graph, &mut raw, self.opset)?;
        }
        // Files may give two nodes one name.
        let name = if self.graph.has_node(&name) { self.graph.fresh(&name) } else { name };
        let node = Node::new(name, raw.operator, domain, raw.inputs, raw.attributes);
        let types = self.types(&node, &proto.output)?;
        self.attach(node, types, &proto.output)
    }

    fn types(&self, node: &Node, outputs: &[String]) -> Result<Vec<Type>> {
        let declared = |name: &String| self.declared.get(name).cloned().unwrap_or_default();
        if infer::known(&node.key()) {
            let mut types = infer::infer(&self.graph, node, outputs.len())?;
            for (of, name) in types.iter_mut().zip(outputs) {
                if of.shape.is_none() {
                    of.shape = declared(name).1;
                }
            }
            return Ok(types);
        }
        let unknown = |name: &String| {
            let (dtype, shape) = declared(name);
            Type::maybe(dtype.unwrap_or(DataType::F32), shape)
        };
        Ok(outputs.iter().map(unknown).collect())
    }

    fn attach(&mut self, mut node: Node, types: Vec<Type>, outputs: &[String]) -> Result<()> {
        let at = self.graph.nodes.len();
        for ((output, name), of) in outputs.iter().enumerate().zip(types) {
            node.outputs.push(match name.as_str() {
                "" => None,
                name => Some(self.graph.add_named(name, of, Origin::Node { node: at, output })?),
            });
        }
        self.graph.push(node);
        Ok(())
    }
}

/// Returns the value of a `Constant` node; `None` for kinds of value that are not read.
fn constant(attributes: &Attributes) -> Option<Result<Tensor>> {
    let (name, value) = attributes.iter().next()?;
    Some(match (name, value) {
        ("value", Attribute::Tensor(tensor)) => Ok(tensor.clone()),
        ("value_float", Attribute::Float(value)) => Ok(Tensor::scalar(DataType::F32, f64::from(*value))),
        ("value_floats", Attribute::Floats(values)) => Tensor::f32([values.len()], values),
        ("value_int", Attribute::Int(value)) => Tensor::i64(Vec::new(), &[*value]),
        ("value_ints", Attribute::Ints(values)) => Ok(Tensor::list(values)),
        _ => return None,
    })
}

fn declared(info: &ValueInfoProto) -> Result<Declared> {
    let name = info.name.as_deref().unwrap_or_default();
    let Some(of) = info.r#type.as_ref().and_then(|of| of.tensor_type.as_ref()) else {
        return Ok((None, None));
    };
    let code = of.elem_type.unwrap_or(0);
    let dtype = DataType::from_code(code).ok_or_else(|| {
        Error::model(format!("value `{name}`"), format!("element type {code} is not supported"))
    })?;
    let Some(shape) = &of.shape else { return Ok((Some(dtype), None)) };
    if shape.dim.len() > infer::MOST_AXES {
        return Err(Error::model(format!("value `{name}`"), format!("{} dimensions", shape.dim.len())));
    }
    let mut dims = Vec::with_capacity(shape.dim.len());
    for (axis, dim) in shape.dim.iter().enumerate() {
        dims.push(match (dim.dim_value, dim.dim_param.as_deref()) {
            (Some(size), _) => Dim::Fixed(usize::try_from(size).map_err(|_| {
                Error::model(format!("value `{name}`"), format!("dimension {axis} is {size}"))
            })?),
            // A star would read as a product.
            (None, Some(symbol)) if !symbol.is_empty() => Dim::symbol(&symbol.replace('*', "x")),
            (None, _) => Dim::symbol(&format!("{}.{axis}", name.replace('*', "x"))),
        });
    }
    Ok((Some(dtype), Some(dims.into())))
}
