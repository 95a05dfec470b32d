//! The network: one-hot bases, two convolutions, the highest value of each channel anywhere in the sequence.
//!
//! ```text
//! ids [batch, bases] -> one-hot [batch, 4, bases] -> convolution 11 -> ReLU -> convolution 9 -> ReLU
//!     -> highest of each channel [batch, channels] -> as the state of every base [batch, bases, channels]
//! ```
//!
//! Nothing it computes looks further than [`REACH`] bases, and the maximum forgets where a pattern stood. The fine-tuning
//! engine puts a linear head on the mean over bases, which here is the maximum itself.

use std::sync::Arc;

use dlm_graph::{Convolution, DataType, Dim, Graph as OnnxGraph};
use dlm_sdk::{Error, Graph, Parameter, Result, Trainable, random::Stream};
use ndarray::ArrayViewMutD;

/// The widths of both convolutions; odd, so that the zeros on both sides are the same.
const WIDTHS: [usize; 2] = [11, 9];
/// How many neighbouring bases decide a value before the maximum.
pub const REACH: usize = WIDTHS[0] + WIDTHS[1] - 1;
/// Ids of bases, of anything else, and of padding.
pub(crate) const BASES: usize = 4;
pub(crate) const OTHER: i64 = 4;

/// The network with weights drawn from a seed.
#[derive(Debug)]
pub(crate) struct Network {
    parameters: Vec<Parameter>,
    values: Vec<Vec<f32>>,
    graph: Arc<[u8]>,
}

impl Network {
    /// Draws weights (He et al. 2015: normal, with variance two over what comes in) and builds the graph.
    pub(crate) fn new(channels: usize, seed: u64) -> Result<Self> {
        let shapes = [
            ("convolution.0.weight", vec![channels, BASES, WIDTHS[0]]),
            ("convolution.0.bias", vec![channels]),
            ("convolution.1.weight", vec![channels, channels, WIDTHS[1]]),
            ("convolution.1.bias", vec![channels]),
        ];
        let mut parameters = Vec::new();
        let mut values = Vec::new();
        for (place, (name, shape)) in shapes.into_iter().enumerate() {
            let matrix = shape.len() > 1;
            let n = shape.iter().product();
            values.push(if matrix {
                let deviation = (2.0 / (shape[1] * shape[2]) as f64).sqrt();
                let mut stream = Stream::new(seed, &format!("init/{name}"));
                (0..n).map(|_| (stream.normal() * deviation) as f32).collect()
            } else {
                vec![0.0; n]
            });
            parameters.push(Parameter {
                name: name.to_owned(),
                shape,
                group: place as u32 / 2,
                decay: matrix,
            });
        }
        let graph = build(&parameters).map_err(|error| {
            Error::internal("the graph of the convolution cannot be built").with_source(error)
        })?;
        Ok(Self { parameters, values, graph: graph.into() })
    }
}

fn build(parameters: &[Parameter]) -> dlm_graph::Result<Vec<u8>> {
    let mut g = OnnxGraph::new("convolution");
    let rows = [Dim::symbol("batch"), Dim::symbol("tokens")];
    let ids = g.input("input_ids", DataType::I64, rows.clone())?;
    let mask = g.input("attention_mask", DataType::I64, rows)?;
    let mut weights = Vec::new();
    for parameter in parameters {
        weights.push(g.parameter(&parameter.name, parameter.shape.clone())?);
    }
    let known = g.one_hot(ids, BASES + 1, -1, DataType::F32)?;
    let known = g.slice(known, -1, 0, BASES as i64)?;
    let real = g.cast(mask, DataType::F32)?;
    let real = g.unsqueeze(real, &[2])?;
    // Padding has the id of an unknown base, and no value that could be the highest.
    let known = g.mul(known, real)?;
    let mut x = g.transpose(known, &[0, 2, 1])?;
    for (layer, width) in WIDTHS.into_iter().enumerate() {
        let form = Convolution { pads: (width / 2, width / 2), ..Convolution::default() };
        x = g.conv1d(x, weights[2 * layer], Some(weights[2 * layer + 1]), form)?;
        x = g.relu(x)?;
    }
    let columns = g.transpose(real, &[0, 2, 1])?;
    let x = g.mul(x, columns)?;
    let highest = g.global_max_pool(x)?;
    let highest = g.transpose(highest, &[0, 2, 1])?;
    // Each base has the highest value as its state.
    let ones = g.cast(mask, DataType::F32)?;
    let ones = g.unsqueeze(ones, &[2])?;
    let ones = g.mul_scalar(ones, 0.0)?;
    let ones = g.add_scalar(ones, 1.0)?;
    let hidden = g.mul(ones, highest)?;
    g.output("hidden", hidden)?;
    g.to_onnx()
}

impl Trainable for Network {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn read(&mut self, index: usize, mut value: ArrayViewMutD<'_, f32>) -> Result<()> {
        let kept =
            self.values.get(index).ok_or_else(|| Error::invalid(format!("there is no weight {index}")))?;
        if value.len() != kept.len() {
            return Err(Error::invalid(format!(
                "weight {index} has {} values, not {}",
                kept.len(),
                value.len()
            )));
        }
        value.iter_mut().zip(kept).for_each(|(value, &kept)| *value = kept);
        Ok(())
    }

    fn forward(&self) -> Graph {
        Graph::Bytes(Arc::clone(&self.graph))
    }
}

#[cfg(test)]
mod tests {
    use dlm_graph::{Graph as OnnxGraph, interpret::Array};

    use super::*;

    /// The states of the first base of each row, `[rows, channels]`.
    fn states(rows: &[&[i64]], width: usize) -> Vec<Vec<f64>> {
        let network = Network::new(3, 7).unwrap();
        let Graph::Bytes(bytes) = network.forward() else { unreachable!("the graph is in memory") };
        let graph = OnnxGraph::from_onnx(&bytes, None).unwrap();
        let (mut ids, mut mask) = (Vec::new(), Vec::new());
        for row in rows {
            for column in 0..width {
                ids.push(row.get(column).copied().unwrap_or(OTHER));
                mask.push(i64::from(column < row.len()));
            }
        }
        let shape = [rows.len(), width];
        let mut inputs = vec![
            ("input_ids", Array::integers(&shape, ids).unwrap()),
            ("attention_mask", Array::integers(&shape, mask).unwrap()),
        ];
        for (parameter, values) in network.parameters.iter().zip(&network.values) {
            let values = values.iter().copied().map(f64::from).collect();
            inputs.push((&parameter.name, Array::reals(&parameter.shape, values).unwrap()));
        }
        let hidden = graph.interpret(&inputs).unwrap().remove(0);
        assert_eq!(hidden.dims(), [rows.len(), width, 3]);
        hidden.to_reals().chunks(width * 3).map(|row| row[..3].to_vec()).collect()
    }

    #[test]
    fn padding_changes_nothing_and_a_pattern_may_stand_anywhere() {
        let pattern = [0, 1, 2, 3, 3, 1, 0, 2, 0, 1, 3, 2];
        let at = |start: usize| -> Vec<i64> {
            let mut row = vec![OTHER; 60];
            row[start..start + pattern.len()].copy_from_slice(&pattern);
            row
        };
        let (first, second) = (at(20), at(29));
        let plain = states(&[&first, &second], 60);
        let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(close(&plain[0], &plain[1]), "{plain:?}");
        let padded = states(&[&first, &second[..50]], 75);
        assert!(close(&plain[0], &padded[0]) && close(&plain[0], &padded[1]), "{plain:?} {padded:?}");
        assert!(plain[0].iter().any(|&value| value > 0.0), "something is seen");
        let other = states(&[&[0; 60]], 60);
        assert!(!close(&plain[0], &other[0]), "another sequence is another state");
    }
}
