//! A graph tied to memory that stays in place.

use std::fmt;

use ort::session::IoBinding;

use crate::{Device, Error, Memory, Result, Session, TensorId};

/// Ties the inputs and outputs of a graph to tensors.
///
/// # Examples
///
/// ```no_run
/// use dlm_runtime::{BindingBuilder, Memory, Runtime, Session, SessionOptions};
///
/// # fn main() -> dlm_runtime::Result<()> {
/// let runtime = Runtime::get()?;
/// let session = Session::from_path(runtime, "double.onnx", &SessionOptions::default())?;
/// let mut memory = Memory::new(runtime);
/// let (x, y) = (memory.add::<f32>("x", &[3])?, memory.add::<f32>("y", &[3])?);
/// let mut binding = BindingBuilder::new(session).input("x", x).output("y", y).build(&mut memory)?;
/// memory.write::<f32>(x)?.copy_from_slice(&[1.0, 2.0, 3.0]);
/// binding.run(&mut memory)?;
/// assert_eq!(memory.read::<f32>(y)?, [2.0, 4.0, 6.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct BindingBuilder {
    session: Session,
    inputs: Vec<(String, TensorId)>,
    outputs: Vec<(String, TensorId)>,
    in_place: Vec<TensorId>,
}

impl BindingBuilder {
    /// Begins with nothing bound.
    pub fn new(session: Session) -> Self {
        Self { session, inputs: Vec::new(), outputs: Vec::new(), in_place: Vec::new() }
    }

    /// Lets the graph read an input from a tensor.
    #[must_use]
    pub fn input(mut self, name: impl Into<String>, tensor: TensorId) -> Self {
        self.inputs.push((name.into(), tensor));
        self
    }

    /// Lets the graph write an output to a tensor.
    #[must_use]
    pub fn output(mut self, name: impl Into<String>, tensor: TensorId) -> Self {
        self.outputs.push((name.into(), tensor));
        self
    }

    /// Lets the graph read an input from a tensor and write an output over it.
    ///
    /// The library neither orders nor checks this: the graph must be one in which nothing takes the input once the output
    /// is being written, whatever order its nodes run in. `Graph::in_place` of the crate `dlm-graph` finds out.
    #[must_use]
    pub fn in_place(mut self, input: impl Into<String>, output: impl Into<String>, tensor: TensorId) -> Self {
        self.inputs.push((input.into(), tensor));
        self.outputs.push((output.into(), tensor));
        self.in_place.push(tensor);
        self
    }

    /// Ties the graph to the memory.
    ///
    /// # Errors
    ///
    /// An input is not bound, a name is unknown, a tensor lives in another memory, or an output shares a tensor with
    /// another name that was not bound [in place](Self::in_place) with it. Outputs may be left out; they are then not
    /// computed.
    pub fn build(self, memory: &mut Memory) -> Result<Binding> {
        let Self { session, inputs, outputs, in_place } = self;
        for (name, _) in &inputs {
            if session.inputs().iter().all(|port| port.name != *name) {
                return Err(session.port(format!("it has no input {name:?}")));
            }
        }
        for port in session.inputs() {
            if inputs.iter().all(|(name, _)| *name != port.name) {
                return Err(session.port(format!("its input {:?} is not bound", port.name)));
            }
        }
        for (name, tensor) in &outputs {
            if session.outputs().iter().all(|port| port.name != *name) {
                return Err(session.port(format!("it has no output {name:?}")));
            }
            let names = outputs.iter().chain(&inputs).filter(|(_, other)| other == tensor).count();
            let allowed = if in_place.contains(tensor) { 2 } else { 1 };
            if names > allowed {
                // The library would neither copy nor complain, and could read what it has just overwritten.
                return Err(session.port(format!("its output {name:?} shares a tensor with another name")));
            }
        }
        let fail = |source: ort::Error| Error::Run { what: session.name.clone(), source: source.into() };
        let mut bound = session.inner.create_binding().map_err(fail)?;
        for (name, tensor) in &inputs {
            bound.bind_input(name.as_str(), memory.value(*tensor)?).map_err(fail)?;
        }
        for (name, tensor) in &outputs {
            bound.bind_output(name.as_str(), memory.value_mut(*tensor)?).map_err(fail)?;
        }
        let here = |ids: &[(String, TensorId)], memory: &Memory| -> Result<usize> {
            ids.iter().map(|(_, tensor)| memory.bytes_here(*tensor)).sum()
        };
        let (to_device, from_device) = (here(&inputs, memory)?, here(&outputs, memory)?);
        // What lies on the device is bound once; what lies here is copied at every run.
        let mut copied = Vec::new();
        for (name, tensor) in inputs {
            if !memory.is_resident(tensor)? {
                copied.push((name, tensor));
            }
        }
        Ok(Binding { bound, session, copied, to_device, from_device, memory: memory.id() })
    }
}

/// A graph tied to memory: each run reads and writes the same tensors, and nothing is copied on the processor.
pub struct Binding {
    // Dropped before the session it belongs to.
    bound: IoBinding,
    session: Session,
    /// The inputs that lie in main memory.
    copied: Vec<(String, TensorId)>,
    /// Bytes of inputs and outputs that lie in main memory.
    to_device: usize,
    from_device: usize,
    memory: u64,
}

impl Binding {
    /// Runs the graph.
    ///
    /// # Errors
    ///
    /// The memory is not the one the graph was tied to, or the graph fails.
    pub fn run(&mut self, memory: &mut Memory) -> Result<()> {
        if memory.id() != self.memory {
            return Err(Error::Memory { complaint: "a graph was run on a memory it is not tied to" });
        }
        let fail = |source: ort::Error| Error::Run { what: self.session.name.clone(), source: source.into() };
        if self.session.device != Device::Cpu {
            // A device reads its own copy, made when a tensor is bound.
            for (name, tensor) in &self.copied {
                self.bound.bind_input(name.as_str(), memory.value(*tensor)?).map_err(fail)?;
            }
        }
        let outputs = self
            .session
            .inner
            .run_binding_with_options(&self.bound, &self.session.run_options)
            .map_err(|error| Error::Run { what: self.session.name.clone(), source: error.into() })?;
        drop(outputs);
        memory.moved(self.to_device, self.from_device);
        Ok(())
    }

    /// Returns the graph.
    pub fn session(&self) -> &Session {
        &self.session
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binding").field("session", &self.session).finish_non_exhaustive()
    }
}
