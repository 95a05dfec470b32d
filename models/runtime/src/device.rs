//! Where graphs run.

use std::{fmt, str::FromStr};

use crate::Error;

/// Where graphs run.
///
/// # Examples
///
/// ```
/// use dlm_runtime::Device;
///
/// assert_eq!("cuda".parse::<Device>().unwrap(), Device::Cuda);
/// assert!("tpu".parse::<Device>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// The first NVIDIA device, by the CUDA execution provider.
    Cuda,
}

impl Device {
    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        [Self::Cpu, Self::Cuda]
            .into_iter()
            .find(|device| device.name() == name)
            .ok_or_else(|| Error::UnknownDevice { name: name.to_owned() })
    }
}
