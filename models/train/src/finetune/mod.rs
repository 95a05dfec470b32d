//! Fine-tuning: an encoder and a fresh head are trained together on labelled examples.
//!
//! Any encoder will do that offers a graph with its weights as inputs. A head is put on it (pooling, dropout, a dense
//! layer), a loss on that, and all of it is trained as one graph. Batches hold examples of similar length, so that little
//! is padded; which ones follows from the seed and the step. Validation alone chooses: the weights that were best on it
//! are kept, and the training ends when it has not become better for a while.
//!
//! ```text
//!   tokens --> encoder --> pooler or mean --> dropout --> dense --> scores --> loss
//! ```
//!
//! [`linear`] trains the last layer alone, on vectors that were computed before.

mod fitted;
mod head;
pub mod linear;
mod objective;
mod options;
mod order;
mod rows;
mod saved;
mod source;
mod targets;
mod task;

use dlm_graph::{Dim, Graph};
use dlm_runtime::Runtime;
use dlm_sdk::{Error, Result};

pub use self::{
    fitted::{Facts, Fitted},
    head::Pool,
    objective::Criterion,
    options::FinetuneOptions,
    rows::{Frame, Tokens},
    source::Source,
    targets::{ClassWeights, Targets},
};
use self::{
    objective::{Dimensions, Fine, Part},
    order::Order,
    rows::{Framed, Rows},
};
use crate::{
    graph_error::graph_error,
    lora::Adapters,
    step::{StepGraph, Weights},
    trainer::{Ending, Progress, Signal, Trainer},
};

/// The name of the ids among the inputs of an encoder's graph.
pub(crate) const IDS: &str = "input_ids";
/// The name of the mask among the inputs of an encoder's graph.
pub(crate) const MASK: &str = "attention_mask";

/// Labelled examples.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// Their tokens.
    pub tokens: Tokens,
    /// What is to be told of them.
    pub targets: Targets,
}

impl Labelled {
    fn check(&self, what: &str) -> Result<()> {
        if self.targets.is_empty() {
            return Err(Error::invalid(format!("there is no {what} example")));
        }
        if self.tokens.rows.len() != self.targets.len() {
            return Err(Error::invalid(format!(
                "{} {what} examples have {} targets",
                self.tokens.rows.len(),
                self.targets.len()
            )));
        }
        if let Targets::Tokens { labels, .. } = &self.targets {
            let apart =
                self.tokens.rows.iter().zip(labels).position(|(row, labels)| row.len() != labels.len());
            if let Some(at) = apart {
                return Err(Error::invalid(format!(
                    "{what} example {at} has {} tokens and {} classes for them",
                    self.tokens.rows[at].len(),
                    labels[at].len()
                )));
            }
        }
        self.targets.check().map_err(|error| error.within(format!("{what} examples")))
    }
}

/// Trains an encoder with a fresh head.
///
/// `criterion` judges answers on validation data where the loss should not; `signal` is told of each step and may stop
/// the training.
///
/// # Errors
///
/// The examples or settings make no sense, the encoder's graph cannot be differentiated, the loss is no finite number;
/// [`Cancelled`](dlm_sdk::ErrorKind::Cancelled) where `signal` stopped it.
#[expect(clippy::too_many_arguments, reason = "each is one thing, and none has a default")]
pub fn fit(
    runtime: &'static Runtime,
    mut source: Source,
    frame: Frame,
    train: Labelled,
    validation: Option<Labelled>,
    options: &FinetuneOptions,
    criterion: Option<&Criterion<'_>>,
    signal: &mut dyn FnMut(&Progress<'_>) -> Signal,
) -> Result<Fitted> {
    train.check("training")?;
    if let Some(validation) = &validation {
        validation.check("validation")?;
        if validation.targets.outputs() != train.targets.outputs() {
            return Err(Error::invalid("training and validation examples have different targets"));
        }
    }
    if let Some(share) = options.encoder_dropout {
        source.set_dropout(share)?;
    }
    head::attach(&mut source, options.pool, options.head_dropout, &train.targets, options.seed)?;
    let dimensions = dimensions(&source)?;
    // The head is a group of its own, the highest; adapters belong to it.
    let head = source.parameters.iter().map(|parameter| parameter.group).max().unwrap_or(0);
    let mut adapted = None;
    let mut options = options.clone();
    if let Some(lora) = &options.lora {
        let plain = source.graph.clone();
        let Source { graph, parameters, values } = &mut source;
        adapted = Some((lora.attach(graph, parameters, values, head, options.seed)?, plain));
        options.layers.frozen = head;
    }
    let options = &options;
    let of_tokens = matches!(train.targets, Targets::Tokens { .. });
    if of_tokens && criterion.is_some() {
        return Err(Error::unsupported("answers for tokens are judged by their loss alone"));
    }
    let pooled = options.pool == Pool::Mean && !of_tokens;
    let framed = |labelled: Labelled| -> Result<(Framed, Targets)> {
        Ok((Framed::new(labelled.tokens, frame, pooled)?, labelled.targets))
    };
    let prepared = Prepared {
        source,
        dimensions,
        train: framed(train)?,
        validation: validation.map(framed).transpose()?,
    };
    let (mut fitted, scale) = prepared.run(runtime, options, criterion, signal)?;
    if let Some((adapters, plain)) = adapted {
        fitted.graph = merged(runtime, &fitted.graph, &adapters, plain, options)?;
    }
    Ok(Fitted::new(fitted, frame, pooled, scale))
}

/// Returns a model without adapters, whose weights hold what they have learned.
fn merged(
    runtime: &'static Runtime,
    adapted: &StepGraph,
    adapters: &Adapters,
    plain: Graph,
    options: &FinetuneOptions,
) -> Result<StepGraph> {
    let weights = adapted.weights();
    let values =
        (0..weights.parameters().len()).map(|index| weights.fetch(index)).collect::<Result<Vec<_>>>()?;
    let values: Vec<&[f32]> = values.iter().map(|values| &**values).collect();
    let (parameters, values) = adapters.merge(weights.parameters(), &values)?;
    let mut weights = Weights::new(runtime, parameters, |_| false)?;
    for (index, values) in values.iter().enumerate() {
        weights.write(index)?.copy_from_slice(values);
    }
    Ok(StepGraph::new(runtime, plain, weights, options.session.clone(), options.seed))
}

/// Returns the names of the dimensions of rows and columns in an encoder's graph.
fn dimensions(source: &Source) -> Result<Dimensions> {
    let ids = source.graph.find(IDS).map_err(|error| {
        Error::invalid(format!("the encoder's graph has no input {IDS:?}")).with_source(error)
    })?;
    let shape = source.graph.shape(ids).map_err(graph_error)?;
    match &shape[..] {
        [Dim::Symbol(rows), Dim::Symbol(columns)] => {
            Ok(Dimensions { rows: rows.to_string(), columns: Some(columns.to_string()) })
        }
        _ => Err(Error::unsupported(format!(
            "the encoder's graph takes ids of shape {shape}, and names for both dimensions are needed"
        ))),
    }
}

/// A model with its loss, and examples to train it on.
struct Prepared<R> {
    source: Source,
    dimensions: Dimensions,
    train: (R, Targets),
    validation: Option<(R, Targets)>,
}

impl<R: Rows> Prepared<R> {
    fn run(
        self,
        runtime: &'static Runtime,
        options: &FinetuneOptions,
        criterion: Option<&Criterion<'_>>,
        signal: &mut dyn FnMut(&Progress<'_>) -> Signal,
    ) -> Result<(fitted::Model, targets::Scale)> {
        let Source { graph, parameters, values } = self.source;
        let (rows, mut targets) = self.train;
        let weights = targets.weights(&options.class_weights)?;
        let scale = targets.standardise();
        let order = Order::new(options.seed, rows.len(), options.batch);
        let settings = options.trainer(order.batches())?;
        let like = targets.clone();
        let validation = self.validation.map(|(rows, mut targets)| {
            scale.apply(&mut targets);
            let weights = targets.weights(&ClassWeights::None)?;
            Ok::<_, Error>(Part { rows, targets, weights })
        });
        let validation = validation.transpose()?;
        let of_graph = options.rows_at_once.unwrap_or(options.batch).clamp(1, options.batch.max(1));
        let fine = Fine {
            graph,
            dimensions: self.dimensions.clone(),
            train: Part { rows, targets, weights },
            validation,
            order,
            rows: of_graph,
            scale,
            criterion,
            settings: vec![("fine-tuning".into(), format!("{options:?}"))],
        };
        let epoch = fine.order.batches();
        let mut trainer = Trainer::new(runtime, fine, parameters, settings, |index, weights| {
            weights.copy_from_slice(&values[index]);
            Ok(())
        })?;
        drop(values);
        let summary = trainer.run(signal)?;
        if summary.ending == Ending::Stopped {
            return Err(Error::cancelled());
        }
        let facts = Facts::new(&summary, trainer.history(), epoch);
        let (graph, _) = trainer.into_parts();
        let model = fitted::Model { graph, dimensions: self.dimensions, rows: of_graph, like, facts };
        Ok((model, scale))
    }
}
