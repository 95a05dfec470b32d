//! Out: components of this side as objects with tables of functions.
//!
//! One table a kind serves all components of that kind: an object owns a box of the trait, so that nothing here is
//! generic and the macro stays short. What the border lends "until destroy" lies beside the box and never changes.

mod baseline;
mod encoder;
mod entry;
mod macros;
mod task;
mod tokenizer;

use std::ffi::c_void;

pub use entry::{
    Export, PANIC_PROBE, Plugin, PluginEntry, create, entry, host_cancelled, host_extension, host_log,
};

pub(in crate::border) use entry::number_of;
pub(in crate::border) use task::LentSpec;

use super::abi;
use crate::{Component, Error, Result};

/// Turns a component into an object that owns it.
///
/// # Errors
///
/// The component has more ids, columns or layers than the border's numbers hold.
pub fn object_of(component: Component) -> Result<abi::Object> {
    match component {
        Component::Tokenizer(inner) => Ok(tokenizer::object(inner)),
        Component::Encoder(inner) => encoder::object(inner),
        Component::Task(inner) => task::object(inner),
        Component::Baseline(inner) => Ok(baseline::object(inner)),
    }
}

/// Makes an object of what it owns and its table.
fn object<T>(owned: T, vt: *const abi::VTable) -> abi::Object {
    abi::Object { object: Box::into_raw(Box::new(owned)).cast::<c_void>(), vt }
}

/// Ends an object: the `destroy` of every table.
unsafe extern "C" fn destroy<T>(object: *mut c_void) {
    let drop = || {
        if !object.is_null() {
            // SAFETY: the host passes an object that `object` made, once, and does not use it again.
            drop(unsafe { Box::from_raw(object.cast::<T>()) });
        }
        Ok(())
    };
    super::guard::guard(std::ptr::null_mut(), drop);
}

/// Borrows what an object owns.
unsafe fn owned<'a, T>(object: *mut c_void) -> Result<&'a T> {
    // SAFETY: the host passes an object that `object` made and has not destroyed; only shared references are made.
    unsafe { object.cast::<T>().as_ref() }.ok_or_else(|| Error::invalid("the object is NULL"))
}

const fn head<T, V>(
    extension: Option<unsafe extern "C" fn(*mut c_void, abi::Str) -> *const c_void>,
) -> abi::VTable {
    abi::VTable { struct_size: size_of::<V>() as u32, flags: 0, destroy: Some(destroy::<T>), extension }
}

/// Narrows a number to the border's.
fn narrow(number: usize, what: &str) -> Result<u32> {
    u32::try_from(number).map_err(|_| Error::invalid(format!("{what} {number} does not fit into 32 bits")))
}
