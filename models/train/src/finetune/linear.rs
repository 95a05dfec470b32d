//! A linear layer on vectors that were computed before: softmax regression, or its kin.
//!
//! For many classes: an exact method solves a problem that grows with their number, and this one does not. Features are
//! shifted and scaled to mean 0 and deviation 1 on the training examples; the layer begins at zero, so that no seed
//! enters but that of the order.

use dlm_graph::{DataType, Dim, Graph};
use dlm_runtime::Runtime;
use dlm_sdk::{Error, Parameter, Result};
use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::{
    Criterion, Facts, FinetuneOptions, Prepared, Source, Targets,
    fitted::Model,
    objective::Dimensions,
    rows::{FEATURES, Features},
    targets::Scale,
};
use crate::{
    graph_error::graph_error,
    trainer::{Progress, Signal},
};

/// Vectors, `[examples, width]`, and what is to be told of them.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledFeatures {
    /// The vectors.
    pub features: Array2<f32>,
    /// What is to be told of them.
    pub targets: Targets,
}

/// Trains a linear layer. Of the settings, those about encoder, pooling and dropout do nothing.
///
/// # Errors
///
/// The examples or settings make no sense; [`Cancelled`](dlm_sdk::ErrorKind::Cancelled) where `signal` stopped it.
pub fn fit(
    runtime: &'static Runtime,
    train: LabelledFeatures,
    validation: Option<LabelledFeatures>,
    options: &FinetuneOptions,
    criterion: Option<&Criterion<'_>>,
    signal: &mut dyn FnMut(&Progress<'_>) -> Signal,
) -> Result<FittedLinear> {
    for (what, part) in [("training", Some(&train)), ("validation", validation.as_ref())] {
        let Some(part) = part else { continue };
        part.targets.check().map_err(|error| error.within(format!("{what} examples")))?;
        if part.features.nrows() != part.targets.len() || part.targets.is_empty() {
            return Err(Error::invalid(format!(
                "{} {what} examples have {} targets",
                part.features.nrows(),
                part.targets.len()
            )));
        }
        if part.features.ncols() != train.features.ncols() {
            return Err(Error::invalid("training and validation features are of different width"));
        }
    }
    if matches!(train.targets, Targets::Tokens { .. }) {
        return Err(Error::unsupported("a layer on vectors of examples has no classes for tokens"));
    }
    let standard = Standard::of(train.features.view());
    let source = layer(train.features.ncols(), &train.targets)?;
    let ready = |part: LabelledFeatures| (Features(standard.apply(part.features.view())), part.targets);
    let prepared = Prepared {
        source,
        dimensions: Dimensions { rows: "batch".into(), columns: None },
        train: ready(train),
        validation: validation.map(ready),
    };
    let (model, scale) = prepared.run(runtime, options, criterion, signal)?;
    Ok(FittedLinear { model, standard, scale })
}

/// Builds the layer with its loss.
fn layer(width: usize, targets: &Targets) -> Result<Source> {
    let outputs = targets.outputs();
    let mut g = Graph::new("linear");
    let build = |g: &mut Graph| {
        let x = g.input(FEATURES, DataType::F32, [Dim::symbol("batch"), Dim::Fixed(width)])?;
        let weight = g.parameter("weight", [width, outputs])?;
        let bias = g.parameter("bias", [outputs])?;
        g.linear(x, weight, Some(bias))
    };
    let scores = build(&mut g).map_err(graph_error)?;
    targets.add_loss(&mut g, scores, None)?;
    let parameter =
        |name: &str, shape: Vec<usize>, decay| Parameter { name: name.into(), shape, group: 0, decay };
    Ok(Source {
        graph: g,
        parameters: vec![
            parameter("weight", vec![width, outputs], true),
            parameter("bias", vec![outputs], false),
        ],
        values: vec![vec![0.0; width * outputs], vec![0.0; outputs]],
    })
}

/// How features are shifted and scaled.
#[derive(Clone, Debug)]
struct Standard {
    mean: Array1<f32>,
    deviation: Array1<f32>,
}

impl Standard {
    fn of(features: ArrayView2<'_, f32>) -> Self {
        let n = features.nrows().max(1) as f64;
        let (mut mean, mut deviation) = (Vec::new(), Vec::new());
        for column in features.axis_iter(Axis(1)) {
            let center = column.iter().map(|&value| f64::from(value)).sum::<f64>() / n;
            let variance = column.iter().map(|&value| (f64::from(value) - center).powi(2)).sum::<f64>() / n;
            mean.push(center as f32);
            deviation.push(if variance > 0.0 { variance.sqrt() as f32 } else { 1.0 });
        }
        Self { mean: mean.into(), deviation: deviation.into() }
    }

    fn apply(&self, features: ArrayView2<'_, f32>) -> Array2<f32> {
        (&features - &self.mean) / &self.deviation
    }
}

/// A fitted linear layer.
#[derive(Debug)]
pub struct FittedLinear {
    model: Model,
    standard: Standard,
    scale: Scale,
}

impl FittedLinear {
    /// Answers vectors, `[examples, outputs]`: probabilities of classes or labels, or numbers.
    ///
    /// # Errors
    ///
    /// The vectors are of another width, or the graph cannot be run.
    pub fn predict(&mut self, features: ArrayView2<'_, f32>) -> Result<Array2<f32>> {
        if features.ncols() != self.standard.mean.len() {
            return Err(Error::invalid(format!(
                "the features have width {}, and the layer takes {}",
                features.ncols(),
                self.standard.mean.len()
            )));
        }
        self.model.answer(&Features(self.standard.apply(features)), self.scale)
    }

    /// Returns what the fitting did.
    pub fn facts(&self) -> &Facts {
        &self.model.facts
    }
}
