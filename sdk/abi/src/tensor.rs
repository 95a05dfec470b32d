//! `DLPack` 1.x tensors, declared bit for bit.

use core::ffi::c_void;

/// The device type of the CPU, the only one of version 1.
pub const DEVICE_CPU: i32 = 1;
/// The type code of signed integers.
pub const DTYPE_INT: u8 = 0;
/// The type code of floating-point numbers.
pub const DTYPE_FLOAT: u8 = 2;

/// Where a tensor's memory is.
#[repr(C)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Device {
    /// [`DEVICE_CPU`].
    pub device_type: i32,
    /// 0.
    pub device_id: i32,
}

/// What a tensor's elements are.
#[repr(C)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DataType {
    /// [`DTYPE_INT`] or [`DTYPE_FLOAT`].
    pub code: u8,
    /// Bits of an element.
    pub bits: u8,
    /// 1.
    pub lanes: u16,
}

impl DataType {
    /// 64-bit signed integers: token ids and masks.
    pub const I64: Self = Self { code: DTYPE_INT, bits: 64, lanes: 1 };
    /// 32-bit floating-point numbers: hidden states, logits, weights, scores.
    pub const F32: Self = Self { code: DTYPE_FLOAT, bits: 32, lanes: 1 };
}

/// A view of host memory. In version 1 it is on the CPU, compact and row-major (`strides` NULL), with `byte_offset` 0 and
/// `data` aligned for its elements, non-null unless there are none. Where a function takes it by a const pointer, the
/// elements are read-only.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Tensor {
    /// The first element.
    pub data: *mut c_void,
    /// Where it lies.
    pub device: Device,
    /// How many axes.
    pub ndim: i32,
    /// What the elements are.
    pub dtype: DataType,
    /// The length of each axis.
    pub shape: *mut i64,
    /// NULL: compact and row-major.
    pub strides: *mut i64,
    /// 0.
    pub byte_offset: u64,
}
