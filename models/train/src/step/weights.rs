//! Weights and their gradients, where the runtime reads and writes them.

use std::borrow::Cow;

use dlm_runtime::{Device, Memory, Runtime, TensorId, Traffic};
use dlm_sdk::{Error, Parameter, Result};

/// Values to be changed, and gradients, of the same parameters.
pub type ValuesAndGradients<'w> = (Vec<&'w mut [f32]>, Vec<&'w [f32]>);

/// The weights of a model in memory that graphs read in place, and the gradients that graphs write in place.
///
/// Every compiled graph is tied to the same tensors, so that one update of a weight is seen by all of them. They lie in
/// main memory, or are [resident](Self::resident) on a device, where they are seen by copies alone.
#[derive(Debug)]
pub struct Weights {
    pub(super) memory: Memory,
    parameters: Vec<Parameter>,
    values: Vec<TensorId>,
    /// The trained parameters and their gradients.
    trained: Vec<(usize, TensorId)>,
}

impl Weights {
    /// Makes place for weights of zero, and for the gradients of those that are trained.
    ///
    /// # Errors
    ///
    /// Two parameters have one name, or there is not enough memory.
    pub fn new(
        runtime: &Runtime,
        parameters: Vec<Parameter>,
        trained: impl Fn(&Parameter) -> bool,
    ) -> Result<Self> {
        Self::within(Memory::new(runtime), parameters, trained)
    }

    /// Makes place on a device, for weights of zero and for the gradients of those that are trained.
    ///
    /// # Errors
    ///
    /// Two parameters have one name, the device cannot be started, or it has not enough memory.
    pub fn resident(
        runtime: &Runtime,
        device: Device,
        parameters: Vec<Parameter>,
        trained: impl Fn(&Parameter) -> bool,
    ) -> Result<Self> {
        Self::within(Memory::of_device(runtime, device)?, parameters, trained)
    }

    fn within(
        mut memory: Memory,
        parameters: Vec<Parameter>,
        trained: impl Fn(&Parameter) -> bool,
    ) -> Result<Self> {
        let resident = memory.device().is_some();
        let mut add = |name: &str, shape: &[usize]| {
            if resident { memory.add_resident::<f32>(name, shape) } else { memory.add::<f32>(name, shape) }
        };
        let mut values = Vec::with_capacity(parameters.len());
        let mut gradients = Vec::new();
        for (n, parameter) in parameters.iter().enumerate() {
            if parameters[..n].iter().any(|other| other.name == parameter.name) {
                return Err(Error::invalid(format!("two parameters are called {:?}", parameter.name)));
            }
            values.push(add(&parameter.name, &parameter.shape)?);
            if trained(parameter) {
                let name = format!("gradient of {}", parameter.name);
                gradients.push((n, add(&name, &parameter.shape)?));
            }
        }
        Ok(Self { memory, parameters, values, trained: gradients })
    }

    /// Returns the parameters.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Returns the trained parameters, in their order.
    pub fn trained(&self) -> impl ExactSizeIterator<Item = &Parameter> {
        self.trained.iter().map(|(index, _)| &self.parameters[*index])
    }

    /// Returns whether weights and gradients are resident on a device.
    pub fn are_resident(&self) -> bool {
        self.memory.device().is_some()
    }

    /// Returns how many bytes went between main memory and the device that weights are resident on.
    pub fn traffic(&self) -> Traffic {
        self.memory.traffic()
    }

    /// Returns the values of a parameter, in row-major order, wherever they lie: copied where they are resident.
    ///
    /// # Errors
    ///
    /// There is none of this index, or the device fails.
    pub fn fetch(&self, index: usize) -> Result<Cow<'_, [f32]>> {
        let id = self.at(index)?;
        Ok(if self.are_resident() {
            Cow::Owned(self.memory.fetch(id)?)
        } else {
            Cow::Borrowed(self.memory.read(id)?)
        })
    }

    /// Changes the values of a parameter, wherever they lie. The function is given them as they are, or zeros where they
    /// are resident.
    ///
    /// # Errors
    ///
    /// There is none of this index, the function fails, or the device does.
    pub fn fill(&mut self, index: usize, fill: impl FnOnce(&mut [f32]) -> Result<()>) -> Result<()> {
        let id = self.at(index)?;
        if !self.are_resident() {
            return fill(self.memory.write(id)?);
        }
        let mut values = vec![0.0; self.memory.shape(id)?.iter().product()];
        fill(&mut values)?;
        Ok(self.memory.store(id, &values)?)
    }

    fn at(&self, index: usize) -> Result<TensorId> {
        self.values.get(index).copied().ok_or_else(|| Error::invalid(format!("no parameter {index}")))
    }

    /// Returns the values of a parameter, in row-major order.
    ///
    /// # Errors
    ///
    /// There is none of this index, or it is resident on a device.
    pub fn read(&self, index: usize) -> Result<&[f32]> {
        Ok(self.memory.read(self.at(index)?)?)
    }

    /// Returns the values of a parameter, to be changed.
    ///
    /// # Errors
    ///
    /// There is none of this index, or it is resident on a device.
    pub fn write(&mut self, index: usize) -> Result<&mut [f32]> {
        let id = self.at(index)?;
        Ok(self.memory.write(id)?)
    }

    /// Returns the values of the trained parameters, to be changed, and their gradients.
    ///
    /// # Errors
    ///
    /// They are resident on a device.
    pub fn update(&mut self) -> Result<ValuesAndGradients<'_>> {
        let values = self.trained.iter().map(|(index, _)| self.values[*index]);
        let ids: Vec<TensorId> = values.chain(self.trained.iter().map(|(_, gradient)| *gradient)).collect();
        let mut tensors = self.memory.write_all::<f32>(&ids)?;
        let gradients = tensors.split_off(self.trained.len());
        Ok((tensors, gradients.into_iter().map(|gradient| &*gradient).collect()))
    }

    /// Returns the gradients of the trained parameters, as the last step left them.
    ///
    /// # Errors
    ///
    /// They are resident on a device.
    pub fn gradients(&self) -> Result<Vec<&[f32]>> {
        self.trained.iter().map(|(_, gradient)| Ok(self.memory.read(*gradient)?)).collect()
    }

    /// Returns how many bytes weights, gradients and what compiled graphs take and give have; not what graphs use
    /// between their operators.
    pub fn bytes(&self) -> usize {
        self.memory.bytes()
    }

    pub(super) fn value(&self, name: &str) -> Option<TensorId> {
        let index = self.parameters.iter().position(|parameter| parameter.name == name)?;
        Some(self.values[index])
    }

    /// Returns the names of the trained parameters and where their gradients go.
    pub(super) fn gradient_tensors(&self) -> impl Iterator<Item = (&str, TensorId)> {
        self.trained.iter().map(|(index, gradient)| (self.parameters[*index].name.as_str(), *gradient))
    }

    /// Returns where the trained parameters lie.
    pub(super) fn trained_tensors(&self) -> Vec<TensorId> {
        self.trained.iter().map(|(index, _)| self.values[*index]).collect()
    }
}
