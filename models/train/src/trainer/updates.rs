//! Who changes the weights: this process, or the device they are resident on.

use std::borrow::Cow;

use dlm_sdk::Result;

use crate::{
    optimiser::{Optimiser, Update, accumulate},
    step::{Resident, StepGraph},
};

/// Who changes the weights.
#[derive(Debug)]
pub(super) enum Updates {
    /// This process, in main memory; with sums of gradients, where a step has several batches.
    Host { optimiser: Optimiser, sums: Vec<Vec<f32>> },
    /// Graphs on the device.
    Resident(Box<Resident>),
}

impl Updates {
    /// Adds the gradients of a part of a step to those of the parts before it.
    pub(super) fn accumulate(&mut self, graph: &mut StepGraph, part: usize) -> Result<()> {
        match self {
            Self::Host { sums, .. } => {
                let gradients = graph.weights().gradients()?;
                if part == 0 {
                    *sums = gradients.iter().map(|gradient| gradient.to_vec()).collect();
                } else {
                    accumulate(sums, &gradients);
                }
                Ok(())
            }
            Self::Resident(resident) => resident.accumulate(graph.weights_mut(), part == 0),
        }
    }

    /// Changes the weights by the gradients of the last batch, or by the sums of several.
    pub(super) fn update(&mut self, graph: &mut StepGraph, several: bool, rate: f64) -> Result<Update> {
        match self {
            Self::Host { optimiser, sums } => {
                let (mut weights, gradients) = graph.weights_mut().update()?;
                let sums: Vec<&[f32]> = sums.iter().map(Vec::as_slice).collect();
                optimiser.update(&mut weights, if several { &sums } else { &gradients }, rate)
            }
            Self::Resident(resident) => resident.update(graph.weights_mut(), several, rate),
        }
    }

    /// Returns how many updates were made.
    pub(super) fn count(&self) -> u64 {
        match self {
            Self::Host { optimiser, .. } => optimiser.updates(),
            Self::Resident(resident) => resident.updates(),
        }
    }

    /// Returns both moments of a trained parameter.
    pub(super) fn moments(&self, graph: &StepGraph, index: usize) -> Result<[Cow<'_, [f32]>; 2]> {
        match self {
            Self::Host { optimiser, .. } => {
                let moments = &optimiser.moments()[index];
                Ok([Cow::Borrowed(&moments.first), Cow::Borrowed(&moments.second)])
            }
            Self::Resident(resident) => Ok(resident.moments(graph.weights(), index)?.map(Cow::Owned)),
        }
    }

    /// Goes on after so many updates.
    pub(super) fn restore(&mut self, updates: u64) {
        match self {
            Self::Host { optimiser, .. } => optimiser.restore(updates),
            Self::Resident(resident) => resident.restore(updates),
        }
    }

    /// Sets both moments of a trained parameter.
    pub(super) fn set_moments(
        &mut self,
        graph: &mut StepGraph,
        index: usize,
        [first, second]: [Vec<f32>; 2],
    ) -> Result<()> {
        match self {
            Self::Host { optimiser, .. } => {
                optimiser.set_moments(index, first, second);
                Ok(())
            }
            Self::Resident(resident) => resident.set_moments(graph.weights_mut(), index, &first, &second),
        }
    }
}
