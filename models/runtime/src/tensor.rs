//! The elements of tensors, and arrays given to a graph.

use std::{borrow::Cow, fmt};

use half::{bf16, f16};
use ndarray::{ArrayBase, Data, Dimension};
use ort::{
    session::SessionInputValue,
    value::{PrimitiveTensorElementType, TensorElementType, TensorRef},
};

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ElementType {
    /// 32-bit floating point.
    F32,
    /// 64-bit floating point.
    F64,
    /// 16-bit floating point with 5 bits of exponent.
    F16,
    /// 16-bit floating point with 8 bits of exponent.
    Bf16,
    /// 64-bit integer.
    I64,
    /// 32-bit integer.
    I32,
    /// 8-bit integer without sign.
    U8,
    /// A truth value of one byte.
    Bool,
    /// A type this program does not use.
    Other,
}

impl ElementType {
    pub(crate) fn of(found: TensorElementType) -> Self {
        match found {
            TensorElementType::Float32 => Self::F32,
            TensorElementType::Float64 => Self::F64,
            TensorElementType::Float16 => Self::F16,
            TensorElementType::Bfloat16 => Self::Bf16,
            TensorElementType::Int64 => Self::I64,
            TensorElementType::Int32 => Self::I32,
            TensorElementType::Uint8 => Self::U8,
            TensorElementType::Bool => Self::Bool,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::I64 => "i64",
            Self::I32 => "i32",
            Self::U8 => "u8",
            Self::Bool => "bool",
            Self::Other => "another type",
        })
    }
}

mod sealed {
    /// Keeps the set of elements to those that ONNX Runtime knows.
    pub trait Sealed {}
}

/// A type of elements: `f32`, `f64`, `f16`, `bf16`, `i64`, `i32`, `u8` or `bool`. It cannot be implemented elsewhere.
pub trait Element:
    sealed::Sealed + PrimitiveTensorElementType + Copy + fmt::Debug + Default + Send + Sync + 'static
{
    /// The type as a value.
    const TYPE: ElementType;
}

macro_rules! elements {
    ($($rust:ty => $variant:ident),+) => {$(
        impl sealed::Sealed for $rust {}
        impl Element for $rust {
            const TYPE: ElementType = ElementType::$variant;
        }
    )+};
}

elements! { f32 => F32, f64 => F64, f16 => F16, bf16 => Bf16, i64 => I64, i32 => I32, u8 => U8, bool => Bool }

/// An array given to a graph: borrowed where its elements lie in row-major order, else copied.
///
/// # Examples
///
/// ```
/// use dlm_runtime::Input;
/// use ndarray::array;
///
/// let ids = array![[1_i64, 2], [3, 4]];
/// assert_eq!(Input::from(&ids).shape(), [2, 2]);
/// assert_eq!(Input::from(&ids.t().to_owned()).shape(), [2, 2]);
/// ```
pub struct Input<'a> {
    shape: Vec<usize>,
    data: Box<dyn Values + Send + Sync + 'a>,
}

trait Values {
    fn value(&self, shape: &[usize]) -> ort::Result<SessionInputValue<'_>>;
}

impl<T: Element> Values for Cow<'_, [T]> {
    fn value(&self, shape: &[usize]) -> ort::Result<SessionInputValue<'_>> {
        Ok(TensorRef::from_array_view((shape.to_vec(), &**self))?.into())
    }
}

impl Input<'_> {
    /// Returns the length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub(crate) fn value(&self) -> ort::Result<SessionInputValue<'_>> {
        self.data.value(&self.shape)
    }
}

impl<'a, S: Data<Elem: Element>, D: Dimension> From<&'a ArrayBase<S, D>> for Input<'a> {
    fn from(array: &'a ArrayBase<S, D>) -> Self {
        let data: Cow<'a, [S::Elem]> = match array.as_slice() {
            Some(data) => Cow::Borrowed(data),
            None => Cow::Owned(array.iter().copied().collect()),
        };
        Self { shape: array.shape().to_vec(), data: Box::new(data) }
    }
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Input").field(&self.shape).finish()
    }
}
