//! One application of an operator.

use std::{borrow::Cow, fmt};

use crate::{Attributes, Var};

/// One application of an operator.
#[derive(Clone, Debug)]
pub struct Node {
    name: String,
    operator: String,
    domain: String,
    pub(crate) inputs: Vec<Option<Var>>,
    pub(crate) outputs: Vec<Option<Var>>,
    pub(crate) attributes: Attributes,
}

impl Node {
    pub(crate) fn new(
        name: String,
        operator: &str,
        domain: &str,
        inputs: Vec<Option<Var>>,
        attributes: Attributes,
    ) -> Self {
        // Both names mean the default domain.
        let domain = if domain == "ai.onnx" { "" } else { domain };
        let (operator, domain) = (operator.to_owned(), domain.to_owned());
        Self { name, operator, domain, inputs, outputs: Vec::new(), attributes }
    }

    /// Returns the node's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the operator's type, for example `MatMul`.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// Returns the operator's domain, empty for ONNX's own.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Returns the operator as it is keyed in tables: its type, after the domain and a colon where it has one.
    pub(crate) fn key(&self) -> Cow<'_, str> {
        if self.domain.is_empty() {
            Cow::Borrowed(&self.operator)
        } else {
            Cow::Owned(format!("{}:{}", self.domain, self.operator))
        }
    }

    /// Returns the inputs; `None` for an optional one that is absent.
    pub fn inputs(&self) -> &[Option<Var>] {
        &self.inputs
    }

    /// Returns an input, if it is there.
    pub fn input(&self, index: usize) -> Option<Var> {
        self.inputs.get(index).copied().flatten()
    }

    /// Returns the outputs; `None` for an optional one that nothing asked for.
    pub fn outputs(&self) -> &[Option<Var>] {
        &self.outputs
    }

    /// Returns an output, if it is there.
    pub fn output(&self, index: usize) -> Option<Var> {
        self.outputs.get(index).copied().flatten()
    }

    /// Returns the attributes.
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.key(), self.name)
    }
}
