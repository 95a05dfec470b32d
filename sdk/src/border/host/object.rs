//! An object of a plugin: called, refused after a panic, and destroyed.

use std::{
    ffi::c_void,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{
    super::{abi, guard::answered},
    absent, table,
};
use crate::{Error, ErrorKind, Result};

/// An object of a plugin.
#[derive(Debug)]
pub struct ForeignObject {
    object: abi::Object,
    head: abi::VTable,
    label: String,
    gone: AtomicBool,
}

// SAFETY: the header lets any thread call an object, `[one]` functions one at a time; whoever wraps an object calls those
// through an exclusive reference only.
unsafe impl Send for ForeignObject {}
// SAFETY: as above; through a shared reference only `[any]` functions are called.
unsafe impl Sync for ForeignObject {}

impl ForeignObject {
    /// Takes an object over.
    ///
    /// # Errors
    ///
    /// Its table is missing or cannot destroy it.
    ///
    /// # Safety
    ///
    /// The object follows the header, and nobody else destroys it.
    pub unsafe fn new(object: abi::Object, label: String) -> Result<Self> {
        // SAFETY: the caller's promise.
        let head: abi::VTable = unsafe { table(object.vt, &label) }?;
        if head.destroy.is_none() {
            return Err(absent(&label, "destroy"));
        }
        Ok(Self { object, head, label, gone: AtomicBool::new(false) })
    }

    /// Returns plugin and component, for messages.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns the first argument of its functions.
    pub fn pointer(&self) -> *mut c_void {
        self.object.object
    }

    /// Returns its table of functions.
    pub fn table(&self) -> *const abi::VTable {
        self.object.vt
    }

    /// Calls a function, which gets an empty error to fill, and turns its status into a result.
    ///
    /// # Errors
    ///
    /// What the function answers, or that the object panicked before.
    pub fn call(&self, function: &str, call: impl FnOnce(*mut abi::Error) -> abi::Status) -> Result<()> {
        let what = format!("{}: {function}", self.label);
        if self.gone.load(Ordering::Acquire) {
            return Err(Error::new(
                ErrorKind::Panicked,
                format!("{what}: it panicked before and is not called again"),
            ));
        }
        let mut error = abi::Error::new();
        let status = call(&raw mut error);
        if status == abi::PANIC {
            self.gone.store(true, Ordering::Release);
        }
        answered(status, &error, &what)
    }

    /// Tells that an answer is wrong.
    pub fn wrong(&self, function: &str, what: impl std::fmt::Display) -> Error {
        Error::internal(format!("{}: {function} answered {what}", self.label))
    }

    /// Reads the table of an extension, if it is offered.
    ///
    /// # Errors
    ///
    /// The table is shorter than version 1.0's.
    ///
    /// # Safety
    ///
    /// The object follows the header, and `T` is the table of that id.
    pub unsafe fn extension<T: Copy>(&self, id: &str) -> Result<Option<T>> {
        let Some(extension) = self.head.extension else { return Ok(None) };
        // SAFETY: the plugin's function with its own object and a text that outlives the call.
        let found = unsafe { extension(self.object.object, abi::Str::new(id)) };
        if found.is_null() {
            return Ok(None);
        }
        // SAFETY: the caller's promise.
        unsafe { table(found.cast(), &format!("{}, {id}", self.label)) }.map(Some)
    }
}

impl Drop for ForeignObject {
    fn drop(&mut self) {
        if let Some(destroy) = self.head.destroy {
            // SAFETY: the plugin's function with its own object, once, at the end.
            unsafe { destroy(self.object.object) };
        }
    }
}
