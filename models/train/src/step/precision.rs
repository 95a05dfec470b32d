//! How precise the products of a training step are.

use std::{fmt, str::FromStr};

use dlm_graph::DataType;
use dlm_runtime::Device;
use dlm_sdk::Error;
use serde::{Deserialize, Serialize};

/// How precise the products of a training step are.
///
/// Weights, statistics of normalisation, loss, norm and optimiser are in single precision whatever is chosen; what the
/// graph of a step casts, and where, is decided by [`mixed_precision`](dlm_graph::Graph::mixed_precision).
///
/// # Examples
///
/// ```
/// use dlm_train::step::Precision;
///
/// assert_eq!("bf16".parse::<Precision>()?, Precision::Bf16);
/// assert!("fp8".parse::<Precision>().is_err());
/// assert!(Precision::Bf16.check(dlm_runtime::Device::Cpu).is_err());
/// # Ok::<(), dlm_sdk::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Single: 24 bits of mantissa.
    #[default]
    Single,
    /// Single, with factors rounded to 11 bits of mantissa by CUDA's tensor cores; no other device does so.
    Tf32,
    /// 16 bits, 8 of them mantissa: the range of single precision, so that no gradient vanishes or overflows by it. The
    /// processor has no products of this kind.
    Bf16,
    /// 16 bits, 11 of them mantissa: gradients below 6e-8 vanish.
    F16,
}

impl Precision {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Single, Self::Tf32, Self::Bf16, Self::F16];

    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "fp32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
            Self::F16 => "fp16",
        }
    }

    /// Fails unless a device has products of this kind.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported): the processor has none in bf16, and rounds no factors to TF32.
    pub fn check(self, device: Device) -> Result<(), Error> {
        if device == Device::Cpu && matches!(self, Self::Bf16 | Self::Tf32) {
            return Err(Error::unsupported(format!("device {device} has no products in {self}"))
                .with_hint("use fp32, or another device"));
        }
        Ok(())
    }

    /// Returns the type that products are cast to, if they are.
    pub fn half(self) -> Option<DataType> {
        match self {
            Self::Single | Self::Tf32 => None,
            Self::Bf16 => Some(DataType::BF16),
            Self::F16 => Some(DataType::F16),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|precision| precision.name() == name).ok_or_else(|| {
            Error::invalid(format!("no precision is called {name:?}"))
                .with_hint("known are fp32, tf32, bf16 and fp16")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written_and_devices_differ() {
        for precision in Precision::ALL {
            assert_eq!(precision.name().parse::<Precision>().unwrap(), precision);
            precision.check(Device::Cuda).unwrap();
        }
        let runs = Precision::ALL.map(|precision| precision.check(Device::Cpu).is_ok());
        assert_eq!(runs, [true, false, false, true]);
    }
}
