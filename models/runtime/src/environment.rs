//! Starting the library, once in a process.

use std::{
    ffi::c_void,
    fmt, ptr,
    sync::{Mutex, OnceLock, PoisonError},
};

use ndarray::array;
use ort::{
    AsPointer as _,
    environment::{Environment, GlobalThreadPoolOptions},
    memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType},
};

use crate::{Device, Error, Input, Library, Result, Search, Session, SessionOptions};

static RUNTIME: OnceLock<Runtime> = OnceLock::new();
static STARTING: Mutex<()> = Mutex::new(());

/// The graph `y = -x` on one number.
pub(crate) const PROBE: &[u8] = b"\x08\x08:6\x0a\x0b\x0a\x01x\x12\x01y\x22\x03Neg\x12\x05probeZ\x0f\x0a\x01x\x12\x0a\x0a\x08\x08\x01\x12\x04\x0a\x02\x08\x01b\x0f\x0a\x01y\x12\x0a\x0a\x08\x08\x01\x12\x04\x0a\x02\x08\x01B\x02\x10\x11";

/// ONNX Runtime, started.
///
/// There is at most one in a process, because the library allows no more. Whatever calls the library is made from it, so
/// that nothing can reach a library that is not there.
pub struct Runtime {
    environment: Environment,
    library: Library,
    threads: usize,
}

impl Runtime {
    /// Returns the runtime of this process; starts it on the library that [`Search::of_user`] finds if nobody has yet.
    ///
    /// # Errors
    ///
    /// [`NotFound`](Error::NotFound) where there is no library, with what was skipped and why.
    pub fn get() -> Result<&'static Self> {
        Self::start(&Search::of_user())
    }

    /// Returns the runtime of this process for a device; starts it on a library that supports the device if nobody has
    /// yet.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and [`NoProvider`](Error::NoProvider) where the library does not support the device.
    pub fn get_for(device: Device) -> Result<&'static Self> {
        let runtime = Self::start(&Search::of_user().prefer(device))?;
        runtime.supports(device)?;
        Ok(runtime)
    }

    /// Returns the runtime of this process; starts it on the library that a search finds if nobody has yet. Its threads
    /// are as many as rayon's.
    ///
    /// # Errors
    ///
    /// There is no library, or it cannot be started.
    pub fn start(search: &Search) -> Result<&'static Self> {
        if let Some(runtime) = RUNTIME.get() {
            return Ok(runtime);
        }
        let _guard = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = RUNTIME.get() {
            return Ok(runtime);
        }
        let found = search.find();
        let Some(library) = found.library else {
            return Err(Error::NotFound { skipped: found.skipped });
        };
        let runtime = Self::load(library)?;
        Ok(RUNTIME.get_or_init(|| runtime))
    }

    /// Returns the runtime of this process if it has been started.
    pub fn started() -> Option<&'static Self> {
        RUNTIME.get()
    }

    fn load(library: Library) -> Result<Self> {
        let fail = |source: crate::error::Cause| Error::Start { path: library.path.clone(), source };
        let path = std::path::absolute(&library.path).map_err(|error| fail(error.into()))?;
        // This comes before every other call, because any of them would look for a library itself and panic.
        let builder = ort::init_from(&path).map_err(|error| fail(error.into()))?;
        let threads = rayon::current_num_threads();
        let pool = GlobalThreadPoolOptions::default()
            .with_intra_threads(threads)
            .and_then(|pool| pool.with_inter_threads(1))
            .map_err(|error| fail(error.into()))?;
        let environment = builder
            .with_name("dlm")
            .with_telemetry(false)
            .with_global_thread_pool(pool)
            .build()
            .map_err(|error| fail(error.into()))?;
        environment.set_log_level(ort::logging::LogLevel::Error);
        share_arena(&environment).map_err(|error| fail(error.into()))?;
        Ok(Self { environment, library, threads })
    }

    /// Returns the library in use.
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// Returns the library's head table, `OrtApiBase *` of its C header, for code that is not ours: sessions that are made
    /// through it share this process's environment and threads. It lives as long as the process; `None` if the library
    /// gives none.
    pub fn api_base(&self) -> Option<*const c_void> {
        crate::library::base(&self.library.path)
    }

    /// Returns how many threads a session uses that does not ask for its own.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Returns the devices the library was built for. One of them may still fail to start.
    pub fn devices(&self) -> Vec<Device> {
        [Device::Cpu, Device::Cuda].into_iter().filter(|&device| self.supports(device).is_ok()).collect()
    }

    /// Checks that the library was built for a device.
    ///
    /// # Errors
    ///
    /// [`NoProvider`](Error::NoProvider) if it was not.
    pub fn supports(&self, device: Device) -> Result<()> {
        use ort::ep::{CUDA, ExecutionProvider as _};
        match device {
            Device::Cpu => Ok(()),
            Device::Cuda => match CUDA::is_available() {
                Ok(true) => Ok(()),
                _ => Err(Error::NoProvider { device, library: self.library.path.clone() }),
            },
        }
    }

    /// Runs a graph of one operator on a device, to see whether it can be used.
    ///
    /// # Errors
    ///
    /// The library was not built for the device, or the device cannot be started.
    pub fn probe(&self, device: Device) -> Result<()> {
        let mut session =
            Session::from_bytes(self, "probe", PROBE, &SessionOptions::default().device(device))?;
        let outputs = session.run(&[("x", Input::from(&array![1.5_f32]))])?;
        if outputs.array::<f32>("y")?.iter().eq(&[-1.5]) {
            return Ok(());
        }
        Err(Error::Device { device, source: "it computes wrong numbers".into() })
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }
}

/// Makes the arena of main memory that sessions may share.
fn share_arena(environment: &Environment) -> ort::Result<()> {
    /// Regions are as large as asked for, not the next power of two.
    const AS_REQUESTED: i32 = 1;
    let api = ort::api();
    let info = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Arena, MemoryType::Default)?;
    let mut config = ptr::null_mut();
    // SAFETY: The function writes a configuration to the place given, or fails; -1 and 0 leave defaults.
    let status = unsafe { (api.CreateArenaCfg)(0, AS_REQUESTED, -1, -1, &raw mut config) };
    // SAFETY: The status comes from the call above and is looked at once.
    unsafe { ort::Error::result_from_status(status) }?;
    // SAFETY: Environment, memory info and configuration are alive; the environment takes what it needs of them.
    let status =
        unsafe { (api.CreateAndRegisterAllocator)(environment.ptr().cast_mut(), info.ptr(), config) };
    // SAFETY: The configuration was made above and is released once.
    unsafe { (api.ReleaseArenaCfg)(config) };
    // SAFETY: The status comes from the call above and is looked at once.
    unsafe { ort::Error::result_from_status(status) }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("library", &self.library)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}
