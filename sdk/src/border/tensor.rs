//! Tensors: views of the host's memory.

use ndarray::{ArrayView, ArrayViewMut, Dimension, IxDyn};

use super::abi;
use crate::{Error, Result};

/// What a tensor may hold.
pub(super) trait Element {
    /// The type as the border says it.
    const DTYPE: abi::DataType;
}

impl Element for i64 {
    const DTYPE: abi::DataType = abi::DataType::I64;
}

impl Element for f32 {
    const DTYPE: abi::DataType = abi::DataType::F32;
}

/// Checks a tensor against what a function expects of it, and returns where its elements are and its shape.
unsafe fn parts<T: Element>(
    tensor: *const abi::Tensor,
    ndim: usize,
    what: &str,
) -> Result<(*mut T, Vec<usize>)> {
    let wrong = |why: String| Error::invalid(format!("tensor {what}: {why}"));
    if tensor.is_null() {
        return Err(wrong("is NULL".into()));
    }
    // SAFETY: a non-null tensor is the caller's struct and readable during the call.
    let tensor = unsafe { tensor.read() };
    if tensor.device.device_type != abi::DEVICE_CPU || tensor.byte_offset != 0 || !tensor.strides.is_null() {
        return Err(wrong("is not compact memory of the CPU".into()));
    }
    if tensor.dtype != T::DTYPE {
        return Err(wrong(format!("holds {:?}, not {:?}", tensor.dtype, T::DTYPE)));
    }
    if tensor.ndim != ndim as i32 {
        return Err(wrong(format!("has {} axes, not {ndim}", tensor.ndim)));
    }
    // SAFETY: a tensor has as many lengths as axes.
    let lengths = unsafe { super::text::slice(tensor.shape, ndim, what) }?;
    let shape: Option<Vec<usize>> = lengths.iter().map(|&length| usize::try_from(length).ok()).collect();
    let shape = shape.ok_or_else(|| wrong(format!("has the lengths {lengths:?}")))?;
    let elements = shape.iter().try_fold(size_of::<T>(), |n, &length| n.checked_mul(length));
    if elements.is_none_or(|bytes| bytes > isize::MAX as usize) {
        return Err(wrong(format!("has the lengths {lengths:?}")));
    }
    let mut data = tensor.data.cast::<T>();
    if shape.contains(&0) {
        data = std::ptr::NonNull::dangling().as_ptr();
    } else if data.is_null() || !data.is_aligned() {
        return Err(wrong("has its elements at NULL or between two addresses".into()));
    }
    Ok((data, shape))
}

/// Borrows a tensor's elements.
///
/// # Safety
///
/// `tensor` is NULL or the caller's, and follows the header.
pub(super) unsafe fn view<'a, T: Element, D: Dimension>(
    tensor: *const abi::Tensor,
    what: &str,
) -> Result<ArrayView<'a, T, D>> {
    let ndim = D::NDIM.unwrap_or_default();
    // SAFETY: the caller's promise.
    let (data, shape) = unsafe { parts::<T>(tensor, ndim, what) }?;
    // SAFETY: the elements are there, compact, and nobody writes to them during the call.
    let view = unsafe { ArrayView::from_shape_ptr(IxDyn(&shape), data) };
    view.into_dimensionality().map_err(|error| Error::internal("a shape was lost").with_source(error))
}

/// Borrows a tensor's elements to write to.
///
/// # Safety
///
/// As [`view`], and nobody else reads or writes them during the call.
pub(super) unsafe fn view_mut<'a, T: Element, D: Dimension>(
    tensor: *mut abi::Tensor,
    ndim: usize,
    what: &str,
) -> Result<ArrayViewMut<'a, T, D>> {
    // SAFETY: the caller's promise.
    let (data, shape) = unsafe { parts::<T>(tensor, ndim, what) }?;
    // SAFETY: the elements are there, compact, and the caller's alone to write.
    let view = unsafe { ArrayViewMut::from_shape_ptr(IxDyn(&shape), data) };
    view.into_dimensionality().map_err(|error| Error::internal("a shape was lost").with_source(error))
}

/// Reads how many axes a tensor has.
///
/// # Safety
///
/// `tensor` is NULL or the caller's.
pub(super) unsafe fn axes(tensor: *const abi::Tensor) -> usize {
    // SAFETY: a non-null tensor is readable during the call.
    if tensor.is_null() { 0 } else { usize::try_from(unsafe { (*tensor).ndim }).unwrap_or_default() }
}

/// A tensor over memory of this side, with the shape it points to.
pub(super) struct Lent {
    shape: Vec<i64>,
    data: *mut std::ffi::c_void,
    dtype: abi::DataType,
}

impl Lent {
    /// Lends elements to read.
    pub(super) fn read<T: Element>(elements: &[T], shape: &[usize]) -> Self {
        Self::new(elements.as_ptr().cast_mut(), shape)
    }

    fn new<T: Element>(data: *mut T, shape: &[usize]) -> Self {
        let shape = shape.iter().map(|&length| length as i64).collect();
        Self { shape, data: data.cast(), dtype: T::DTYPE }
    }

    /// Returns the tensor; it is valid as long as this is and the elements are.
    pub(super) fn tensor(&mut self) -> abi::Tensor {
        abi::Tensor {
            data: self.data,
            device: abi::Device { device_type: abi::DEVICE_CPU, device_id: 0 },
            ndim: self.shape.len() as i32,
            dtype: self.dtype,
            shape: self.shape.as_mut_ptr(),
            strides: std::ptr::null_mut(),
            byte_offset: 0,
        }
    }
}

/// How many elements lie behind memory that is lent to be written to.
const BEHIND: usize = 16;

/// Memory for the other side to fill, with some elements behind it that it must not touch. What it leaves unwritten is
/// NaN.
pub(super) struct Filled {
    elements: Vec<f32>,
    shape: Vec<usize>,
}

impl Filled {
    /// Allocates memory of a shape.
    pub(super) fn new(shape: &[usize]) -> Self {
        let n: usize = shape.iter().product();
        Self { elements: vec![f32::NAN; n + BEHIND], shape: shape.to_vec() }
    }

    /// Lends it.
    pub(super) fn lend(&mut self) -> Lent {
        let n = self.elements.len() - BEHIND;
        debug_assert_eq!(n, self.shape.iter().product::<usize>(), "the shape is that of the memory");
        Lent::new(self.elements.as_mut_ptr(), &self.shape)
    }

    /// Returns what was written; `None` if it went past the end.
    pub(super) fn into_array<D: Dimension>(mut self) -> Option<ndarray::Array<f32, D>> {
        let behind = self.elements.split_off(self.elements.len() - BEHIND);
        if behind.iter().any(|value| value.to_bits() != f32::NAN.to_bits()) {
            return None;
        }
        ndarray::Array::from_shape_vec(IxDyn(&self.shape), self.elements).ok()?.into_dimensionality().ok()
    }
}
