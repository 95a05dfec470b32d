//! ONNX Runtime: where it is found, and how graphs run on it.
//!
//! ONNX is a file format for computations on tensors: a graph of operators with named inputs and outputs. ONNX Runtime
//! is a library that runs such graphs on processors and, by *execution providers*, on other devices. It is not compiled
//! into this program: the stock library of one pinned version ([`VERSION`]) is loaded when it is first needed.
//!
//! | step | type |
//! |---|---|
//! | find the library, and say what was skipped and why | [`Search`] |
//! | start it, once in a process | [`Runtime`] |
//! | load a graph for a device | [`Session`], [`SessionOptions`], [`Device`] |
//! | run it on arrays | [`Session::run`], [`Input`], [`Outputs`] |
//! | run it on memory that stays in place, here or on a device | [`Memory`], [`Binding`] |
//!
//! # What may be relied on
//!
//! * A missing, wrong or broken library is an [`Error`] with a hint, never a panic: nothing of the library is called
//!   before its version has been checked, and every type that calls it is made from a [`Runtime`].
//! * A device that cannot be used is an error. Nothing falls back to another device in silence.
//! * The same graph, inputs, library, device and number of threads give the same bits. With another number of threads
//!   sums may be taken in another order, so that results differ in the last digits.
//! * All sessions share one pool of threads, as many as rayon's, unless a session asks for its own.
//! * No other crate of the workspace names the `ort` crate.
#![expect(unsafe_code, reason = "the library is loaded here")]

mod binding;
mod device;
mod environment;
mod error;
pub mod library;
mod memory;
mod resident;
mod session;
mod tensor;

pub use self::{
    binding::{Binding, BindingBuilder},
    device::Device,
    environment::Runtime,
    error::{Cause, Error, Result},
    library::{Found, Library, Search, Skipped, VERSION},
    memory::{Memory, TensorId, Traffic},
    session::{Arena, Optimisation, Outputs, Port, Session, SessionOptions},
    tensor::{Element, ElementType, Input},
};
