//! Frozen probes: a logistic head on an encoder's hidden states.
//!
//! Each item is tokenized, wrapped in the encoder's prefix and suffix ids, and encoded; a [pool](Pool) makes one vector
//! of its row of hidden states; features are standardised by the means and deviations of train; a logistic head with
//! squared penalty is fitted on train. Under the protocol `paper` the penalty is fixed, under `tuned` it is chosen on
//! validation from a grid. Items of more tokens than the encoder takes are an error, cut, or cut into
//! [windows](Long::Windows).

mod embed;
mod head;
mod logistic;
mod options;

pub use embed::Embedder;
pub use options::{Long, Options, Pool};

use dlm_sdk::{Encoder, Error, Examples, Fact, Items, Predictor, Result, Target, TaskSpec, Tokenizer};
use ndarray::{ArrayViewMut2, Axis};

use self::head::Head;
use crate::results::Protocol;

/// The most classes that a logistic head is fitted for.
pub const MOST_CLASSES: usize = 64;
/// The penalty under the protocol `paper`, scikit-learn's default C = 1.
const PENALTY: f64 = 1.0;
/// The penalties under the protocol `tuned`.
const PENALTIES: [f64; 5] = [0.01, 0.1, 1.0, 10.0, 100.0];

/// Fits a probe.
///
/// # Errors
///
/// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) for regression, for more than 64 classes, for a pool that the
/// encoder has nothing for; [`Invalid`](dlm_sdk::ErrorKind::Invalid) for items that are too long and a layer that is not
/// there; whatever the encoder fails with.
pub fn fit(
    encoder: Box<dyn Encoder>,
    tokenizer: Box<dyn Tokenizer>,
    task: &TaskSpec,
    train: Examples<'_>,
    validation: Option<Examples<'_>>,
    options: Options,
) -> Result<Box<dyn Predictor>> {
    match task.target {
        Target::Binary | Target::Multilabel(_) => {}
        Target::Multiclass(classes) if classes <= MOST_CLASSES => {}
        Target::Multiclass(classes) => {
            return Err(Error::unsupported(format!(
                "the probe's logistic head takes at most {MOST_CLASSES} classes, this task has {classes}"
            ))
            .with_hint("fine-tune the model instead"));
        }
        _ => {
            return Err(Error::unsupported(
                "the probe's logistic head answers classes and labels, not values",
            ));
        }
    }
    let protocol = options.protocol;
    let mut embedder = Embedder::new(encoder, tokenizer, options)?;
    let features = embedder.embed(train.items)?;
    let head = match (protocol, validation) {
        (Protocol::Tuned, Some(validation)) => {
            let chosen_on = embedder.embed(validation.items)?;
            let mut best: Option<(f64, Head)> = None;
            for penalty in PENALTIES {
                let head = Head::fit(task, &features, train.targets, penalty)?;
                let loss = head.loss(&chosen_on, validation.targets);
                if best.as_ref().is_none_or(|(least, _)| loss < *least) {
                    best = Some((loss, head));
                }
            }
            best.map(|(_, head)| head).ok_or_else(|| Error::internal("no penalty was tried"))?
        }
        _ => Head::fit(task, &features, train.targets, PENALTY)?,
    };
    Ok(Box::new(Probe { embedder, head }))
}

/// A fitted probe.
#[derive(Debug)]
struct Probe {
    embedder: Embedder,
    head: Head,
}

impl Predictor for Probe {
    fn predict(&mut self, items: Items<'_>, mut scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        let features = self.embedder.embed(items)?;
        for (row, mut answer) in features.rows().into_iter().zip(scores.axis_iter_mut(Axis(0))) {
            for (cell, probability) in answer.iter_mut().zip(self.head.probabilities(row)) {
                *cell = probability as f32;
            }
        }
        Ok(())
    }

    fn facts(&self) -> Vec<Fact> {
        let (pool, layer, windows) = self.embedder.facts();
        let mut facts = vec![
            Fact::new("pool", pool.name()),
            Fact::new("layer", layer),
            Fact::new("penalty", self.head.penalty()),
        ];
        if windows > 0 {
            facts.push(Fact::new("items cut into windows", windows));
        }
        facts
    }

    fn parameters(&self) -> Option<u64> {
        self.embedder.parameters()
    }
}
