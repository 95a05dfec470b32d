//! Calls that no well-meaning host makes: what a checker asks of a plugin's tables of functions.

use std::ffi::c_void;

use dlm_sdk::{
    Error, Kind, Result,
    border::{
        abi,
        host::{Foreign, ForeignObject, Host},
    },
};

/// The byte that memory is filled with which a plugin must not write to.
const CANARY: u8 = 0xA5;
/// More than any out-parameter of this version or a later one has.
const ROOM: usize = 1024;

/// The first function behind the head of every component's table.
type SpecFn = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut abi::Error) -> abi::Status;

#[repr(C)]
#[derive(Clone, Copy)]
struct CommonTable {
    base: abi::VTable,
    spec: Option<SpecFn>,
}

/// How a plugin's `create` answered.
#[derive(Debug)]
pub(in crate::plugin) struct Created {
    /// The status.
    pub(in crate::plugin) status: abi::Status,
    /// The error's bytes.
    pub(in crate::plugin) text: Vec<u8>,
    /// How long the error says that its text is.
    pub(in crate::plugin) length: usize,
    /// Whether the object to fill is as it was before.
    pub(in crate::plugin) untouched: bool,
}

/// Asks for a component, with or without an error to fill; what is made is destroyed at once.
pub(in crate::plugin) fn create(
    foreign: &Foreign,
    host: Host,
    kind: u32,
    id: &str,
    config: &str,
    err: bool,
) -> Created {
    let mut mark = 0_u8;
    let before = abi::Object { object: (&raw mut mark).cast(), vt: std::ptr::null() };
    let mut object = before;
    let mut error = abi::Error::new();
    let err = if err { &raw mut error } else { std::ptr::null_mut() };
    // SAFETY: the plugin's function with arguments that outlive the call.
    let status = unsafe {
        (foreign.create_function())(
            host.as_abi(),
            kind,
            abi::Str::new(id),
            abi::Str::new(config),
            &raw mut object,
            err,
        )
    };
    let length = error.len as usize;
    let text = error.message[..length.min(abi::ERROR_CAP)].to_vec();
    let untouched = object.object == before.object && object.vt.is_null();
    if status == abi::OK && !object.vt.is_null() {
        // SAFETY: the plugin made it just now.
        drop(unsafe { ForeignObject::new(object, "probe".to_owned()) });
    }
    Created { status, text, length, untouched }
}

/// Makes an object of a component, to be destroyed when dropped.
pub(in crate::plugin) fn object(
    foreign: &Foreign,
    host: Host,
    kind: Kind,
    id: &str,
    config: &str,
) -> Result<ForeignObject> {
    let number = kind as u32 + 1;
    let object = foreign.object(host, number, id, config)?;
    // SAFETY: the plugin made it just now, and nobody else destroys it.
    unsafe { ForeignObject::new(object, format!("{} {id}", kind.name())) }
}

/// Asks for a spec with a struct of a size, in memory of which everything behind is marked. Returns the status, what the
/// struct then says of its size, and whether a byte behind it was written to.
pub(in crate::plugin) fn spec(object: &ForeignObject, size: usize) -> Result<(abi::Status, usize, bool)> {
    // SAFETY: every component's table begins with these.
    let table = unsafe { object.table().cast::<CommonTable>().read() };
    let spec = table.spec.ok_or_else(|| Error::internal("the function spec is NULL"))?;
    // Of 64-bit numbers, so that it is aligned for every struct.
    let mut memory = [u64::from_ne_bytes([CANARY; 8]); ROOM / 8];
    let start = memory.as_mut_ptr();
    // SAFETY: the memory is longer than four bytes.
    unsafe { start.cast::<u32>().write(size as u32) };
    let mut error = abi::Error::new();
    // SAFETY: the plugin's function with its own object and memory that outlives the call.
    let status = unsafe { spec(object.pointer(), start.cast(), &raw mut error) };
    let bytes: Vec<u8> = memory.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let says = u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    Ok((status, says, bytes[size..].iter().any(|byte| *byte != CANARY)))
}

/// Returns whether an unknown extension is answered with NULL.
pub(in crate::plugin) fn refuses_unknown_extension(object: &ForeignObject) -> Result<bool> {
    // SAFETY: nobody offers this; a table that comes nevertheless is read only as far as its own size goes.
    let found: Option<abi::LmVTable> = unsafe { object.extension("dlm.no-such-extension/1") }?;
    Ok(found.is_none())
}
