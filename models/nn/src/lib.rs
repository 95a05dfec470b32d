//! Architectures of DNA language models as graphs, and their weights.
//!
//! A DNA language model is a shape and a few hundred named tensors. The shape lives here as an ONNX graph that is written
//! with `dlm-graph`; the tensors come from files ([`weights`]) or are drawn fresh from a seed. Nothing here runs a graph:
//! that is `dlm-runtime`'s work, and training is `dlm-train`'s.
//!
//! | module | what |
//! |---|---|
//! | [`bert`] | BERT: GROVER, DNABERT, k-mer models |
//! | [`dnabert2`], [`esm`], [`hyenadna`] | DNABERT-2, the Nucleotide Transformer, HyenaDNA |
//! | [`network`] | what these three have in common: weights from files, graphs, encoders that hand them over |
//! | [`folder`] | a model on disk: configuration, weights, tokenizer |
//! | [`weights`] | named tensors from and to files |
//! | [`preset`] | models by name, every number with its origin |

pub mod bert;
pub mod dnabert2;
pub mod esm;
pub mod folder;
pub mod hyenadna;
pub mod network;
pub mod preset;
pub mod weights;
