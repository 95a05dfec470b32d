//! Objects: a pointer and a table of functions.

use core::ffi::c_void;

use crate::Str;

/// The head of every table of functions.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VTable {
    /// The size of the whole table that this is the head of.
    pub struct_size: u32,
    /// 0.
    pub flags: u32,
    /// Ends the object; nothing it lent is valid afterwards. `[one]`
    pub destroy: Option<unsafe extern "C" fn(object: *mut c_void)>,
    /// Returns the table of an extension by id, NULL when unknown; valid until destroy. May be absent. `[any]`
    pub extension: Option<unsafe extern "C" fn(object: *mut c_void, id: Str) -> *const c_void>,
}

/// A component or a predictor.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Object {
    /// The plugin's own; first argument of its functions. The header calls it `self`.
    pub object: *mut c_void,
    /// A static table that begins with [`VTable`].
    pub vt: *const VTable,
}
