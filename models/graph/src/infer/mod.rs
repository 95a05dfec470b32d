//! Types and shapes of outputs from those of inputs, operator by operator.
//!
//! The rules follow the operators' definitions at opset 20; older forms are brought up to it when a model is read. A
//! dimension that cannot be known yet gets a name of its own.

mod content;
mod elementwise;
mod index;
mod layout;
mod linear;
mod reduce;

use std::sync::Arc;

pub(crate) use self::{
    content::{Entry, entries},
    elementwise::broadcast,
    layout::sliced,
};
use crate::{DataType, Dim, Error, Graph, Node, Result, Shape, Tensor, Var};

/// The type of a value.
#[derive(Clone, Debug)]
pub(crate) struct Type {
    pub(crate) dtype: DataType,
    pub(crate) shape: Option<Shape>,
    pub(crate) content: Option<Vec<Entry>>,
}

impl Type {
    pub(crate) fn new(dtype: DataType, shape: Shape) -> Self {
        Self::maybe(dtype, Some(shape))
    }

    pub(crate) fn maybe(dtype: DataType, shape: Option<Shape>) -> Self {
        Self { dtype, shape, content: None }
    }

    pub(crate) fn of(tensor: &Tensor) -> Self {
        Self { content: entries(tensor), ..Self::new(tensor.dtype(), tensor.dims().into()) }
    }
}

/// A node whose outputs are to be typed.
pub(crate) struct Request<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) node: &'a Node,
    pub(crate) outputs: usize,
}

impl<'a> Request<'a> {
    pub(crate) fn fail(&self, problem: impl Into<String>) -> Error {
        self.graph.fault(self.node, problem)
    }

    /// Returns an input that must be there.
    fn input(&self, index: usize) -> Result<Var> {
        self.node.input(index).ok_or_else(|| self.fail(format!("input {index} is missing")))
    }

    fn dtype(&self, index: usize) -> Result<DataType> {
        self.graph.dtype(self.input(index)?)
    }

    /// Returns the shape of an input, if it is there and known.
    fn shape(&self, index: usize) -> Option<&'a Shape> {
        self.graph.value(self.node.input(index)?).ok()?.shape.as_ref()
    }

    fn tensor(&self, index: usize) -> Option<&'a Tensor> {
        self.graph.tensor(self.node.input(index)?)
    }

    /// Returns the integers of a constant input.
    fn integers(&self, index: usize) -> Option<Vec<i64>> {
        self.tensor(index).map(Tensor::integers)
    }

    /// Returns what is known of the elements of an input.
    fn content(&self, index: usize) -> Option<&'a [Entry]> {
        self.graph.value(self.node.input(index)?).ok()?.content.as_deref()
    }

    /// Returns a dimension nothing is known of.
    fn unknown(&self, axis: usize) -> Dim {
        let name: Arc<str> = format!("{}.{axis}", self.node.name().replace('*', "x")).into();
        Dim::Symbol(name)
    }

    /// Returns an axis counted from the front.
    fn axis(&self, axis: i64, rank: usize) -> Result<usize> {
        let rank = rank as i64;
        let positive = if axis < 0 { axis.saturating_add(rank) } else { axis };
        if (0..rank).contains(&positive) {
            return Ok(positive as usize);
        }
        Err(self.fail(format!("axis {axis} of {rank} dimensions")))
    }

    fn axes(&self, axes: &[i64], rank: usize) -> Result<Vec<usize>> {
        let mut positive = axes.iter().map(|&axis| self.axis(axis, rank)).collect::<Result<Vec<_>>>()?;
        positive.sort_unstable();
        if positive.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(self.fail(format!("axes {axes:?} name one twice")));
        }
        Ok(positive)
    }

    /// Refuses inputs of another type than the first.
    fn same_types(&self, from: usize) -> Result<DataType> {
        let dtype = self.dtype(from)?;
        for index in from + 1..self.node.inputs.len() {
            if self.node.input(index).is_some() && self.dtype(index)? != dtype {
                return Err(self.fail("inputs of different types"));
            }
        }
        Ok(dtype)
    }
}

/// Tensors of more dimensions than this are refused.
pub(crate) const MOST_AXES: usize = 64;

type Rule = fn(&Request<'_>) -> Result<Vec<Type>>;

/// Returns the types of a node's outputs.
pub(crate) fn infer(graph: &Graph, node: &Node, outputs: usize) -> Result<Vec<Type>> {
    let request = Request { graph, node, outputs };
    let Some(rule) = rule(&node.key()) else {
        return Err(request.fail("an operator that is not known"));
    };
    let mut types = rule(&request)?;
    if types.len() < outputs {
        return Err(request.fail(format!("{outputs} outputs, but it has {}", types.len())));
    }
    types.truncate(outputs);
    if types.iter().any(|of| of.shape.as_ref().is_some_and(|shape| shape.len() > MOST_AXES)) {
        return Err(request.fail(format!("more than {MOST_AXES} dimensions")));
    }
    // Dimensions are counted in signed integers everywhere in ONNX.
    let countable = |dim: &Dim| dim.fixed().is_none_or(|size| i64::try_from(size).is_ok());
    if !types.iter().flat_map(|of| of.shape.iter().flat_map(|shape| shape.iter())).all(countable) {
        return Err(request.fail("a dimension larger than can be counted"));
    }
    if let Some(first) = types.first_mut()
        && first.content.is_none()
    {
        first.content = content::propagate(&request, first);
    }
    Ok(types)
}

/// Returns whether the types of an operator's outputs can be inferred.
pub(crate) fn known(key: &str) -> bool {
    rule(key).is_some()
}

fn rule(key: &str) -> Option<Rule> {
    elementwise::rule(key)
        .or_else(|| linear::rule(key))
        .or_else(|| layout::rule(key))
        .or_else(|| index::rule(key))
        .or_else(|| reduce::rule(key))
}
