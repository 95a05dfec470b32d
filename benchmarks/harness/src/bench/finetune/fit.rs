//! Trying recipes and keeping the best.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
};

use dlm_runtime::{Device, Runtime, SessionOptions};
use dlm_sdk::{
    Encoder, Error, Examples, Fact, Result, TaskSpec, Tokenizer,
    metrics::{Answers, Outcome},
};
use dlm_train::{
    finetune::{self, Criterion, FinetuneOptions, Fitted, Labelled, Pool, Source, Targets},
    lora::Lora,
    optimiser::OptimiserOptions,
    trainer::{Progress, Signal},
};
use ndarray::ArrayView2;

use super::{ClassWeights, FinetuneHead, Finetuned, Overrides, Recipe, predictor::Cutter, recipes};
use crate::{bench::probe::Long, context::Cancellation, results::Protocol};

/// What a fine-tuning is to do, and whom it tells.
#[derive(Clone)]
pub struct Setup<'a> {
    /// Where recipes come from.
    pub protocol: Protocol,
    /// What they are overridden by.
    pub overrides: &'a Overrides,
    /// The seed of head, order and dropout.
    pub seed: u64,
    /// Where it runs.
    pub device: &'a str,
    /// What happens to items that are too long.
    pub long: Long,
    /// Counts the bases that were cut off.
    pub cut: Arc<AtomicU64>,
    /// Whether to stop.
    pub cancellation: &'a Cancellation,
    /// Hears of every step: which trial of how many, and where it stands.
    pub hear: &'a dyn Fn(usize, usize, &Progress<'_>),
    /// Where checkpoints go, so that an interrupted training can be resumed; `None`: nowhere.
    pub folder: Option<PathBuf>,
}

impl std::fmt::Debug for Setup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup")
            .field("protocol", &self.protocol)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// A finished trial.
struct Trial {
    fitted: Fitted,
    recipe: Recipe,
    /// What chooses among trials: the smaller, the better.
    value: f64,
}

/// Fine-tunes an encoder on train; validation chooses the pass and, under `tuned`, the recipe.
///
/// # Errors
///
/// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) for an encoder without a graph, for more than one number an item, and
/// where ONNX Runtime is not there; [`Invalid`](dlm_sdk::ErrorKind::Invalid) for items that are too long; whatever
/// training fails with.
pub fn fit(
    mut encoder: Box<dyn Encoder>,
    tokenizer: Box<dyn Tokenizer>,
    task: &TaskSpec,
    train: Examples<'_>,
    validation: Option<Examples<'_>>,
    setup: &Setup<'_>,
) -> Result<Finetuned> {
    let spec = encoder.spec().clone();
    let device: Device = setup.device.parse()?;
    let cutter = Cutter::new(&spec, tokenizer, setup.long, Arc::clone(&setup.cut))?;
    let head =
        setup.overrides.head.unwrap_or(if spec.pooler { FinetuneHead::Pooler } else { FinetuneHead::Mean });
    let labelled = |examples: Examples<'_>, count: bool| -> Result<Labelled> {
        Ok(Labelled {
            tokens: cutter.rows(examples.items, count)?,
            targets: Targets::of(task, examples.targets)?,
        })
    };
    let train = labelled(train, true)?;
    // Validation is cut and counted when it is scored.
    let chosen_on = validation.map(|examples| labelled(examples, false)).transpose()?;
    let criterion =
        validation.map(|examples| move |answers: ArrayView2<'_, f32>| judge(task, examples, answers));
    let criterion = criterion.as_ref().filter(|_| setup.protocol == Protocol::Tuned);
    let mut trials = recipes(task, setup.protocol, setup.overrides);
    if chosen_on.is_none() {
        // Nothing may choose: the paper's recipe, which is the last, stands alone.
        trials.drain(..trials.len().saturating_sub(1));
    }
    let runtime = Runtime::get_for(device)?;
    let (mut best, mut tried): (Option<Trial>, Vec<String>) = (None, Vec::new());
    let n = trials.len();
    for (number, recipe) in trials.into_iter().enumerate() {
        let Some(trainable) = encoder.trainable() else {
            return Err(Error::unsupported("this encoder offers no graph for fine-tuning")
                .with_hint("use --mode probe"));
        };
        let source = Source::from_trainable(trainable)?;
        let mut options = options(&recipe, setup, head, device);
        options.folder = setup.folder.as_ref().map(|folder| folder.join(format!("trial-{number}")));
        let mut signal = |progress: &Progress<'_>| {
            (setup.hear)(number, n, progress);
            setup.cancellation.signal().map_or(Signal::Continue, |_| Signal::Stop)
        };
        let criterion = criterion.map(|criterion| criterion as &Criterion<'_>);
        let fitted = finetune::fit(
            runtime,
            source,
            cutter.frame,
            train.clone(),
            chosen_on.clone(),
            &options,
            criterion,
            &mut signal,
        )?;
        let value = fitted.facts().curve.iter().map(|point| point.loss).fold(f64::INFINITY, f64::min);
        tried.push(format!("{:e}: {value:.4}", recipe.learning_rate.value));
        if best.as_ref().is_none_or(|best| value < best.value) {
            best = Some(Trial { fitted, recipe, value });
        }
    }
    let best = best.ok_or_else(|| Error::internal("no recipe was tried"))?;
    let mut facts = told(&best.recipe, head, setup.overrides);
    if n > 1 {
        facts.push(Fact::new("trials, by learning rate", tried.join("; ")));
    }
    facts.extend(best.fitted.facts().list());
    Ok(Finetuned { cutter, fitted: best.fitted, facts })
}

fn options(recipe: &Recipe, setup: &Setup<'_>, head: FinetuneHead, device: Device) -> FinetuneOptions {
    FinetuneOptions {
        seed: setup.seed,
        pool: match head {
            FinetuneHead::Pooler => Pool::Pooler,
            FinetuneHead::Mean => Pool::Mean,
        },
        head_dropout: recipe.dropout.value as f32,
        encoder_dropout: Some(recipe.dropout.value as f32),
        class_weights: match setup.overrides.class_weights {
            ClassWeights::None => finetune::ClassWeights::None,
            ClassWeights::Balanced => finetune::ClassWeights::Balanced,
        },
        rate: recipe.learning_rate.value,
        warm_up: recipe.warmup.value,
        epochs: recipe.epochs.value,
        most_steps: recipe.max_steps,
        batch: recipe.batch.value as usize,
        optimiser: OptimiserOptions {
            beta_2: recipe.beta2.value,
            epsilon: recipe.epsilon.value,
            weight_decay: recipe.weight_decay.value,
            ..OptimiserOptions::default()
        },
        // With twice the rank as alpha the change counts as much at any rank.
        lora: setup.overrides.lora.map(|rank| Lora {
            rank: rank as usize,
            alpha: 2.0 * rank as f64,
            ..Lora::default()
        }),
        patience: recipe.patience.map(|patience| patience as u32),
        checkpoint_every: setup.folder.as_ref().map(|_| 50),
        session: SessionOptions::default().device(device),
        ..FinetuneOptions::default()
    }
}

/// Returns what chooses under `tuned`: the primary metric on validation, turned so that less is better.
fn judge(task: &TaskSpec, examples: Examples<'_>, answers: ArrayView2<'_, f32>) -> f64 {
    let metric = task.primary();
    let targets = examples.targets;
    let value = match task.target {
        dlm_sdk::Target::Multilabel(_) => Answers::Labels { targets, scores: answers }.metric(metric, task),
        dlm_sdk::Target::Regression(_) => Answers::Values { targets, scores: answers }.metric(metric, task),
        _ => {
            let outcomes: Vec<Outcome> =
                examples.classes().zip(answers.rows()).map(|(class, row)| Outcome::new(class, row)).collect();
            Answers::Classes { outcomes: &outcomes, scores: Some(answers) }.metric(metric, task)
        }
    };
    value.map_or(f64::INFINITY, |value| if metric.higher_is_better() { -value } else { value })
}

/// Says what a recipe is, each value with its origin.
fn told(recipe: &Recipe, head: FinetuneHead, overrides: &Overrides) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new("head", head.name()),
        Fact::new(
            "learning rate",
            format!("{:e} ({})", recipe.learning_rate.value, recipe.learning_rate.origin),
        ),
        Fact::new("batch", recipe.batch),
        Fact::new("warm-up", recipe.warmup),
        Fact::new("weight decay", recipe.weight_decay),
        Fact::new("dropout", recipe.dropout),
        Fact::new("beta 2", recipe.beta2),
        Fact::new("most epochs", recipe.epochs),
        Fact::new("class weights", overrides.class_weights.name()),
    ];
    if let Some(steps) = recipe.max_steps {
        facts.push(Fact::new("most steps", steps));
    }
    if let Some(rank) = overrides.lora {
        facts.push(Fact::new("adapted", format!("queries and values, rank {rank}")));
    }
    facts
}

#[cfg(test)]
mod tests {
    use dlm_sdk::{ExampleSet, SplitKind, Target};
    use ndarray::array;

    use super::*;

    #[test]
    fn what_answers_better_is_chosen_whichever_way_the_metric_points() {
        let mut set = ExampleSet::new(1);
        for (id, class) in [0.0, 1.0, 0.0, 1.0].into_iter().enumerate() {
            set.add(id as u64, b"ACGT", &[class], id as u64).unwrap();
        }
        let view = set.view();
        let good = array![[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]];
        let bad = array![[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]];
        let mut task = TaskSpec::new("four", Target::Binary, SplitKind::Given);
        for metric in [dlm_sdk::metrics::Metric::Mcc, dlm_sdk::metrics::Metric::Perplexity] {
            task.metrics = vec![metric];
            let value = |answers: &ndarray::Array2<f32>| judge(&task, view.examples(), answers.view());
            assert!(value(&good) < value(&bad), "{metric}: {} {}", value(&good), value(&bad));
        }
    }
}
