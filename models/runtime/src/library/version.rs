//! Reading the version of a library before anything else of it is used.
//!
//! ONNX Runtime exports one symbol, `OrtGetApiBase`, which returns a table of two functions: one that gives the table of
//! all others, by version, and one that gives the version as text. Both have been there since version 1.0.

use std::{
    ffi::{CStr, c_char, c_void},
    mem,
    path::Path,
};

use libloading::{Library, Symbol};

use super::{Reason, VERSION};

/// The head of ONNX Runtime's interface, `OrtApiBase` of its C header.
#[repr(C)]
struct ApiBase {
    api: unsafe extern "system" fn(u32) -> *const c_void,
    version: unsafe extern "system" fn() -> *const c_char,
}

/// Checks that a file is ONNX Runtime of the right version.
pub(super) fn check(path: &Path) -> Result<(), Reason> {
    if !path.is_file() {
        return Err(Reason::Missing);
    }
    let absolute = std::path::absolute(path).map_err(|error| Reason::Unloadable(error.to_string()))?;
    // SAFETY: Loading a library runs its initialisers. The file is named like ONNX Runtime and was put in its place by
    // the user, who could run it in any case.
    let library =
        unsafe { Library::new(&absolute) }.map_err(|error| Reason::Unloadable(error.to_string()))?;
    let version = version(&library);
    // A library that ran its initialisers may have left threads or handlers behind, so none is ever unloaded.
    mem::forget(library);
    match version {
        Some(version) if version == VERSION => Ok(()),
        Some(version) => Err(Reason::Version(version)),
        None => Err(Reason::Foreign),
    }
}

/// Returns the table that a library's `OrtGetApiBase` gives, `OrtApiBase` of its C header. The library is loaded already,
/// or is loaded and stays.
pub(crate) fn base(path: &Path) -> Option<*const c_void> {
    let absolute = std::path::absolute(path).ok()?;
    // SAFETY: As in `check`, which has loaded this file before.
    let library = unsafe { Library::new(&absolute) }.ok()?;
    let base = base_of(&library).filter(|base| !base.is_null());
    mem::forget(library);
    base.map(<*const ApiBase>::cast)
}

fn base_of(library: &Library) -> Option<*const ApiBase> {
    // SAFETY: The symbol has had this type in every version of ONNX Runtime.
    let base: Symbol<'_, unsafe extern "system" fn() -> *const ApiBase> =
        unsafe { library.get(b"OrtGetApiBase\0") }.ok()?;
    // SAFETY: The function takes nothing and returns a table that lives as long as the library.
    Some(unsafe { base() })
}

fn version(library: &Library) -> Option<String> {
    let base = base_of(library)?;
    // SAFETY: The pointer is null or points to a table that is never written to.
    let base = unsafe { base.as_ref() }?;
    debug_assert!(base.api as usize != 0);
    // SAFETY: The function takes nothing and returns a string that lives as long as the library.
    let text = unsafe { (base.version)() };
    if text.is_null() {
        return None;
    }
    // SAFETY: The pointer is not null and points to a string that ends with zero.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().ok().map(str::to_owned)
}
