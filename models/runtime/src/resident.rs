//! Where tensors come from that lie on a device.

use std::fmt;

use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};

use crate::{Device, Error, Result, Runtime, Session, SessionOptions, environment::PROBE};

/// The memory of a device, as a session that runs there gives it.
pub(crate) struct Home {
    // Dropped before the session it was made from.
    allocator: Allocator,
    device: Device,
    _session: Session,
}

impl Home {
    /// Starts a session of one operator on the device, which gives its memory away.
    pub(crate) fn new(runtime: &Runtime, device: Device) -> Result<Self> {
        let session =
            Session::from_bytes(runtime, "probe", PROBE, &SessionOptions::default().device(device))?;
        let place = match device {
            Device::Cpu => AllocationDevice::CPU,
            Device::Cuda => AllocationDevice::CUDA,
        };
        let failed = |source: ort::Error| Error::Device { device, source: source.into() };
        let info = MemoryInfo::new(place, 0, AllocatorType::Device, MemoryType::Default).map_err(failed)?;
        let allocator = Allocator::new(&session.inner, info).map_err(failed)?;
        Ok(Self { allocator, device, _session: session })
    }

    pub(crate) fn allocator(&self) -> &Allocator {
        &self.allocator
    }

    pub(crate) fn device(&self) -> Device {
        self.device
    }
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home").field("device", &self.device).finish_non_exhaustive()
    }
}
