//! Computing one cell.

use std::{
    any::Any,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use dlm_sdk::{Error, ErrorKind, Predictor, Registry, Result};

use super::{Cell, Plan, data::TaskData, finetune, machine, probe, probe::EmbeddingCache, scoring};
use crate::{
    context::Cancellation,
    results::{CellResult, Cost, Fact, Mode, Prediction, Status},
    statistics::over_items,
};

/// A computed cell with what is kept beside it.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) result: CellResult,
    pub(super) predictions: Vec<Prediction>,
    pub(super) resamples: Vec<f64>,
}

/// Returns a cell that has not been run.
pub(super) fn blank(plan: &Plan, cell: &Cell) -> CellResult {
    let (task, method) = (&plan.tasks[cell.task], &plan.methods[cell.method]);
    CellResult {
        model: method.spec.clone(),
        task: task.label.clone(),
        split: task.spec.split.name().to_owned(),
        mode: method.mode,
        protocol: plan.protocol(),
        seed: cell.seed,
        status: Status::Missing,
        reason: None,
        metrics: BTreeMap::default(),
        validation: BTreeMap::default(),
        primary: task.spec.primary().id().to_owned(),
        interval: None,
        control: method.control,
        seeded: method.seeded,
        items: task.data.items.map(|items| plan.settings.limit.map_or(items, |limit| items.min(limit))),
        groups: 0,
        facts: Vec::new(),
        parameters: None,
        truncated_bases: 0,
        cost: Cost { threads: rayon::current_num_threads(), ..Cost::default() },
        key: cell.key.clone(),
        data: task.data.all.clone(),
        limit: plan.settings.limit,
        strand: None,
    }
}

/// Computes a cell, telling long work's standing. What goes wrong, a panic included, becomes its status and reason.
///
/// # Errors
///
/// Only if somebody asked to stop.
pub(super) fn execute(
    plan: &Plan,
    cell: &Cell,
    data: &TaskData,
    registry: &Registry,
    cancellation: &Cancellation,
    tell: &dyn Fn(&str),
) -> Result<Finished> {
    machine::forget_peak_memory();
    let mut finished = Finished { result: blank(plan, cell), predictions: Vec::new(), resamples: Vec::new() };
    let attempt = catch_unwind(AssertUnwindSafe(|| {
        attempt(plan, cell, data, registry, (cancellation, tell), &mut finished)
    }))
    .unwrap_or_else(|panic| Err(Error::new(ErrorKind::Panicked, message_of(&*panic))));
    let result = &mut finished.result;
    result.cost.peak_memory = machine::peak_memory();
    match attempt {
        Ok(()) => result.status = Status::Done,
        Err(error) if error.kind() == ErrorKind::Cancelled && cancellation.signal().is_some() => {
            return Err(error);
        }
        Err(error) => {
            result.status = match error.kind() {
                ErrorKind::Unsupported => Status::Unsupported,
                _ => Status::Failed,
            };
            result.reason = Some(reason(&error));
            result.metrics.clear();
            result.validation.clear();
            finished.predictions.clear();
            finished.resamples.clear();
        }
    }
    Ok(finished)
}

fn attempt(
    plan: &Plan,
    cell: &Cell,
    data: &TaskData,
    registry: &Registry,
    (cancellation, tell): (&Cancellation, &dyn Fn(&str)),
    finished: &mut Finished,
) -> Result<()> {
    let (task, method) = (&plan.tasks[cell.task].spec, &plan.methods[cell.method]);
    if let Some((kind, reason)) = &method.unavailable {
        return Err(Error::new(*kind, reason.clone()));
    }
    let (train, validation, test) = (data.train.view(), data.validation.view(), data.test.view());
    let chosen_on = (!data.validation.is_empty()).then(|| validation.examples());
    let cut = Arc::new(AtomicU64::new(0));
    let clock = Instant::now();
    let mut predictor: Box<dyn Predictor> = match method.mode {
        Mode::Baseline => {
            registry.baseline(&method.spec)?.fit(task, train.examples(), chosen_on, cell.seed)?
        }
        Mode::Probe => {
            let encoder = registry.encoder(&method.seeded_spec(cell.seed))?;
            let options = probe::Options {
                pool: plan.settings.pool,
                layer: plan.settings.layer,
                long: plan.settings.long,
                head: plan.settings.head,
                protocol: plan.settings.protocol,
                seed: cell.seed,
                cache: plan
                    .settings
                    .output
                    .as_ref()
                    .map(|folder| EmbeddingCache::at(folder.join("embeddings"))),
                device: plan.settings.device.clone(),
                cut: Arc::clone(&cut),
                cancellation: cancellation.clone(),
            };
            let tokenizer = registry.tokenizer(&encoder.spec().tokenizer)?;
            probe::fit(encoder, tokenizer, task, train.examples(), chosen_on, options)?
        }
        Mode::Finetune => {
            let encoder = registry.encoder(&method.seeded_spec(cell.seed))?;
            let tokenizer = registry.tokenizer(&encoder.spec().tokenizer)?;
            let setup = finetune::Setup {
                protocol: plan.settings.protocol,
                overrides: &plan.settings.finetune,
                seed: cell.seed,
                device: &plan.settings.device,
                long: plan.settings.long,
                cut: Arc::clone(&cut),
                cancellation,
                hear: &|trial, trials, progress| tell(&standing(trial, trials, progress)),
                folder: None,
            };
            Box::new(finetune::fit(encoder, tokenizer, task, train.examples(), chosen_on, &setup)?)
        }
    };
    let result = &mut finished.result;
    result.cost.fit_seconds = clock.elapsed().as_secs_f64();
    cancellation.check()?;
    if let Some(examples) = chosen_on {
        let scored = scoring::score(&mut *predictor, task, examples, false, cancellation)?;
        result.validation = named(scored.metrics(task));
    }
    let save = plan.settings.save_scores;
    let examples = test.examples();
    let scored = scoring::score(&mut *predictor, task, examples, save, cancellation)?;
    result.metrics = named(scored.metrics(task));
    if plan.settings.both_strands {
        result.strand = super::strand::both(&mut *predictor, task, examples, &scored, cancellation)?;
    }
    result.cost.seconds_per_1000 = Some(scored.seconds * 1000.0 / examples.len() as f64);
    result.facts =
        predictor.facts().into_iter().map(|fact| Fact { name: fact.name, value: fact.value }).collect();
    result.parameters = predictor.parameters();
    result.truncated_bases = cut.load(Ordering::Relaxed);
    result.items = data.items();
    result.groups = data.resampling.groups();
    drop(predictor);
    finished.resamples = data.resampling.map(|items| scored.metric_of(task, task.primary(), items));
    result.interval = over_items(&finished.resamples, result.groups, examples.len());
    finished.predictions = scored.predictions(examples.items);
    Ok(())
}

/// Says where a fine-tuning stands.
fn standing(trial: usize, trials: usize, progress: &dlm_train::trainer::Progress<'_>) -> String {
    let trial = if trials > 1 { format!("trial {} of {trials}, ", trial + 1) } else { String::new() };
    format!(
        "{trial}step {} of {}, loss {:.4}, {:.0} tokens a second, {:.0} s left",
        progress.report.step + 1,
        progress.steps,
        progress.report.loss,
        progress.tokens_per_second,
        progress.seconds_left
    )
}

/// Names metrics by their ids.
pub(super) fn named(metrics: Vec<(dlm_sdk::metrics::Metric, f64)>) -> BTreeMap<String, f64> {
    metrics.into_iter().map(|(metric, value)| (metric.id().to_owned(), value)).collect()
}

/// Tells an error in one line, hint included.
pub(super) fn reason(error: &Error) -> String {
    match error.hint() {
        Some(hint) => format!("{}; hint: {hint}", error.chain()),
        None => error.chain(),
    }
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", message.unwrap_or_else(|| "no message".to_owned()))
}
