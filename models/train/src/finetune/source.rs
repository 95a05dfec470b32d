//! An encoder to be fine-tuned: graph, weights, and where dropout stands.

use dlm_graph::{Graph, Var};
use dlm_sdk::{Error, Parameter, Result, Trainable};
use ndarray::{ArrayViewMutD, IxDyn};

use crate::graph_error::graph_error;

/// An encoder to be fine-tuned.
///
/// Its graph takes `input_ids` and `attention_mask`, both `[batch, tokens]` of 64-bit integers, and every weight by name,
/// and gives `hidden`, `[batch, tokens, width]`, or `pooled`, `[batch, width]`, or both.
#[derive(Debug)]
pub struct Source {
    pub(super) graph: Graph,
    pub(super) parameters: Vec<Parameter>,
    pub(super) values: Vec<Vec<f32>>,
}

impl Source {
    /// Takes graph and weights of an encoder that offers them.
    ///
    /// # Errors
    ///
    /// The graph cannot be read, lacks an input for a weight, or a weight cannot be read.
    pub fn from_trainable(encoder: &mut dyn Trainable) -> Result<Self> {
        let read = |error| Error::invalid("the encoder's graph cannot be read").with_source(error);
        let graph = match encoder.forward() {
            dlm_sdk::Graph::Path(path) => Graph::read(&path).map_err(read)?,
            dlm_sdk::Graph::Bytes(bytes) => Graph::from_onnx(&bytes, None).map_err(read)?,
        };
        let parameters = encoder.parameters().to_vec();
        let mut values = Vec::with_capacity(parameters.len());
        for (index, parameter) in parameters.iter().enumerate() {
            let mut value = vec![0.0; parameter.shape.iter().product()];
            let view = ArrayViewMutD::from_shape(IxDyn(&parameter.shape), &mut value).map_err(|error| {
                Error::internal(format!("weight {:?} has no shape", parameter.name)).with_source(error)
            })?;
            encoder.read(index, view)?;
            values.push(value);
        }
        Self::new(graph, parameters, values)
    }

    /// Takes a graph and the values of its weights.
    ///
    /// # Errors
    ///
    /// A weight is no input of the graph, or its values are not as many as its shape says.
    pub fn new(mut graph: Graph, parameters: Vec<Parameter>, values: Vec<Vec<f32>>) -> Result<Self> {
        for (index, parameter) in parameters.iter().enumerate() {
            let n: usize = parameter.shape.iter().product();
            if values.get(index).is_none_or(|values| values.len() != n) {
                return Err(Error::invalid(format!("weight {:?} lacks values", parameter.name)));
            }
            let lacks = |error| {
                Error::invalid(format!("the encoder's graph has no input for weight {:?}", parameter.name))
                    .with_source(error)
            };
            let var = graph.find(&parameter.name).map_err(lacks)?;
            if !graph.is_parameter(var) {
                graph.mark_parameter(var).map_err(lacks)?;
            }
        }
        Ok(Self { graph, parameters, values })
    }

    /// Sets the share that every dropout of the encoder drops.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) where the graph has no place for dropout.
    pub fn set_dropout(&mut self, share: f32) -> Result<()> {
        let g = &mut self.graph;
        let dropped: Vec<(Var, Var)> = g
            .nodes()
            .iter()
            .filter(|node| node.operator() == "Dropout" && node.domain().is_empty())
            .filter_map(|node| Some((node.input(0)?, node.output(0)?)))
            .collect();
        if dropped.is_empty() && share > 0.0 {
            return Err(Error::unsupported(format!(
                "dropout {share}: the encoder's graph has no place for dropout"
            )));
        }
        for (x, y) in dropped {
            let other = g.dropout(x, share).map_err(graph_error)?;
            g.replace_uses(y, other).map_err(graph_error)?;
        }
        Ok(())
    }

    /// Returns how many weights there are, numbers counted.
    pub fn weights(&self) -> u64 {
        self.values.iter().map(|values| values.len() as u64).sum()
    }
}
