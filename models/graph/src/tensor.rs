//! Constant tensors.

use std::sync::Arc;

use half::{bf16, f16};

use crate::{DataType, Result, error::ErrorKind};

/// A constant: element type, dimensions, and the elements in row-major order, little endian.
///
/// Cloning shares the elements.
///
/// # Examples
///
/// ```
/// use dlm_graph::Tensor;
///
/// let weights = Tensor::f32([2, 2], &[1.0, 2.0, 3.0, 4.0])?;
/// assert_eq!(weights.dims(), [2, 2]);
/// assert_eq!(weights.reals(), [1.0, 2.0, 3.0, 4.0]);
/// assert!(Tensor::f32([3], &[1.0]).is_err());
/// # Ok::<(), dlm_graph::Error>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Tensor {
    dtype: DataType,
    dims: Vec<usize>,
    bytes: Arc<[u8]>,
}

impl Tensor {
    /// Creates a tensor of bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Size`] where the bytes do not fit.
    pub fn new(dtype: DataType, dims: impl Into<Vec<usize>>, bytes: impl Into<Arc<[u8]>>) -> Result<Self> {
        let (dims, bytes) = (dims.into(), bytes.into());
        let expected = byte_size(dtype, &dims).unwrap_or(usize::MAX);
        if expected != bytes.len() {
            let actual = bytes.len();
            return Err(ErrorKind::Size { dtype: dtype.name(), dims, expected, actual }.into());
        }
        Ok(Self { dtype, dims, bytes })
    }

    /// Creates a tensor of single-precision numbers.
    pub fn f32(dims: impl Into<Vec<usize>>, values: &[f32]) -> Result<Self> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self::new(DataType::F32, dims, bytes)
    }

    /// Creates a tensor of 64-bit integers.
    pub fn i64(dims: impl Into<Vec<usize>>, values: &[i64]) -> Result<Self> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self::new(DataType::I64, dims, bytes)
    }

    /// Creates a tensor of truth values.
    pub fn bool(dims: impl Into<Vec<usize>>, values: &[bool]) -> Result<Self> {
        let bytes: Vec<u8> = values.iter().map(|&value| u8::from(value)).collect();
        Self::new(DataType::Bool, dims, bytes)
    }

    /// Creates a list of 64-bit integers.
    pub fn list(values: &[i64]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { dtype: DataType::I64, dims: vec![values.len()], bytes: bytes.into() }
    }

    /// Creates a scalar of any type, rounded or truncated to it.
    pub fn scalar(dtype: DataType, value: f64) -> Self {
        Self { dtype, dims: Vec::new(), bytes: encode(dtype, [value]).into() }
    }

    /// Creates a tensor of any type from double precision, rounded or truncated to the type.
    pub fn from_reals(dtype: DataType, dims: impl Into<Vec<usize>>, values: &[f64]) -> Result<Self> {
        Self::new(dtype, dims, encode(dtype, values.iter().copied()))
    }

    /// Creates a tensor of any type from 64-bit integers, cut to the type.
    pub fn from_integers(dtype: DataType, dims: impl Into<Vec<usize>>, values: &[i64]) -> Result<Self> {
        if dtype == DataType::I64 {
            return Self::i64(dims, values);
        }
        Self::new(dtype, dims, encode(dtype, values.iter().map(|&value| value as f64)))
    }

    /// Returns the element type.
    pub fn dtype(&self) -> DataType {
        self.dtype
    }

    /// Returns the dimensions, outermost first.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// Returns the elements as bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the elements as bytes, shared.
    pub(crate) fn shared(&self) -> Arc<[u8]> {
        self.bytes.clone()
    }

    /// Returns the number of elements.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.dtype.size()
    }

    /// Returns whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the elements in double precision.
    pub fn reals(&self) -> Vec<f64> {
        match self.dtype {
            DataType::F32 => each(&self.bytes, |b| f64::from(f32::from_le_bytes(b))),
            DataType::F64 => each(&self.bytes, f64::from_le_bytes),
            DataType::F16 => each(&self.bytes, |b| f16::from_le_bytes(b).to_f64()),
            DataType::BF16 => each(&self.bytes, |b| bf16::from_le_bytes(b).to_f64()),
            _ => self.integers().into_iter().map(|value| value as f64).collect(),
        }
    }

    /// Returns the elements as 64-bit integers, numbers truncated towards zero.
    pub fn integers(&self) -> Vec<i64> {
        match self.dtype {
            DataType::I64 => each(&self.bytes, i64::from_le_bytes),
            DataType::I32 => each(&self.bytes, |b| i64::from(i32::from_le_bytes(b))),
            DataType::U8 => self.bytes.iter().map(|&byte| i64::from(byte)).collect(),
            DataType::Bool => self.bytes.iter().map(|&byte| i64::from(byte != 0)).collect(),
            _ => self.reals().into_iter().map(|value| value as i64).collect(),
        }
    }
}

/// Returns the bytes that a shape takes; `None` where the product overflows.
pub(crate) fn byte_size(dtype: DataType, dims: &[usize]) -> Option<usize> {
    dims.iter().try_fold(dtype.size(), |product, &dim| product.checked_mul(dim))
}

fn each<const N: usize, T>(bytes: &[u8], decode: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|&chunk| decode(chunk)).collect()
}

fn encode(dtype: DataType, values: impl IntoIterator<Item = f64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        match dtype {
            DataType::F32 => bytes.extend((value as f32).to_le_bytes()),
            DataType::F64 => bytes.extend(value.to_le_bytes()),
            DataType::F16 => bytes.extend(f16::from_f64(value).to_le_bytes()),
            DataType::BF16 => bytes.extend(bf16::from_f64(value).to_le_bytes()),
            DataType::I64 => bytes.extend((value as i64).to_le_bytes()),
            DataType::I32 => bytes.extend((value as i32).to_le_bytes()),
            DataType::U8 => bytes.push(value as u8),
            DataType::Bool => bytes.push(u8::from(value != 0.0)),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_keeps_small_numbers() -> Result<()> {
        for code in 0..20 {
            let Some(dtype) = DataType::from_code(code) else { continue };
            assert_eq!(dtype.code(), code);
            let tensor = Tensor::from_reals(dtype, [2], &[0.0, 1.0])?;
            assert_eq!(tensor.bytes().len(), 2 * dtype.size());
            assert_eq!(tensor.reals(), [0.0, 1.0], "{dtype}");
            assert_eq!(tensor.integers(), [0, 1], "{dtype}");
        }
        Ok(())
    }

    #[test]
    fn a_size_that_overflows_is_an_error() {
        let error = Tensor::new(DataType::F32, [usize::MAX, 2], Vec::new()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Size { expected: usize::MAX, actual: 0, .. }));
    }
}
