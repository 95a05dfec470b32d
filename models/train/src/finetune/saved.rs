//! A fine-tuned model on disk.
//!
//! ```text
//! finetuned.json         what it answers, what stands around its rows, and what the fine-tuning did
//! graph.onnx             from tokens and weights to scores and loss
//! weights.safetensors    every weight by its name in the graph, those of the head among them
//! ```

use std::path::Path;

use dlm_genome::output;
use dlm_graph::Graph;
use dlm_nn::weights::{self, Checkpoint, Element};
use dlm_runtime::{Device, Runtime, SessionOptions};
use dlm_sdk::{Error, Parameter, Result};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{Facts, Fitted, Frame, Targets, fitted::Model, objective::Dimensions, targets::Scale};
use crate::{
    graph_error::graph_error,
    step::{StepGraph, Weights},
};

const DESCRIPTION: &str = "finetuned.json";
const GRAPH: &str = "graph.onnx";
const WEIGHTS: &str = "weights.safetensors";

/// What a model answers.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Answers {
    Classes(usize),
    Labels(usize),
    Values,
    Tokens(usize),
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Description {
    answers: Answers,
    frame: Frame,
    pooled: bool,
    scale: Scale,
    dimensions: Dimensions,
    rows: usize,
    parameters: Vec<Named>,
    facts: Facts,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    shape: Vec<usize>,
}

impl Fitted {
    /// Writes the model into a folder, which is made if need be; the description comes last.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::io(format!("{}: cannot be made", folder.display()), error))?;
        let weights = self.weights();
        let values =
            (0..weights.parameters().len()).map(|index| weights.fetch(index)).collect::<Result<Vec<_>>>()?;
        let tensors: Vec<weights::Output<'_>> = weights
            .parameters()
            .iter()
            .zip(&values)
            .map(|(parameter, values)| (parameter.name.as_str(), parameter.shape.as_slice(), &**values))
            .collect();
        weights::write(folder.join(WEIGHTS), &tensors, Element::F32)?;
        output::write(folder.join(GRAPH), self.model.graph.graph().to_onnx().map_err(graph_error)?)?;
        let description = Description {
            answers: match &self.model.like {
                Targets::Classes { classes, .. } => Answers::Classes(*classes),
                Targets::Labels(labels) => Answers::Labels(labels.ncols()),
                Targets::Values(_) => Answers::Values,
                Targets::Tokens { classes, .. } => Answers::Tokens(*classes),
            },
            frame: self.frame,
            pooled: self.pooled,
            scale: self.scale,
            dimensions: self.model.dimensions.clone(),
            rows: self.model.rows,
            parameters: weights
                .parameters()
                .iter()
                .map(|parameter| Named { name: parameter.name.clone(), shape: parameter.shape.clone() })
                .collect(),
            facts: self.model.facts.clone(),
        };
        let text = serde_json::to_vec_pretty(&description)
            .map_err(|error| Error::internal("a fine-tuned model has no description").with_source(error))?;
        Ok(output::write(folder.join(DESCRIPTION), text)?)
    }

    /// Opens a model that was saved.
    ///
    /// # Errors
    ///
    /// The folder holds none, a file is broken, or the files do not belong together.
    pub fn open(runtime: &'static Runtime, folder: &Path, device: Device) -> Result<Self> {
        let path = folder.join(DESCRIPTION);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
        let description: Description = serde_json::from_str(&text)
            .map_err(|error| Error::invalid(format!("{}: {error}", path.display())))?;
        let path = folder.join(GRAPH);
        let wrong = |error| Error::invalid(format!("{}: is no graph", path.display())).with_source(error);
        let mut graph = Graph::read(&path).map_err(wrong)?;
        let mut parameters = Vec::with_capacity(description.parameters.len());
        for Named { name, shape } in description.parameters {
            let var = graph.find(&name).map_err(wrong)?;
            if !graph.is_parameter(var) {
                graph.mark_parameter(var).map_err(wrong)?;
            }
            parameters.push(Parameter { name, shape, group: 0, decay: false });
        }
        let path = folder.join(WEIGHTS);
        let checkpoint = Checkpoint::open(&path)?;
        let mut weights = Weights::new(runtime, parameters.clone(), |_| false)?;
        for (index, parameter) in parameters.iter().enumerate() {
            checkpoint
                .read(&parameter.name, weights.write(index)?)
                .map_err(|error| error.within(path.display().to_string()))?;
        }
        let graph = StepGraph::new(runtime, graph, weights, SessionOptions::default().device(device), 0);
        let like = match description.answers {
            Answers::Classes(classes) => Targets::Classes { labels: Vec::new(), classes },
            Answers::Labels(labels) => Targets::Labels(Array2::zeros((0, labels))),
            Answers::Values => Targets::Values(Vec::new()),
            Answers::Tokens(classes) => Targets::Tokens { labels: Vec::new(), classes },
        };
        let model = Model {
            graph,
            dimensions: description.dimensions,
            rows: description.rows,
            like,
            facts: description.facts,
        };
        Ok(Self::new(model, description.frame, description.pooled, description.scale))
    }
}
