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
//! # What reverse mode is
//!
//! Training needs, for a loss L, the derivative of L with respect to every weight. Walking the nodes from the loss
//! backwards, each node turns "how L changes with my result" into "how L changes with what I was given", by one rule an
//! operator: for `y = a * b` that is `da = dy * b` and `db = dy * a`. One walk gives the derivatives of all weights, for
//! about twice the work of the forward pass (Griewank and Walther, *Evaluating Derivatives*, chapter 3). The rules add
//! nodes of the same catalogue, so that gradients can be differentiated again, optimised and run like anything else.
//! [`Graph::rules`] lists the operators; one that has no rule is reported by name and node before anything is added.
//!
//! # The way of a model
//!
//! 1. Build a graph with the methods of [`Graph`], or read one that somebody exported: [`Graph::read`].
//! 2. Extend it by a head and a loss ([`loss`], [`Graph::append`]).
//! 3. [`Graph::bind`] names of dimensions to numbers: all arithmetic of shapes becomes constants.
//! 4. [`Graph::replace_dropout`] makes masks inputs; [`Graph::mixed_precision`] puts products into 16 bits.
//! 5. [`Graph::gradients_keeping`] adds the derivatives and says what is held for them, [`Graph::output`] names them,
//!    [`Graph::lower`] and [`Graph::arrange`] tidy.
//! 6. [`Graph::to_onnx`] gives the bytes that a runtime opens.
//!
//! For inference [`Graph::set_constant`] puts the weights into the graph instead. [`interpret`] is a reference: slow, in
//! double precision, for tests.
//!
//! # Examples
//!
//! A linear classifier on rows of any number, and its gradients on eight rows:
//!
//! ```
//! use dlm_graph::{DataType, Dim, Graph, loss};
//!
//! let mut g = Graph::new("classifier");
//! let x = g.input("x", DataType::F32, [Dim::symbol("rows"), Dim::Fixed(4)])?;
//! let labels = g.input("labels", DataType::I64, ["rows"])?;
//! let weight = g.parameter("weight", [4, 2])?;
//! let bias = g.parameter("bias", [2])?;
//! let logits = g.scope("head", |g| g.linear(x, weight, Some(bias)))?;
//! assert_eq!(g.shape(logits)?.to_string(), "[rows, 2]");
//! assert_eq!(g.name_of(logits)?, "head/Gemm_0");
//! let loss = loss::cross_entropy(&mut g, logits, labels, None, None)?.mean;
//!
//! let mut g = g.bind(&[("rows", 8)])?;
//! g.output("loss", loss)?;
//! for (name, gradient) in ["d.weight", "d.bias"].into_iter().zip(g.gradients(loss, &[weight, bias])?) {
//!     g.output(name, gradient)?;
//! }
//! assert_eq!(g.dims(g.find("d.weight")?)?, [4, 2]);
//! let file: Vec<u8> = g.to_onnx()?;
//! # assert!(!file.is_empty());
//! # Ok::<(), dlm_graph::Error>(())
//! ```

mod again;
mod attribute;
mod bind;
mod build;
mod data_type;
mod dropout;
mod einsum;
mod error;
mod gradient;
mod graph;
mod in_place;
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
    again::Keep,
    attribute::{Attribute, Attributes},
    build::{Convolution, Gelu, Gemm},
    data_type::DataType,
    dropout::DropoutMask,
    error::{Error, ErrorKind, Result},
    gradient::MissingRule,
    graph::{Graph, MICROSOFT, Var},
    lower::Target,
    node::Node,
    proto::{External, References},
    shape::{Dim, Shape},
    tensor::Tensor,
};
