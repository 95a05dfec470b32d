//! What stands on an encoder.

use dlm_graph::{DataType, Var};
use dlm_sdk::{Error, Parameter, Result, random::Stream};

use super::{Source, Targets};
use crate::graph_error::graph_error;

/// The name of the weights of a mean over tokens among the inputs of a graph.
pub(super) const POOL_WEIGHTS: &str = "pool_weights";
/// The standard deviation of fresh weights, as BERT has it.
const DEVIATION: f64 = 0.02;

/// How the states of tokens become one vector.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Pool {
    /// The encoder's own `pooled` output where it has one, else the first token's state through a fresh dense layer and
    /// tanh, as BERT has it.
    #[default]
    Pooler,
    /// The mean over tokens that are neither padding nor special.
    Mean,
}

/// Puts a head and a loss on an encoder: pooling, dropout, a dense layer.
pub(super) fn attach(
    source: &mut Source,
    pool: Pool,
    dropout: f32,
    targets: &Targets,
    seed: u64,
) -> Result<()> {
    let highest = source.parameters.iter().map(|parameter| parameter.group).max();
    let mut fresh = Fresh { source, group: highest.map_or(0, |group| group + 1), seed };
    if matches!(targets, Targets::Tokens { .. }) {
        return fresh.tokens(dropout, targets);
    }
    let pooled = match (pool, fresh.source.graph.find("pooled")) {
        (Pool::Pooler, Ok(pooled)) => pooled,
        (Pool::Pooler, Err(_)) => fresh.pooler()?,
        (Pool::Mean, _) => fresh.mean()?,
    };
    let width = fresh.width(pooled)?;
    let dropped = fresh.source.graph.dropout(pooled, dropout).map_err(graph_error)?;
    let scores = fresh.dense("head.classifier", dropped, width, targets.outputs())?;
    let g = &mut fresh.source.graph;
    g.clear_outputs();
    targets.add_loss(g, scores, None)?;
    g.prune().map_err(graph_error)
}

/// Adds fresh weights to an encoder.
struct Fresh<'s> {
    source: &'s mut Source,
    group: u32,
    seed: u64,
}

impl Fresh<'_> {
    fn hidden(&self) -> Result<Var> {
        self.source.graph.find("hidden").map_err(|error| {
            Error::unsupported("the encoder's graph gives no hidden states").with_source(error)
        })
    }

    fn width(&self, var: Var) -> Result<usize> {
        let shape = self.source.graph.shape(var).map_err(graph_error)?;
        shape
            .last()
            .and_then(dlm_graph::Dim::fixed)
            .ok_or_else(|| Error::unsupported("the width of the encoder's states is no number in its graph"))
    }

    fn pooler(&mut self) -> Result<Var> {
        let hidden = self.hidden()?;
        let width = self.width(hidden)?;
        let first = self.source.graph.select(hidden, 1, 0).map_err(graph_error)?;
        let dense = self.dense("head.pooler", first, width, width)?;
        self.source.graph.tanh(dense).map_err(graph_error)
    }

    /// Adds a head and a loss for each token: dropout and a dense layer on its state.
    fn tokens(&mut self, dropout: f32, targets: &Targets) -> Result<()> {
        let hidden = self.hidden()?;
        let width = self.width(hidden)?;
        let g = &mut self.source.graph;
        let shape = g.shape(hidden).map_err(graph_error)?.clone();
        let [rows, columns, _] = &shape[..] else {
            return Err(Error::unsupported(format!("the encoder's states are of shape {shape}")));
        };
        let flat = g.reshape(hidden, &[-1, width as i64]).map_err(graph_error)?;
        let flat = g.dropout(flat, dropout).map_err(graph_error)?;
        let scores = self.dense("head.classifier", flat, width, targets.outputs())?;
        let g = &mut self.source.graph;
        g.clear_outputs();
        targets.add_loss(g, scores, Some([rows.clone(), columns.clone()]))?;
        g.prune().map_err(graph_error)
    }

    fn mean(&mut self) -> Result<Var> {
        let hidden = self.hidden()?;
        let g = &mut self.source.graph;
        let mut build = || {
            let dims = g.shape(hidden)?[..2].to_vec();
            let weights = g.input(POOL_WEIGHTS, DataType::F32, [dims[0].clone(), dims[1].clone()])?;
            let weights = g.unsqueeze(weights, &[2])?;
            let weighted = g.mul(hidden, weights)?;
            g.reduce_sum(weighted, &[1], false)
        };
        build().map_err(graph_error)
    }

    fn dense(&mut self, name: &str, x: Var, width: usize, outputs: usize) -> Result<Var> {
        let mut stream = Stream::new(self.seed, name);
        let weights = (0..width * outputs).map(|_| (stream.normal() * DEVIATION) as f32).collect();
        let weight = self.parameter(format!("{name}.weight"), vec![width, outputs], weights)?;
        let bias = self.parameter(format!("{name}.bias"), vec![outputs], vec![0.0; outputs])?;
        self.source.graph.linear(x, weight, Some(bias)).map_err(graph_error)
    }

    fn parameter(&mut self, name: String, shape: Vec<usize>, values: Vec<f32>) -> Result<Var> {
        let var = self.source.graph.parameter(&name, shape.clone()).map_err(graph_error)?;
        let decay = shape.len() > 1;
        self.source.parameters.push(Parameter { name, shape, group: self.group, decay });
        self.source.values.push(values);
        Ok(var)
    }
}
