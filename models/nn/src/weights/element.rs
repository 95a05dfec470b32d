//! What the numbers of a tensor are.

use half::{bf16, f16};

/// The type of a tensor's numbers.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Element {
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 half precision: 11 bits of precision, up to 65,504.
    F16,
    /// The upper half of single precision: 8 bits of precision, the full range.
    Bf16,
    /// 64-bit integers, such as the buffer of position ids in old files. They are listed and not read.
    I64,
    /// Anything else. It is listed and not read.
    Other,
}

impl Element {
    /// Returns the bytes a number takes, where numbers of this type are read.
    pub fn width(self) -> Option<usize> {
        match self {
            Self::F32 => Some(4),
            Self::F16 | Self::Bf16 => Some(2),
            Self::I64 | Self::Other => None,
        }
    }

    /// Returns whether a number stays finite if it is one.
    pub(super) fn holds(self, value: f32) -> bool {
        self != Self::F16 || !value.is_finite() || f16::from_f32(value).is_finite()
    }

    /// Turns little-endian bytes into floats; the lengths agree.
    pub(super) fn decode(self, bytes: &[u8], values: &mut [f32]) {
        match self {
            Self::F32 => fill::<4>(bytes, values, f32::from_le_bytes),
            Self::F16 => fill::<2>(bytes, values, |b| f16::from_le_bytes(b).to_f32()),
            Self::Bf16 => fill::<2>(bytes, values, |b| bf16::from_le_bytes(b).to_f32()),
            Self::I64 | Self::Other => {}
        }
    }

    /// Appends floats as little-endian bytes, rounded to the nearest, ties to even.
    pub(super) fn encode(self, values: &[f32], bytes: &mut Vec<u8>) {
        match self {
            Self::F16 => bytes.extend(values.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes())),
            Self::Bf16 => bytes.extend(values.iter().flat_map(|value| bf16::from_f32(*value).to_le_bytes())),
            Self::F32 | Self::I64 | Self::Other => {
                bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
        }
    }
}

fn fill<const N: usize>(bytes: &[u8], values: &mut [f32], number: impl Fn([u8; N]) -> f32) {
    for (value, bytes) in values.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *value = number(*bytes);
    }
}
