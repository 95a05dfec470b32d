//! In: a plugin's objects as the SDK's traits, with everything checked that it answers.
//!
//! [`Foreign::new`] reads a plugin's entry; [`Foreign::create`] makes a component, which is then a tokenizer, encoder,
//! task or baseline like any other. A wrong answer is an [`Internal`](crate::ErrorKind::Internal) error that names plugin,
//! component, function and what was wrong; a panic is [`Panicked`](crate::ErrorKind::Panicked), and that object is not
//! called again.
//!
//! Opening the library is the caller's part, and so is trust: code of a plugin runs with the rights of the program.

mod baseline;
mod encoder;
mod foreign;
mod object;
mod services;
mod task;
mod tokenizer;

pub use foreign::{Foreign, Listed, component_of};
pub use object::ForeignObject;
pub use services::{Host, Services};

pub(in crate::border) use task::task_spec;

use super::abi;
use crate::{Error, Result};

/// Reads a table of functions: the part of it that version 1.0 has.
///
/// # Safety
///
/// `vt` is NULL or points to as many bytes as its first four say.
unsafe fn table<T: Copy>(vt: *const abi::VTable, what: &str) -> Result<T> {
    // SAFETY: the caller's promise.
    unsafe { super::text::read(vt.cast::<T>(), &format!("the table of functions of {what}")) }
}

/// Tells that a required function is absent.
fn absent(what: &str, function: &str) -> Error {
    Error::internal(format!("{what}: the function {function} is NULL"))
}
