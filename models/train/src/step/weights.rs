//! Weights and their gradients, where the runtime reads and writes them.

use dlm_runtime::{Memory, Runtime, TensorId};
use dlm_sdk::{Error, Parameter, Result};

/// Values to be changed, and gradients, of the same parameters.
pub type ValuesAndGradients<'w> = (Vec<&'w mut [f32]>, Vec<&'w [f32]>);

/// The weights of a model in memory that graphs read in place, and the gradients that graphs write in place.
///
/// Every compiled graph is tied to the same tensors, so that one update of a weight is seen by all of them.
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
        let mut memory = Memory::new(runtime);
        let mut values = Vec::with_capacity(parameters.len());
        let mut gradients = Vec::new();
        for (n, parameter) in parameters.iter().enumerate() {
            if parameters[..n].iter().any(|other| other.name == parameter.name) {
                return Err(Error::invalid(format!("two parameters are called {:?}", parameter.name)));
            }
            values.push(memory.add::<f32>(&parameter.name, &parameter.shape)?);
            if trained(parameter) {
                let name = format!("gradient of {}", parameter.name);
                gradients.push((n, memory.add::<f32>(name, &parameter.shape)?));
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

    /// Returns the values of a parameter, in row-major order.
    ///
    /// # Errors
    ///
    /// There is none of this index.
    pub fn read(&self, index: usize) -> Result<&[f32]> {
        let id = self.values.get(index).ok_or_else(|| Error::invalid(format!("no parameter {index}")))?;
        Ok(self.memory.read(*id)?)
    }

    /// Returns the values of a parameter, to be changed.
    ///
    /// # Errors
    ///
    /// There is none of this index.
    pub fn write(&mut self, index: usize) -> Result<&mut [f32]> {
        let id = self.values.get(index).ok_or_else(|| Error::invalid(format!("no parameter {index}")))?;
        Ok(self.memory.write(*id)?)
    }

    /// Returns the values of the trained parameters, to be changed, and their gradients.
    ///
    /// # Errors
    ///
    /// Never in practice: the tensors were made here.
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
    /// Never in practice: the tensors were made here.
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
}
