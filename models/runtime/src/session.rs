//! A graph, loaded for a device.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use ndarray::ArrayViewD;
use ort::{
    ep,
    session::{
        RunOptions, SessionInputValue,
        builder::{GraphOptimizationLevel, SessionBuilder},
    },
    value::{DynValue, ValueType},
};

use crate::{Device, Element, ElementType, Error, Input, Result, Runtime, error::Cause};

/// How far the library may rewrite a graph before it runs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Optimisation {
    /// Not at all.
    Off,
    /// Only what leaves no trace: constants folded, dead branches cut.
    Basic,
    /// Everything, fused operators among it.
    #[default]
    Full,
}

/// What becomes of the memory a run needs for values between operators.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Arena {
    /// It is kept for the session's next run: a session holds what its largest run needed.
    Keep,
    /// It is given back after each run, so that many sessions need no more than the largest of them.
    Shrink,
    /// Each value is taken from the system and given back by itself.
    Off,
    /// All sessions that say so take it from one place and leave it there for each other. As fast as
    /// [`Keep`](Self::Keep), with less memory for one graph, and far less for graphs of several sizes that run in turn.
    #[default]
    Shared,
}

/// How a graph is loaded. By default for the processor, on the shared threads, fully optimised, with memory shared.
#[derive(Clone, Debug, Default)]
pub struct SessionOptions {
    device: Device,
    threads: Option<usize>,
    optimisation: Optimisation,
    arena: Arena,
    tf32: bool,
    profile: Option<PathBuf>,
}

impl SessionOptions {
    /// Returns where the graph runs.
    pub fn runs_on(&self) -> Device {
        self.device
    }

    /// Sets where the graph runs.
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// Gives the session threads of its own instead of the shared ones.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads.max(1));
        self
    }

    /// Sets how far the graph may be rewritten.
    #[must_use]
    pub fn optimisation(mut self, optimisation: Optimisation) -> Self {
        self.optimisation = optimisation;
        self
    }

    /// Sets what becomes of the memory between runs.
    #[must_use]
    pub fn arena(mut self, arena: Arena) -> Self {
        self.arena = arena;
        self
    }

    /// Lets CUDA round the factors of products to 10 bits of mantissa (TF32), which its tensor cores take at several times
    /// the speed of whole ones. Sums stay whole. Other devices do not look at it.
    #[must_use]
    pub fn tf32(mut self, allowed: bool) -> Self {
        self.tf32 = allowed;
        self
    }

    /// Writes how long each operator took to a file that begins with this path, when the session is dropped.
    #[must_use]
    pub fn profile(mut self, prefix: impl Into<PathBuf>) -> Self {
        self.profile = Some(prefix.into());
        self
    }

    fn builder(&self, runtime: &Runtime) -> Result<SessionBuilder> {
        let setting = |what: &'static str| move |source: Cause| Error::Setting { what, source };
        let mut builder = ort::session::Session::builder(runtime.environment())
            .map_err(|error| setting("a session")(error.into()))?;
        if let Some(threads) = self.threads {
            let failed = setting("the number of threads");
            builder = builder.with_independent_thread_pool().map_err(|error| failed(plain(error)))?;
            builder = builder.with_intra_threads(threads).map_err(|error| failed(plain(error)))?;
        }
        let level = match self.optimisation {
            Optimisation::Off => GraphOptimizationLevel::Disable,
            Optimisation::Basic => GraphOptimizationLevel::Level1,
            Optimisation::Full => GraphOptimizationLevel::All,
        };
        let failed = setting("the optimisation of graphs");
        builder = builder.with_optimization_level(level).map_err(|error| failed(plain(error)))?;
        builder = builder.with_deterministic_compute(true).map_err(|error| failed(plain(error)))?;
        // A graph that computes a value twice does so to hold less memory.
        builder = builder
            .with_config_entry("optimization.disable_specified_optimizers", "CommonSubexpressionElimination")
            .map_err(|error| setting("the optimisation of graphs")(plain(error)))?;
        if let Some(prefix) = &self.profile {
            builder = builder.with_profiling(prefix).map_err(|error| setting("profiling")(plain(error)))?;
        }
        let mut providers = Vec::new();
        if self.device == Device::Cuda {
            runtime.supports(self.device)?;
            // It comes before the processor, because the library gives each node to the first provider that has a kernel
            // for it. Without the last call a device that fails to start would be replaced by the processor in silence.
            providers.push(ep::CUDA::default().with_tf32(self.tf32).build().error_on_failure());
        }
        let arena = ep::CPU::default().with_arena_allocator(self.arena != Arena::Off);
        providers.push(arena.build().error_on_failure());
        builder = builder.with_execution_providers(providers).map_err(|error| match self.device {
            Device::Cpu => setting("the arena")(plain(error)),
            device @ Device::Cuda => Error::Device { device, source: plain(error) },
        })?;
        if self.arena == Arena::Shared {
            // A plan of all values asks for one block a graph, and blocks of different graphs do not fit each other.
            builder = builder.with_env_allocators().map_err(|error| setting("the arena")(plain(error)))?;
            builder =
                builder.with_memory_pattern(false).map_err(|error| setting("the arena")(plain(error)))?;
        }
        Ok(builder)
    }
}

/// Drops what the error would give back.
fn plain<R>(error: ort::Error<R>) -> Cause {
    error.message().to_owned().into()
}

/// An input or output of a graph.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// The type of its elements.
    pub element: ElementType,
    /// The length of each axis, where the graph fixes it.
    pub shape: Vec<Option<usize>>,
}

/// A graph, loaded for a device and ready to run.
pub struct Session {
    pub(crate) inner: ort::session::Session,
    pub(crate) device: Device,
    pub(crate) name: String,
    pub(crate) run_options: RunOptions,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

impl Session {
    /// Loads a graph from a file, with external data from its folder.
    ///
    /// # Errors
    ///
    /// The file is no ONNX graph the library can run, or the device cannot be used.
    pub fn from_path(runtime: &Runtime, path: impl AsRef<Path>, options: &SessionOptions) -> Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let mut builder = options.builder(runtime)?;
        let inner = builder
            .commit_from_file(path)
            .map_err(|error| Error::Load { what: name.clone(), source: error.into() })?;
        Self::new(inner, name, options)
    }

    /// Loads a graph from the bytes of a file. The name is for messages alone.
    ///
    /// # Errors
    ///
    /// The bytes are no ONNX graph the library can run, or the device cannot be used.
    pub fn from_bytes(
        runtime: &Runtime,
        name: impl Into<String>,
        bytes: &[u8],
        options: &SessionOptions,
    ) -> Result<Self> {
        let name = name.into();
        let mut builder = options.builder(runtime)?;
        let inner = builder
            .commit_from_memory(bytes)
            .map_err(|error| Error::Load { what: name.clone(), source: error.into() })?;
        Self::new(inner, name, options)
    }

    fn new(inner: ort::session::Session, name: String, options: &SessionOptions) -> Result<Self> {
        let port = |outlet: &ort::value::Outlet| {
            let (element, shape) = match outlet.dtype() {
                ValueType::Tensor { ty, shape, .. } => {
                    (ElementType::of(*ty), shape.iter().map(|&length| usize::try_from(length).ok()).collect())
                }
                _ => (ElementType::Other, Vec::new()),
            };
            Port { name: outlet.name().to_owned(), element, shape }
        };
        let inputs = inner.inputs().iter().map(port).collect();
        let outputs = inner.outputs().iter().map(port).collect();
        let failed = |error: ort::Error| Error::Setting { what: "how a graph runs", source: error.into() };
        let mut run_options = RunOptions::new().map_err(failed)?;
        if options.arena == Arena::Shrink {
            let arenas = if options.device == Device::Cuda { "cpu:0;gpu:0" } else { "cpu:0" };
            run_options.set("memory.enable_memory_arena_shrinkage", arenas).map_err(failed)?;
        }
        Ok(Self { inner, device: options.device, name, run_options, inputs, outputs })
    }

    /// Returns the inputs of the graph, in its order.
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// Returns the outputs of the graph, in its order.
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// Returns where the graph runs.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Runs the graph on arrays and returns all its outputs.
    ///
    /// # Errors
    ///
    /// An input is missing, unknown, or not of the shape or type the graph takes.
    pub fn run(&mut self, inputs: &[(&str, Input<'_>)]) -> Result<Outputs> {
        for (given, _) in inputs {
            if self.inputs.iter().all(|port| port.name != *given) {
                return Err(self.port(format!("it has no input {given:?}")));
            }
        }
        if let Some(missing) =
            self.inputs.iter().find(|port| inputs.iter().all(|(given, _)| *given != port.name))
        {
            return Err(self.port(format!("its input {:?} is missing", missing.name)));
        }
        let fail = |error: ort::Error| Error::Run { what: self.name.clone(), source: error.into() };
        let mut values: Vec<(&str, SessionInputValue<'_>)> = Vec::with_capacity(inputs.len());
        for (name, input) in inputs {
            values.push((name, input.value().map_err(fail)?));
        }
        let outputs = self
            .inner
            .run_with_options(values, &self.run_options)
            .map_err(|error| Error::Run { what: self.name.clone(), source: error.into() })?;
        let values = outputs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Outputs { graph: self.name.clone(), values })
    }

    pub(crate) fn port(&self, complaint: String) -> Error {
        Error::Port { what: self.name.clone(), complaint }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("name", &self.name)
            .field("device", &self.device)
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .finish_non_exhaustive()
    }
}

/// The outputs of a run.
pub struct Outputs {
    graph: String,
    values: Vec<(String, DynValue)>,
}

impl Outputs {
    /// Returns an output as an array.
    ///
    /// # Errors
    ///
    /// There is no such output, or it holds elements of another type.
    pub fn array<T: Element>(&self, name: &str) -> Result<ArrayViewD<'_, T>> {
        let value = self.values.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        let value = value.ok_or_else(|| Error::Port {
            what: self.graph.clone(),
            complaint: format!("it has no output {name:?}"),
        })?;
        let found = match value.dtype() {
            ValueType::Tensor { ty, .. } => ElementType::of(*ty),
            _ => ElementType::Other,
        };
        let mismatch = || Error::Element { name: name.to_owned(), wanted: T::TYPE, found };
        value.try_extract_array::<T>().map_err(|_| mismatch())
    }
}

impl fmt::Debug for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.iter().map(|(name, _)| name)).finish()
    }
}
