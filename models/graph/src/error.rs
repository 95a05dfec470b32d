//! What can be wrong with a graph.

use std::{fmt, io};

use crate::gradient::MissingRule;

/// The result of a call that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What is wrong with a graph, a model file or a request; one word wide.
///
/// # Examples
///
/// ```
/// use dlm_graph::{DataType, Graph};
///
/// let mut g = Graph::new("wrong");
/// let a = g.input("a", DataType::F32, [2, 3])?;
/// let b = g.input("b", DataType::F32, [4, 5])?;
/// let error = g.matmul(a, b).unwrap_err();
/// assert_eq!(error.to_string(), "MatMul `MatMul_0`: 3 columns meet 4 rows (inputs: a f32[2, 3], b f32[4, 5])");
/// # Ok::<(), dlm_graph::Error>(())
/// ```
pub struct Error(Box<ErrorKind>);

/// The reason for an [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An operator does not take these inputs or attributes.
    #[error("{operator} `{node}`: {problem}{}", listed(inputs))]
    Operator {
        /// The operator's type, for example `MatMul`.
        operator: String,
        /// The node's name.
        node: String,
        /// What is wrong.
        problem: String,
        /// Name, type and shape of each input.
        inputs: Vec<String>,
    },
    /// A value does not fit its use.
    #[error("`{name}`: {problem}")]
    Value {
        /// The value's name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// No value has this name.
    #[error("the graph has no value named `{0}`")]
    UnknownName(String),
    /// A name is taken.
    #[error("the graph already has a value named `{0}`")]
    DuplicateName(String),
    /// A variable was made by another graph.
    #[error("a variable of another graph")]
    ForeignVariable,
    /// A shape must be static here.
    #[error("`{name}` has the shape {shape}, which must be bound to numbers first")]
    Unbound {
        /// The value's name.
        name: String,
        /// Its shape, or `unknown`.
        shape: String,
    },
    /// Operators on the way from the loss to the weights cannot be differentiated.
    #[error("no gradient rule for {}", named(.0))]
    MissingRules(Vec<MissingRule>),
    /// The nodes do not form a directed acyclic graph.
    #[error("`{0}` depends on itself")]
    Cycle(String),
    /// A tensor's bytes do not fit its shape and type.
    #[error("a tensor of {dtype} {dims:?} takes {expected} bytes, not {actual}")]
    Size {
        /// The element type's name.
        dtype: &'static str,
        /// The dimensions.
        dims: Vec<usize>,
        /// The bytes that shape and type ask for; `usize::MAX` where the product overflows.
        expected: usize,
        /// The bytes given.
        actual: usize,
    },
    /// A model file says something that ONNX does not allow or this crate does not read.
    #[error("ONNX model: {place}: {problem}")]
    Model {
        /// The node, tensor or field.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// A file is not protobuf.
    #[error("not an ONNX model")]
    Protobuf(#[source] prost::DecodeError),
    /// A file failed.
    #[error("{path}")]
    Io {
        /// The file.
        path: String,
        /// How it failed.
        #[source]
        source: io::Error,
    },
}

fn listed(inputs: &[String]) -> String {
    if inputs.is_empty() { String::new() } else { format!(" (inputs: {})", inputs.join(", ")) }
}

fn named(missing: &[MissingRule]) -> String {
    let each: Vec<_> = missing.iter().map(ToString::to_string).collect();
    each.join(", ")
}

impl Error {
    /// Returns the reason.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    pub(crate) fn value(name: &str, problem: impl Into<String>) -> Self {
        ErrorKind::Value { name: name.to_owned(), problem: problem.into() }.into()
    }

    pub(crate) fn model(place: impl Into<String>, problem: impl Into<String>) -> Self {
        ErrorKind::Model { place: place.into(), problem: problem.into() }.into()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
