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

/// What stands in place of the right tensor: its type and its lengths.
type As = (abi::DataType, Vec<i64>);

/// How an encoder answered to tensors that no host hands over: what they are, and the status. `None` where it has no
/// function to encode.
pub(in crate::plugin) fn wrong_tensors(
    object: &ForeignObject,
) -> Result<Option<Vec<(&'static str, abi::Status)>>> {
    // SAFETY: an encoder's table; its first two functions are in it since the first version.
    let table = unsafe { object.table().cast::<abi::EncoderVTable>().read() };
    let Some(encode) = table.encode else { return Ok(None) };
    let spec = table.spec.ok_or_else(|| Error::internal("the function spec is NULL"))?;
    // SAFETY: a spec of zeros is one: numbers, and texts without a byte.
    let mut out: abi::EncoderSpec = unsafe { std::mem::zeroed() };
    out.struct_size = size_of::<abi::EncoderSpec>() as u32;
    // SAFETY: the plugin's function with its own object and a struct that outlives the call.
    object.call("spec", |err| unsafe { spec(object.pointer(), &raw mut out, err) })?;
    let hidden = i64::from(out.hidden);
    let (ids, room) = ([0_i64; 6], vec![0_f32; 6 * out.hidden as usize * 2]);
    let (ints, floats) = (abi::DataType::I64, abi::DataType::F32);
    let narrow = abi::DataType { bits: 32, ..ints };
    let (plane, block) = (vec![2, 3], vec![2, 3, hidden]);
    let (good_ids, good_states): (As, As) = ((ints, plane.clone()), (floats, block.clone()));
    let cases: [(&str, As, As, As); 7] = [
        ("ids of 32 bits", (narrow, plane.clone()), good_ids.clone(), good_states.clone()),
        ("ids of floating point", (floats, plane.clone()), good_ids.clone(), good_states.clone()),
        ("ids of one axis", (ints, vec![6]), good_ids.clone(), good_states.clone()),
        ("a mask of another shape", good_ids.clone(), (ints, vec![3, 2]), good_states.clone()),
        ("states of integers", good_ids.clone(), good_ids.clone(), (ints, block)),
        ("states of two axes", good_ids.clone(), good_ids.clone(), (floats, vec![6, hidden])),
        ("states of another width", good_ids.clone(), good_ids, (floats, vec![2, 3, hidden + 1])),
    ];
    let mut answers = Vec::with_capacity(cases.len());
    for (what, ids_as, mask_as, states_as) in cases {
        // Written to, if at all, by a plugin that breaks the rule: so each call has memory of its own.
        let (mut ids_memory, mut mask_memory, mut states_memory) = (ids, [1_i64; 6], room.clone());
        let lend = |data: *mut c_void, (dtype, mut shape): As| {
            let tensor = abi::Tensor {
                data,
                device: abi::Device { device_type: abi::DEVICE_CPU, device_id: 0 },
                ndim: shape.len() as i32,
                dtype,
                shape: shape.as_mut_ptr(),
                strides: std::ptr::null_mut(),
                byte_offset: 0,
            };
            (tensor, shape)
        };
        let (ids, _ids_shape) = lend(ids_memory.as_mut_ptr().cast(), ids_as);
        let (mask, _mask_shape) = lend(mask_memory.as_mut_ptr().cast(), mask_as);
        let (mut out, _out_shape) = lend(states_memory.as_mut_ptr().cast(), states_as);
        let mut error = abi::Error::new();
        // SAFETY: the plugin's function with its own object; the memory behind each tensor is there, and at least as long
        // as any reading of its type and shape says.
        let status = unsafe {
            encode(object.pointer(), &raw const ids, &raw const mask, &raw mut out, &raw mut error)
        };
        answers.push((what, status));
    }
    Ok(Some(answers))
}
