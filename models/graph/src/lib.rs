//! ONNX graphs: building, differentiating, reading and writing.
//!
//! # What an ONNX graph is
//!
//! A neural network written down as data: a list of *nodes*, each of which applies one operator of a fixed catalogue
//! (`MatMul`, `Softmax`, `LayerNormalization`, ...) to named tensors and names its results.
//!
//! ```text
//!   input_ids [batch, tokens] --.
//!   table [609, 768] ----------- Gather --- Gemm --- Gelu --- ... --- loss
//!   weight [768, 3072] --------------------'
//! ```
//!
//! A tensor that no node makes is an *input*, given at each run, or an *initialiser*, a constant stored in the graph. A
//! dimension is a number or a name (`batch`): a graph with names serves batches of any size. Any runtime can execute
//! such a file, and none of them differentiates it. This crate does: it adds, to a graph that computes a loss, the nodes
//! that compute the derivatives of that loss, so that a training step is once more a plain graph.
//!
//! # Examples
//!
//! A linear layer on rows of any number:
//!
//! ```
//! use dlm_graph::{DataType, Dim, Graph};
//!
//! let mut g = Graph::new("classifier");
//! let x = g.input("x", DataType::F32, [Dim::symbol("rows"), Dim::Fixed(4)])?;
//! let weight = g.parameter("weight", [4, 2])?;
//! let bias = g.parameter("bias", [2])?;
//! let logits = g.scope("head", |g| g.linear(x, weight, Some(bias)))?;
//! assert_eq!(g.shape(logits)?.to_string(), "[rows, 2]");
//! assert_eq!(g.name_of(logits)?, "head/Gemm_0");
//! g.output("logits", logits)?;
//! let file: Vec<u8> = g.to_onnx()?;
//! # assert!(!file.is_empty());
//! # Ok::<(), dlm_graph::Error>(())
//! ```

mod attribute;
mod bind;
mod build;
mod data_type;
mod dropout;
mod einsum;
mod error;
mod gradient;
mod graph;
mod infer;
pub mod interpret;
pub mod loss;
mod lower;
mod node;
mod order;
mod precision;
mod proto;
mod query;
mod rules;
mod shape;
mod surgery;
mod tensor;

pub use self::{
    attribute::{Attribute, Attributes},
    build::{Convolution, Gelu, Gemm},
    data_type::DataType,
    dropout::DropoutMask,
    error::{Error, ErrorKind, Result},
    gradient::MissingRule,
    graph::{Graph, MICROSOFT, Var},
    lower::Target,
    node::Node,
    shape::{Dim, Shape},
    tensor::Tensor,
};
