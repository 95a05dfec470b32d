//! The optimiser on the device that weights are resident on.
//!
//! ```text
//!   device  | weights --> graph of a batch --> gradients --> norm      weights, moments --> update, in place
//!           |                    |         (--> sums of parts)  |             ^
//!   process | batch, masks ------'----> loss                    '--> factor --'  numbers of this step
//! ```
//!
//! Weights, gradients, sums of gradients, and both moments stay on the device. Each step sends the batch and a few
//! numbers there, and takes back the loss of each part and the norm of the gradient, four bytes each.
//!
//! The update is a run of its own, after the run that computed gradients and the run that computed their norm. So it waits
//! for the whole backward pass, which writing weights over themselves asks for; and a loss or a norm that is no finite
//! number is seen before a weight is changed. Within its graph each weight and moment is written by a node that waits for
//! everything that takes the old one, which is checked when the graph is built.

mod graphs;

use dlm_runtime::{Binding, BindingBuilder, Runtime, Session, SessionOptions, TensorId};
use dlm_sdk::{Parameter, Result};

use self::graphs::{FRESH, Group, InPlace, NORM, NUMBERS, Names};
use super::Weights;
use crate::{
    graph_error::graph_error,
    optimiser::{Coefficients, OptimiserOptions, Update, coefficients, factor},
};

/// Adam or `AdamW` on weights that are resident on a device.
#[derive(Debug)]
pub(crate) struct Resident {
    runtime: &'static Runtime,
    options: OptimiserOptions,
    session: SessionOptions,
    parameters: Vec<Parameter>,
    groups: Vec<Group>,
    of: Vec<usize>,
    first: Vec<TensorId>,
    second: Vec<TensorId>,
    numbers: TensorId,
    norm: TensorId,
    updates: u64,
    of_gradients: Option<Runs>,
    of_sums: Option<Runs>,
    sums: Option<Sums>,
}

/// The runs of an update, from gradients that lie in one place.
#[derive(Debug)]
struct Runs {
    norm: Binding,
    update: Binding,
}

/// Sums of gradients, where a step has several batches.
#[derive(Debug)]
struct Sums {
    tensors: Vec<TensorId>,
    fresh: TensorId,
    accumulate: Binding,
}

impl Resident {
    /// Makes moments of zero beside the weights; `rate` says what the rate of each trained parameter is multiplied by.
    ///
    /// # Errors
    ///
    /// The options make no optimiser, or the device has no room.
    pub(crate) fn new(
        runtime: &'static Runtime,
        options: OptimiserOptions,
        session: SessionOptions,
        weights: &mut Weights,
        rate: impl Fn(&Parameter) -> f64,
    ) -> Result<Self> {
        options.check()?;
        let parameters: Vec<Parameter> = weights.trained().cloned().collect();
        let (mut groups, mut of) = (Vec::<Group>::new(), Vec::with_capacity(parameters.len()));
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for parameter in &parameters {
            let group = (rate(parameter), parameter.decay);
            let at = groups.iter().position(|known| *known == group).unwrap_or(groups.len());
            if at == groups.len() {
                groups.push(group);
            }
            of.push(at);
            let mut add =
                |kind| weights.memory.add_resident::<f32>(Names::of(kind, parameter), &parameter.shape);
            first.push(add("first")?);
            second.push(add("second")?);
        }
        let numbers = weights.memory.add::<f32>(NUMBERS, &[groups.len() * Coefficients::COUNT])?;
        let norm = weights.memory.add::<f32>(NORM, &[])?;
        let (of_gradients, of_sums, sums) = (None, None, None);
        Ok(Self {
            runtime,
            options,
            session,
            parameters,
            groups,
            of,
            first,
            second,
            numbers,
            norm,
            updates: 0,
            of_gradients,
            of_sums,
            sums,
        })
    }

    /// Returns how many updates were made.
    pub(crate) fn updates(&self) -> u64 {
        self.updates
    }

    /// Returns both moments of a trained parameter, copied from the device.
    pub(crate) fn moments(&self, weights: &Weights, index: usize) -> Result<[Vec<f32>; 2]> {
        Ok([weights.memory.fetch(self.first[index])?, weights.memory.fetch(self.second[index])?])
    }

    /// Goes on after so many updates.
    pub(crate) fn restore(&mut self, updates: u64) {
        self.updates = updates;
    }

    /// Copies both moments of a trained parameter to the device.
    pub(crate) fn set_moments(
        &self,
        weights: &mut Weights,
        index: usize,
        first: &[f32],
        second: &[f32],
    ) -> Result<()> {
        weights.memory.store(self.first[index], first)?;
        Ok(weights.memory.store(self.second[index], second)?)
    }

    /// Adds the gradients of a batch to the sums of the step; those of its first batch take their place.
    pub(crate) fn accumulate(&mut self, weights: &mut Weights, is_first: bool) -> Result<()> {
        let mut sums = match self.sums.take() {
            Some(sums) => sums,
            None => self.sums(weights)?,
        };
        weights.memory.write::<bool>(sums.fresh)?[0] = is_first;
        sums.accumulate.run(&mut weights.memory)?;
        self.sums = Some(sums);
        Ok(())
    }

    /// Changes the weights by the gradients of the last batch, or by the sums of several.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) where the gradient is not a finite number, before any weight is changed.
    pub(crate) fn update(&mut self, weights: &mut Weights, several: bool, rate: f64) -> Result<Update> {
        let known = if several { self.of_sums.take() } else { self.of_gradients.take() };
        let mut runs = match known {
            Some(runs) => runs,
            None => self.runs(weights, several)?,
        };
        let updated = self.run(weights, &mut runs, rate);
        *(if several { &mut self.of_sums } else { &mut self.of_gradients }) = Some(runs);
        updated
    }

    fn run(&mut self, weights: &mut Weights, runs: &mut Runs, rate: f64) -> Result<Update> {
        runs.norm.run(&mut weights.memory)?;
        let norm = f64::from(weights.memory.read::<f32>(self.norm)?[0]);
        let factor = factor(&self.options, norm)?;
        self.updates += 1;
        let numbers = weights.memory.write::<f32>(self.numbers)?;
        for ((multiple, decay), row) in self.groups.iter().zip(numbers.chunks_mut(Coefficients::COUNT)) {
            let c = coefficients(&self.options, self.updates, *decay, rate * multiple, factor);
            row.copy_from_slice(&c.numbers());
        }
        runs.update.run(&mut weights.memory)?;
        Ok(Update { norm, factor })
    }

    fn sums(&self, weights: &mut Weights) -> Result<Sums> {
        let mut tensors = Vec::with_capacity(self.parameters.len());
        for parameter in &self.parameters {
            let name = Names::of("sum", parameter);
            tensors.push(weights.memory.add_resident::<f32>(name, &parameter.shape)?);
        }
        let fresh = weights.memory.add::<bool>(FRESH, &[])?;
        let built = graphs::accumulate(&self.parameters).map_err(graph_error)?;
        let gradients: Vec<TensorId> = weights.gradient_tensors().map(|(_, tensor)| tensor).collect();
        let mut builder = self.builder(&built)?.input(FRESH, fresh);
        for (parameter, gradient) in self.parameters.iter().zip(gradients) {
            builder = builder.input(Names::of("gradient", parameter), gradient);
        }
        let accumulate = in_place(builder, &built, &tensors).build(&mut weights.memory)?;
        Ok(Sums { tensors, fresh, accumulate })
    }

    fn runs(&self, weights: &mut Weights, several: bool) -> Result<Runs> {
        let sums = self.sums.as_ref().filter(|_| several).map(|sums| sums.tensors.clone());
        let gradients =
            sums.unwrap_or_else(|| weights.gradient_tensors().map(|(_, tensor)| tensor).collect());
        let graph = graphs::norm(&self.parameters).map_err(graph_error)?;
        let mut norm = BindingBuilder::new(self.compiled(&graph)?).output(NORM, self.norm);
        let built = graphs::update(&self.options, &self.parameters, &self.groups, &self.of);
        let built = built.map_err(graph_error)?;
        let mut update = self.builder(&built)?.input(NUMBERS, self.numbers);
        let mut state = Vec::with_capacity(3 * self.parameters.len());
        let values = weights.trained_tensors();
        for (index, parameter) in self.parameters.iter().enumerate() {
            let name = Names::of("gradient", parameter);
            norm = norm.input(&name, gradients[index]);
            update = update.input(&name, gradients[index]);
            state.extend([values[index], self.first[index], self.second[index]]);
        }
        let norm = norm.build(&mut weights.memory)?;
        let update = in_place(update, &built, &state).build(&mut weights.memory)?;
        Ok(Runs { norm, update })
    }

    fn builder(&self, built: &InPlace) -> Result<BindingBuilder> {
        Ok(BindingBuilder::new(self.compiled(&built.graph)?))
    }

    fn compiled(&self, graph: &dlm_graph::Graph) -> Result<Session> {
        let bytes = graph.to_onnx().map_err(graph_error)?;
        Ok(Session::from_bytes(self.runtime, graph.name(), &bytes, &self.session)?)
    }
}

/// Binds the pairs of a graph, in their order, to tensors.
fn in_place(mut builder: BindingBuilder, built: &InPlace, tensors: &[TensorId]) -> BindingBuilder {
    for ((input, output), tensor) in built.pairs.iter().zip(tensors) {
        builder = builder.in_place(input, output, *tensor);
    }
    builder
}
