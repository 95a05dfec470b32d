//! What the host offers to every plugin.

use core::ffi::c_void;

use crate::Str;

/// The id of the host's extension that hands over its ONNX Runtime, a `const OrtApiBase *`.
pub const HOST_EXT_ORT: &str = "dlm.host.ort/1";

/// What the host offers; it outlives every object made with it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// How much of this struct the host knows.
    pub struct_size: u32,
    /// The host's minor version.
    pub abi_minor: u32,
    /// The host's own; first argument of its functions.
    pub ctx: *mut c_void,
    /// Takes a message, level 1 (error) to 5 (trace). `[any]`
    pub log: Option<unsafe extern "C" fn(ctx: *mut c_void, level: u32, message: Str)>,
    /// Returns non-zero once a long call should return [`CANCELLED`](crate::CANCELLED). `[any]`
    pub cancelled: Option<unsafe extern "C" fn(ctx: *mut c_void) -> i32>,
    /// Returns how many threads a call may use, at least 1. `[any]`
    pub threads: Option<unsafe extern "C" fn(ctx: *mut c_void) -> u32>,
    /// Returns an extension by id, NULL when unknown. `[any]`
    pub extension: Option<unsafe extern "C" fn(ctx: *mut c_void, id: Str) -> *const c_void>,
}
