//! The C ABI between a host of DNA language models and its plugins: `#[repr(C)]` types equal to `dlm_plugin.h`.
//!
//! A plugin is a shared library that exports one symbol, [`ENTRY_SYMBOL`], a function without arguments that returns a
//! static [`Entry`]. The entry lists components (tokenizers, encoders, tasks, baselines) and makes them; a component is
//! an [`Object`]: a pointer and a table of functions. Three rules carry the interface:
//!
//! 1. Nobody frees what they did not allocate. Results are written into host memory or handed to a host sink.
//! 2. Pointers passed to a call are borrowed and end with the call, unless a comment says "until destroy".
//! 3. Structs only grow at the end. `struct_size` says how much of one its writer knows. In an out-parameter the caller
//!    sets `struct_size` first and the callee writes no further than that.
//!
//! Every function in a table is an `Option`: a plugin written in C may leave it NULL, and a NULL that is read as a plain
//! function is undefined behaviour at the read. Status codes and kinds are plain integers, never enums, for the same
//! reason: a number nobody knows must be a number.
//!
//! There is no trait here, no policy and no dependency; `dlm-sdk` builds safe Rust on top. The crate compiles with
//! Rust 1.63. `[any]` beside a function says that several threads may call it at once, `[one]` that one thread does at a
//! time, not always the same.
//!
//! # Examples
//!
//! ```
//! assert!(dlm_plugin_abi::HEADER.contains("dlm_plugin_entry_v1"));
//! assert_eq!(dlm_plugin_abi::ENTRY_SYMBOL, "dlm_plugin_entry_v1");
//! ```

#![no_std]
#![warn(missing_docs, missing_debug_implementations, unreachable_pub)]

mod baseline;
mod encoder;
mod entry;
mod host;
mod object;
mod task;
mod tensor;
mod tokenizer;
mod value;

pub use baseline::*;
pub use encoder::*;
pub use entry::*;
pub use host::*;
pub use object::*;
pub use task::*;
pub use tensor::*;
pub use tokenizer::*;
pub use value::*;

/// The C header, which is the truth: what a plugin written in C includes.
pub const HEADER: &str = include_str!("../dlm_plugin.h");
