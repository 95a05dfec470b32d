//! The graph itself: values, nodes, names.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    Attributes, DataType, Error, Node, Result, Shape, Tensor,
    error::ErrorKind,
    infer::{self, Entry, Type},
    proto::OPSET,
};

/// The domain of the operators that only ONNX Runtime has.
pub const MICROSOFT: &str = "com.microsoft";

/// A value of a graph: an input, a constant, or an output of a node.
///
/// It is a handle: two words to copy, to be looked up in the graph that made it or in a clone of that graph. A variable
/// stays valid through every pass that changes the graph ([`bind`](Graph::bind), [`prune`](Graph::prune), ...).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Var {
    graph: u32,
    pub(crate) index: u32,
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// The caller gives it at each run.
    Input,
    /// The caller gives it, and it is a weight.
    Parameter,
    /// It is stored in the graph.
    Constant(Tensor),
    /// It is an output of a node.
    Node { node: usize, output: usize },
    /// A pass removed its node.
    Removed,
}

#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) name: Arc<str>,
    pub(crate) dtype: DataType,
    pub(crate) shape: Option<Shape>,
    /// What is known of the elements of a short list of integers.
    pub(crate) content: Option<Vec<Entry>>,
    pub(crate) origin: Origin,
}

/// An ONNX graph under construction.
///
/// Every operator has a method that adds a node and returns its output; its shape is inferred at once, so that a
/// mistake is an error at the line that made it. See the [crate's documentation](crate) for an example.
#[derive(Clone)]
pub struct Graph {
    id: u32,
    name: String,
    pub(crate) values: Vec<Value>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) inputs: Vec<Var>,
    pub(crate) outputs: Vec<Var>,
    names: FxHashMap<Arc<str>, u32>,
    node_names: FxHashSet<String>,
    counters: FxHashMap<String, usize>,
    constants: FxHashMap<Tensor, Var>,
    scope: String,
    /// The version of ONNX's operators, at least the one that graphs are built in.
    pub(crate) opset: i64,
    /// The versions of other domains' operators, where a file stated them.
    pub(crate) domains: BTreeMap<String, i64>,
}

/// Constants of up to this many bytes are stored once, however often they are used.
const SHARED: usize = 1 << 12;

static GRAPHS: AtomicU32 = AtomicU32::new(0);

impl Graph {
    /// Creates an empty graph.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            id: GRAPHS.fetch_add(1, Ordering::Relaxed),
            name: name.into(),
            values: Vec::new(),
            nodes: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            names: FxHashMap::default(),
            node_names: FxHashSet::default(),
            counters: FxHashMap::default(),
            constants: FxHashMap::default(),
            scope: String::new(),
            opset: OPSET,
            domains: BTreeMap::new(),
        }
    }

    /// Returns the graph's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds an input that the caller gives at each run.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DuplicateName`].
    pub fn input(&mut self, name: &str, dtype: DataType, shape: impl Into<Shape>) -> Result<Var> {
        let var = self.add_named(name, Type::new(dtype, shape.into()), Origin::Input)?;
        self.inputs.push(var);
        Ok(var)
    }

    /// Adds a weight: a single-precision input that is marked as a parameter.
    ///
    /// [`set_constant`](Self::set_constant) turns it into an initialiser with a value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DuplicateName`].
    pub fn parameter(&mut self, name: &str, shape: impl Into<Shape>) -> Result<Var> {
        let var = self.add_named(name, Type::new(DataType::F32, shape.into()), Origin::Parameter)?;
        self.inputs.push(var);
        Ok(var)
    }

    /// Adds a constant. Small constants that are equal are one value.
    pub fn constant(&mut self, tensor: Tensor) -> Var {
        if let Some(&var) = self.constants.get(&tensor) {
            return var;
        }
        let name = self.fresh("constant");
        let shared = tensor.bytes().len() <= SHARED;
        let var = self.store(name, Type::of(&tensor), Origin::Constant(tensor.clone()));
        if shared {
            self.constants.insert(tensor, var);
        }
        var
    }

    /// Adds a constant with a name of its own, an initialiser in ONNX's words.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DuplicateName`].
    pub fn initialiser(&mut self, name: &str, tensor: Tensor) -> Result<Var> {
        self.add_named(name, Type::of(&tensor), Origin::Constant(tensor))
    }

    /// Adds a scalar constant of a type, rounded to it.
    pub fn scalar(&mut self, dtype: DataType, value: f64) -> Var {
        self.constant(Tensor::scalar(dtype, value))
    }

    /// Adds a constant list of integers: axes, a shape, indices.
    pub fn list(&mut self, values: &[i64]) -> Var {
        self.constant(Tensor::list(values))
    }

    /// Adds a node of any operator and returns its outputs.
    ///
    /// `domain` is empty for ONNX's own operators. An absent optional input is `None`. The methods of this type that are
    /// named after operators are shorter and set the attributes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`] where the operator is not known or does not take these inputs.
    pub fn node(
        &mut self,
        operator: &str,
        domain: &str,
        inputs: &[Option<Var>],
        attributes: Attributes,
        outputs: usize,
    ) -> Result<Vec<Var>> {
        let node = self.detached(operator, domain, inputs, attributes)?;
        let types = infer::infer(self, &node, outputs)?;
        Ok(self.attach(node, types))
    }

    /// Adds a node of an operator that this crate does not know, with the types of its outputs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`].
    pub fn typed_node(
        &mut self,
        operator: &str,
        domain: &str,
        inputs: &[Option<Var>],
        attributes: Attributes,
        outputs: &[(DataType, Option<Shape>)],
    ) -> Result<Vec<Var>> {
        let node = self.detached(operator, domain, inputs, attributes)?;
        let types = outputs.iter().map(|(dtype, shape)| Type::maybe(*dtype, shape.clone())).collect();
        Ok(self.attach(node, types))
    }

    fn detached(
        &mut self,
        operator: &str,
        domain: &str,
        inputs: &[Option<Var>],
        attributes: Attributes,
    ) -> Result<Node> {
        for &var in inputs.iter().flatten() {
            self.value(var)?;
        }
        let name = self.fresh(operator);
        Ok(Node::new(name, operator, domain, inputs.to_vec(), attributes))
    }

    pub(crate) fn attach(&mut self, mut node: Node, types: Vec<Type>) -> Vec<Var> {
        let at = self.nodes.len();
        let mut vars = Vec::with_capacity(types.len());
        for (output, of) in types.into_iter().enumerate() {
            let name = if output == 0 { node.name().to_owned() } else { format!("{}:{output}", node.name()) };
            let name = self.unique(name);
            vars.push(self.store(name, of, Origin::Node { node: at, output }));
        }
        node.outputs = vars.iter().copied().map(Some).collect();
        self.push(node);
        vars
    }

    /// Adds a node with one output, of an operator of ONNX.
    pub(crate) fn apply(&mut self, operator: &str, inputs: &[Var], attributes: Attributes) -> Result<Var> {
        let inputs: Vec<_> = inputs.iter().copied().map(Some).collect();
        self.apply_optional(operator, &inputs, attributes)
    }

    /// Adds a node with one output and optional inputs.
    pub(crate) fn apply_optional(
        &mut self,
        operator: &str,
        inputs: &[Option<Var>],
        attributes: Attributes,
    ) -> Result<Var> {
        Ok(self.node(operator, "", inputs, attributes, 1)?[0])
    }

    /// Runs a part of the construction under a name: its nodes are called `name/MatMul_0` and so on.
    ///
    /// # Errors
    ///
    /// Those of `build`.
    pub fn scope<T>(&mut self, name: &str, build: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let outer = self.scope.len();
        if outer > 0 {
            self.scope.push('/');
        }
        self.scope.push_str(name);
        let result = build(self);
        self.scope.truncate(outer);
        result
    }

    pub(crate) fn fresh(&mut self, stem: &str) -> String {
        let stem = if self.scope.is_empty() { stem.to_owned() } else { format!("{}/{stem}", self.scope) };
        loop {
            let counter = self.counters.entry(stem.clone()).or_default();
            let name = format!("{stem}_{counter}");
            *counter += 1;
            if !self.is_taken(&name) {
                return name;
            }
        }
    }

    /// Returns whether a value or a node has a name: the runtime wants nodes to be told apart as well.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.names.contains_key(name) || self.node_names.contains(name)
    }

    /// Returns whether a node has a name.
    pub(crate) fn has_node(&self, name: &str) -> bool {
        self.node_names.contains(name)
    }

    /// Adds a node whose outputs are there.
    pub(crate) fn push(&mut self, node: Node) {
        self.node_names.insert(node.name().to_owned());
        self.nodes.push(node);
    }

    fn unique(&mut self, name: String) -> String {
        if self.names.contains_key(name.as_str()) { self.fresh(&name) } else { name }
    }

    pub(crate) fn add_named(&mut self, name: &str, of: Type, origin: Origin) -> Result<Var> {
        if name.is_empty() {
            return Err(Error::value(name, "a value needs a name"));
        }
        if self.names.contains_key(name) {
            return Err(ErrorKind::DuplicateName(name.to_owned()).into());
        }
        Ok(self.store(name.to_owned(), of, origin))
    }

    pub(crate) fn store(&mut self, name: String, of: Type, origin: Origin) -> Var {
        let index = self.values.len() as u32;
        let name: Arc<str> = name.into();
        self.names.insert(name.clone(), index);
        let Type { dtype, shape, content } = of;
        self.values.push(Value { name, dtype, shape, content, origin });
        self.var(index as usize)
    }

    pub(crate) fn var(&self, index: usize) -> Var {
        Var { graph: self.id, index: index as u32 }
    }

    pub(crate) fn value(&self, var: Var) -> Result<&Value> {
        let known = (var.graph == self.id).then(|| self.values.get(var.index as usize)).flatten();
        known.ok_or_else(|| ErrorKind::ForeignVariable.into())
    }

    pub(crate) fn value_mut(&mut self, var: Var) -> Result<&mut Value> {
        let known = (var.graph == self.id).then(|| self.values.get_mut(var.index as usize)).flatten();
        known.ok_or_else(|| ErrorKind::ForeignVariable.into())
    }

    /// Renames a value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DuplicateName`] where another value has the name.
    pub fn rename(&mut self, var: Var, name: &str) -> Result<()> {
        let old = self.value(var)?.name.clone();
        if &*old == name {
            return Ok(());
        }
        if name.is_empty() || self.names.contains_key(name) {
            return Err(ErrorKind::DuplicateName(name.to_owned()).into());
        }
        self.names.remove(&old);
        let name: Arc<str> = name.into();
        self.names.insert(name.clone(), var.index);
        self.value_mut(var)?.name = name;
        Ok(())
    }

    /// Stops sharing a constant: it is about to change.
    pub(crate) fn forget_constant(&mut self, var: Var) {
        self.constants.retain(|_, shared| *shared != var);
    }

    /// Frees the names of removed values and stops sharing removed constants.
    pub(crate) fn forget_removed(&mut self) {
        let removed = |var: u32| matches!(self.values[var as usize].origin, Origin::Removed);
        self.names.retain(|_, index| !removed(*index));
        self.constants.retain(|_, var| !removed(var.index));
    }

    pub(crate) fn registered(&self, name: &str) -> Option<Var> {
        self.names.get(name).map(|&index| self.var(index as usize))
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph")
            .field("name", &self.name)
            .field("inputs", &self.inputs.len())
            .field("nodes", &self.nodes.len())
            .field("outputs", &self.outputs.len())
            .finish_non_exhaustive()
    }
}
