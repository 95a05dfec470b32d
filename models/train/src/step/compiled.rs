//! A graph for batches of one size, tied to the weights.

use std::collections::BTreeSet;

use dlm_graph::{DataType, DropoutMask, Graph, Keep, Target, Var};
use dlm_runtime::{Binding, BindingBuilder, Device, Runtime, Session, SessionOptions, TensorId};
use dlm_sdk::{Error, Result};
use ndarray::ArrayD;

use super::{Feed, Precision, Weights};
use crate::{dropout::Masks, graph_error::graph_error};

/// The name of the loss among the outputs of a graph: one number, to be made small.
pub const LOSS: &str = "loss";

/// A graph for batches of one size, tied to the weights.
#[derive(Debug)]
pub(super) struct Compiled {
    binding: Binding,
    feeds: Vec<Place>,
    masks: Vec<(TensorId, f32)>,
    outputs: Vec<(String, TensorId)>,
    /// The tensors that are this graph's alone.
    own: Vec<TensorId>,
}

/// What a training step holds, and how precise it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) keep: Keep,
    pub(super) precision: Precision,
}

#[derive(Debug)]
struct Place {
    name: String,
    dims: Vec<usize>,
    tensor: TensorId,
    integers: bool,
}

impl Compiled {
    /// Compiles the graph of a training step: the loss, and the gradient of every trained parameter into its place.
    pub(super) fn train(
        runtime: &Runtime,
        graph: &Graph,
        sizes: &[(&str, usize)],
        weights: &mut Weights,
        options: &SessionOptions,
        form: Form,
    ) -> Result<Self> {
        let mut g = graph.bind(sizes).map_err(graph_error)?;
        let (names, tensors): (Vec<String>, Vec<TensorId>) =
            weights.gradient_tensors().map(|(name, tensor)| (name.to_owned(), tensor)).unzip();
        let target = if options.runs_on() == Device::Cuda { Target::Cuda } else { Target::Cpu };
        let (dropped, outputs) = training(&mut g, &names, form, target).map_err(graph_error)?;
        let outputs = outputs.into_iter().zip(tensors).collect();
        let mut compiled = Self::tie(runtime, &g, weights, outputs, options)?;
        for mask in dropped {
            let at = compiled.feeds.iter().position(|place| place.name == mask.name);
            let place = at.map(|at| compiled.feeds.remove(at));
            let place =
                place.ok_or_else(|| Error::internal(format!("the graph has no mask {}", mask.name)))?;
            compiled.masks.push((place.tensor, mask.ratio));
        }
        Ok(compiled)
    }

    /// Compiles the graph of inference: some outputs, without dropout.
    pub(super) fn evaluate(
        runtime: &Runtime,
        graph: &Graph,
        sizes: &[(&str, usize)],
        outputs: &[&str],
        weights: &mut Weights,
        options: &SessionOptions,
    ) -> Result<Self> {
        let mut g = graph.bind(sizes).map_err(graph_error)?;
        let mut wanted = Vec::with_capacity(outputs.len());
        for name in outputs {
            wanted.push((*name, g.find(name).map_err(graph_error)?));
        }
        g.clear_outputs();
        for (name, var) in wanted {
            g.output(name, var).map_err(graph_error)?;
        }
        g.remove_dropout().map_err(graph_error)?;
        g.prune().map_err(graph_error)?;
        Self::tie(runtime, &g, weights, Vec::new(), options)
    }

    /// Loads the graph and ties it: parameters to the weights, `placed` outputs where they are to go, and everything else
    /// to tensors of its own.
    fn tie(
        runtime: &Runtime,
        g: &Graph,
        weights: &mut Weights,
        placed: Vec<(String, TensorId)>,
        options: &SessionOptions,
    ) -> Result<Self> {
        let bytes = g.to_onnx().map_err(graph_error)?;
        let session = Session::from_bytes(runtime, g.name(), &bytes, options)?;
        let mut builder = BindingBuilder::new(session);
        let used = used(g);
        let (mut feeds, mut own) = (Vec::new(), Vec::new());
        for &input in g.inputs() {
            let name = g.name_of(input).map_err(graph_error)?.to_owned();
            if let Some(tensor) = weights.value(&name) {
                builder = builder.input(name, tensor);
                continue;
            }
            if g.is_parameter(input) {
                return Err(Error::internal(format!("the graph's parameter {name:?} has no weight")));
            }
            let dims = g.dims(input).map_err(graph_error)?;
            let (tensor, integers) = match g.dtype(input).map_err(graph_error)? {
                DataType::F32 => (weights.memory.add::<f32>(&name, &dims)?, false),
                DataType::I64 => (weights.memory.add::<i64>(&name, &dims)?, true),
                DataType::U8 => (weights.memory.add::<u8>(&name, &dims)?, false),
                other => {
                    return Err(Error::unsupported(format!("the graph's input {name:?} is of type {other}")));
                }
            };
            own.push(tensor);
            builder = builder.input(&name, tensor);
            // An input that no node looks at is bound all the same, because the runtime asks for it.
            if !used.contains(&input) {
                continue;
            }
            feeds.push(Place { name, dims, tensor, integers });
        }
        let mut outputs = Vec::new();
        for &output in g.outputs() {
            let name = g.name_of(output).map_err(graph_error)?.to_owned();
            let at = placed.iter().find(|(placed, _)| *placed == name);
            let tensor = if let Some((_, tensor)) = at {
                *tensor
            } else {
                let dims = g.dims(output).map_err(graph_error)?;
                let tensor = weights.memory.add::<f32>(&name, &dims)?;
                outputs.push((name.clone(), tensor));
                own.push(tensor);
                tensor
            };
            builder = builder.output(name, tensor);
        }
        let binding = builder.build(&mut weights.memory)?;
        Ok(Self { binding, feeds, masks: Vec::new(), outputs, own })
    }

    /// Lets go of the graph and of the tensors that are its alone.
    pub(super) fn leave(self, weights: &mut Weights) -> Result<()> {
        let Self { binding, own, .. } = self;
        drop(binding);
        own.into_iter().try_for_each(|tensor| Ok(weights.memory.clear(tensor)?))
    }

    /// Runs the graph on a batch.
    pub(super) fn run(
        &mut self,
        weights: &mut Weights,
        feeds: &[(String, Feed)],
        drop: Option<Draw<'_>>,
    ) -> Result<()> {
        for place in &self.feeds {
            let feed = feeds.iter().find(|(name, _)| *name == place.name).map(|(_, feed)| feed);
            let feed = feed.ok_or_else(|| Error::invalid(format!("the batch has no {:?}", place.name)))?;
            if feed.shape() != place.dims {
                return Err(Error::invalid(format!(
                    "the batch's {:?} has shape {:?}, and the graph takes {:?}",
                    place.name,
                    feed.shape(),
                    place.dims
                )));
            }
            match feed {
                Feed::F32(array) if !place.integers => {
                    weights.memory.array_mut::<f32>(place.tensor)?.assign(array);
                }
                Feed::I64(array) if place.integers => {
                    weights.memory.array_mut::<i64>(place.tensor)?.assign(array);
                }
                _ => return Err(Error::invalid(format!("the batch's {:?} is of another type", place.name))),
            }
        }
        if let Some(draw) = drop {
            for (place, (tensor, share)) in self.masks.iter().enumerate() {
                let mask = weights.memory.write::<u8>(*tensor)?;
                draw.masks.fill(mask, *share, draw.step, draw.part, place as u32);
            }
        }
        Ok(self.binding.run(&mut weights.memory)?)
    }

    /// Returns an output of the last run.
    pub(super) fn output(&self, weights: &Weights, name: &str) -> Result<ArrayD<f32>> {
        let tensor = self.outputs.iter().find(|(known, _)| known == name).map(|(_, tensor)| *tensor);
        let tensor = tensor.ok_or_else(|| Error::internal(format!("the graph has no output {name:?}")))?;
        Ok(weights.memory.array::<f32>(tensor)?.to_owned())
    }
}

/// Makes the graph of a training step of the graph of a loss: masks for dropout, products in their precision, and the
/// gradients of parameters as outputs. Returns the masks and the names of the gradients.
pub(super) fn training(
    g: &mut Graph,
    parameters: &[String],
    form: Form,
    target: Target,
) -> dlm_graph::Result<(Vec<DropoutMask>, Vec<String>)> {
    let loss = g.find(LOSS)?;
    // Masks and derivatives of the loss alone: other outputs of the graph are not computed.
    g.clear_outputs();
    g.output(LOSS, loss)?;
    let dropped = g.replace_dropout()?;
    if let Some(low) = form.precision.half() {
        g.mixed_precision(low)?;
    }
    let loss = g.find(LOSS)?;
    let wrt = parameters.iter().map(|name| g.find(name)).collect::<dlm_graph::Result<Vec<_>>>()?;
    let gradients = g.gradients_keeping(loss, &wrt, form.keep)?;
    let mut outputs = Vec::with_capacity(parameters.len());
    for (parameter, gradient) in parameters.iter().zip(gradients) {
        let name = format!("gradient of {parameter}");
        g.output(&name, gradient)?;
        outputs.push(name);
    }
    g.lower(target)?;
    g.arrange()?;
    Ok((dropped, outputs))
}

/// Returns the values that a node takes or that are outputs.
fn used(g: &Graph) -> BTreeSet<Var> {
    let taken = g.nodes().iter().flat_map(|node| node.inputs().iter().flatten());
    taken.chain(g.outputs()).copied().collect()
}

/// Returns the names of the parameters that the loss depends on: the others cannot be trained by it.
///
/// # Errors
///
/// The graph has no [`LOSS`].
pub(crate) fn reached(graph: &Graph) -> Result<BTreeSet<String>> {
    let mut waiting = vec![graph.find(LOSS).map_err(graph_error)?];
    let mut seen: BTreeSet<Var> = waiting.iter().copied().collect();
    let mut names = BTreeSet::new();
    while let Some(var) = waiting.pop() {
        if graph.is_parameter(var) {
            names.insert(graph.name_of(var).map_err(graph_error)?.to_owned());
        }
        let inputs = graph.producer(var).map(dlm_graph::Node::inputs).unwrap_or_default();
        waiting.extend(inputs.iter().flatten().filter(|input| seen.insert(**input)));
    }
    Ok(names)
}

/// Which masks a run draws.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw<'m> {
    pub(super) masks: &'m Masks,
    pub(super) step: u64,
    pub(super) part: u32,
}
