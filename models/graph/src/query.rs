//! What a graph holds.

use crate::{DataType, Error, Graph, Node, Result, Shape, Tensor, Var, error::ErrorKind, graph::Origin};

impl Graph {
    /// Returns the value of a name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownName`].
    pub fn find(&self, name: &str) -> Result<Var> {
        self.registered(name).ok_or_else(|| ErrorKind::UnknownName(name.to_owned()).into())
    }

    /// Returns a value's name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`].
    pub fn name_of(&self, var: Var) -> Result<&str> {
        Ok(&self.value(var)?.name)
    }

    /// Returns a value's element type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`].
    pub fn dtype(&self, var: Var) -> Result<DataType> {
        Ok(self.value(var)?.dtype)
    }

    /// Returns a value's shape, which may hold names.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unbound`] where not even the rank is known, which happens only in graphs that were read.
    pub fn shape(&self, var: Var) -> Result<&Shape> {
        let value = self.value(var)?;
        value.shape.as_ref().ok_or_else(|| {
            ErrorKind::Unbound { name: value.name.to_string(), shape: "unknown".to_owned() }.into()
        })
    }

    /// Returns a value's shape as numbers.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unbound`] where a dimension is still a name.
    pub fn dims(&self, var: Var) -> Result<Vec<usize>> {
        let shape = self.shape(var)?;
        shape.fixed().ok_or_else(|| {
            let name = self.value(var).map_or_else(|_| String::new(), |value| value.name.to_string());
            ErrorKind::Unbound { name, shape: shape.to_string() }.into()
        })
    }

    /// Returns a value's rank.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unbound`] where it is not known.
    pub fn rank(&self, var: Var) -> Result<usize> {
        Ok(self.shape(var)?.len())
    }

    /// Returns the tensor of a constant, or `None` of anything else.
    pub fn tensor(&self, var: Var) -> Option<&Tensor> {
        match &self.value(var).ok()?.origin {
            Origin::Constant(tensor) => Some(tensor),
            _ => None,
        }
    }

    /// Returns the node that makes a value, or `None` of an input or a constant.
    pub fn producer(&self, var: Var) -> Option<&Node> {
        match self.value(var).ok()?.origin {
            Origin::Node { node, .. } => self.nodes.get(node),
            _ => None,
        }
    }

    /// Returns whether a value is a parameter.
    pub fn is_parameter(&self, var: Var) -> bool {
        matches!(self.value(var).map(|value| &value.origin), Ok(Origin::Parameter))
    }

    /// Returns all inputs, parameters among them, in the order they were added.
    pub fn inputs(&self) -> &[Var] {
        &self.inputs
    }

    /// Returns the parameters in the order they were added.
    pub fn parameters(&self) -> Vec<Var> {
        self.inputs.iter().copied().filter(|&var| self.is_parameter(var)).collect()
    }

    /// Returns the named constants, the initialisers, in the order they were added.
    pub fn initialisers(&self) -> Vec<Var> {
        let constant = |index: &usize| matches!(self.values[*index].origin, Origin::Constant(_));
        (0..self.values.len()).filter(constant).map(|index| self.var(index)).collect()
    }

    /// Returns the outputs in the order they were marked.
    pub fn outputs(&self) -> &[Var] {
        &self.outputs
    }

    /// Returns the nodes in the order they were added.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns a line about a value for errors: name, type, shape.
    pub(crate) fn described(&self, var: Var) -> String {
        match self.value(var) {
            Ok(value) => {
                let shape = value.shape.as_ref().map_or_else(|| "[?]".to_owned(), ToString::to_string);
                format!("{} {}{shape}", value.name, value.dtype)
            }
            Err(_) => "a variable of another graph".to_owned(),
        }
    }

    /// Returns an error about a node.
    pub(crate) fn fault(&self, node: &Node, problem: impl Into<String>) -> Error {
        let inputs = node.inputs.iter().flatten().map(|&var| self.described(var)).collect();
        let (operator, name) = (node.key().into_owned(), node.name().to_owned());
        ErrorKind::Operator { operator, node: name, problem: problem.into(), inputs }.into()
    }
}
