//! What can go wrong between this program and ONNX Runtime.

use std::{error, fmt::Write as _, path::PathBuf};

use dlm_sdk::ErrorKind;

use crate::{
    Device, ElementType,
    library::{Skipped, VERSION},
};

/// The result of a call that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A cause that ONNX Runtime or the system gave.
pub type Cause = Box<dyn error::Error + Send + Sync>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No library of the right version was found.
    #[error("ONNX Runtime {VERSION} was not found{}", list(skipped))]
    NotFound {
        /// What was found and cannot be used.
        skipped: Vec<Skipped>,
    },
    /// The library was found and could not be started.
    #[error("{}: ONNX Runtime cannot be started", path.display())]
    Start {
        /// The library.
        path: PathBuf,
        /// Why.
        source: Cause,
    },
    /// No device is called so.
    #[error("no device is called {name:?}")]
    UnknownDevice {
        /// The name that was given.
        name: String,
    },
    /// The library was built without support for a device.
    #[error("device {device}: the library {} has no support for it", library.display())]
    NoProvider {
        /// The device.
        device: Device,
        /// The library in use.
        library: PathBuf,
    },
    /// The device could not be started.
    #[error("device {device} cannot be started")]
    Device {
        /// The device.
        device: Device,
        /// Why.
        source: Cause,
    },
    /// A graph could not be loaded.
    #[error("{what}: the graph cannot be loaded")]
    Load {
        /// The graph's file, or what it is.
        what: String,
        /// Why.
        source: Cause,
    },
    /// A graph could not be run.
    #[error("{what}: the graph cannot be run")]
    Run {
        /// The graph's file, or what it is.
        what: String,
        /// Why.
        source: Cause,
    },
    /// A graph has no input or output of this name, or needs one that was not given.
    #[error("{what}: {complaint}")]
    Port {
        /// The graph's file, or what it is.
        what: String,
        /// What is wrong, naming the input or output.
        complaint: String,
    },
    /// A tensor holds elements of another type.
    #[error("tensor {name} holds {found}, not {wanted}")]
    Element {
        /// The tensor.
        name: String,
        /// What was asked for.
        wanted: ElementType,
        /// What it holds.
        found: ElementType,
    },
    /// Tensors were used with a memory they do not live in, or twice at once.
    #[error("{complaint}")]
    Memory {
        /// What is wrong.
        complaint: &'static str,
    },
    /// A tensor could not be copied to or from a device.
    #[error("tensor {name} cannot be copied between main memory and the device")]
    Copy {
        /// The tensor.
        name: String,
        /// Why.
        source: Cause,
    },
    /// A setting of the runtime failed.
    #[error("{what} cannot be set")]
    Setting {
        /// What was to be set.
        what: &'static str,
        /// Why.
        source: Cause,
    },
}

impl Error {
    /// Returns what to do about it, if anything is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotFound { .. } => Some(
                "run dlm runtime install, or set DLM_ONNXRUNTIME to the library file; dlm doctor shows what was looked at",
            ),
            Self::Start { .. } => Some("run dlm runtime install, which fetches a verified library"),
            Self::UnknownDevice { .. } => Some("known are cpu and cuda"),
            Self::NoProvider { device: Device::Cuda, .. } => {
                Some("run dlm runtime install --cuda, or use --device cpu")
            }
            Self::Device { device: Device::Cuda, .. } => Some(
                "it needs an NVIDIA device with a driver for CUDA 13, the CUDA 13 libraries (cudart, cublas, curand, \
                 cufft, nvrtc) and cuDNN 9 on the library path; or use --device cpu",
            ),
            _ => None,
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownDevice { .. } | Self::Load { .. } | Self::Port { .. } | Self::Element { .. } => {
                ErrorKind::Invalid
            }
            // This machine cannot do it as it stands, whatever was asked for.
            Self::NotFound { .. } | Self::NoProvider { .. } | Self::Device { .. } => ErrorKind::Unsupported,
            Self::Start { .. }
            | Self::Run { .. }
            | Self::Memory { .. }
            | Self::Copy { .. }
            | Self::Setting { .. } => ErrorKind::Internal,
        }
    }
}

impl From<Error> for dlm_sdk::Error {
    fn from(error: Error) -> Self {
        let (kind, hint) = (error.kind(), error.hint());
        let mut told = Self::new(kind, error.to_string());
        if let Some(hint) = hint {
            told = told.with_hint(hint);
        }
        match error {
            Error::Start { source, .. }
            | Error::Device { source, .. }
            | Error::Load { source, .. }
            | Error::Run { source, .. }
            | Error::Copy { source, .. }
            | Error::Setting { source, .. } => told.with_source(source),
            _ => told,
        }
    }
}

fn list(skipped: &[Skipped]) -> String {
    let mut text = String::new();
    for (n, skipped) in skipped.iter().enumerate() {
        // Writing to a string never fails.
        let _ = write!(text, "{} {skipped}", if n == 0 { "; skipped:" } else { "," });
    }
    text
}
