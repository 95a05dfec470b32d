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

use dlm_sdk::{Error, ErrorKind, Examples, Predictor, Registry, Result, TaskSpec};

use super::{
    Cell, Plan, data::TaskData, finetune, folds, machine, probe, probe::EmbeddingCache, scoring,
    scoring::Scored,
};
use crate::{
    context::Cancellation,
    results::{CellResult, Cost, Fact, FoldResult, Mode, Prediction, Status},
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
        split: task.split.clone(),
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
        folds: Vec::new(),
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
    let cut = Arc::new(AtomicU64::new(0));
    let (test, result) = (data.test.view(), &mut finished.result);
    let scored = if data.folds.is_empty() {
        let (train, validation) = (data.train.view(), data.validation.view());
        let chosen_on = (!data.validation.is_empty()).then(|| validation.examples());
        let bench = Bench { plan, cell, registry, cancellation, tell, cut: &cut };
        let answered = bench.answer(train.examples(), chosen_on, test.examples(), result)?;
        result.validation = answered.validation.map(|scored| named(scored.metrics(task))).unwrap_or_default();
        answered.test
    } else {
        let bench = Bench { plan, cell, registry, cancellation, tell, cut: &cut };
        bench.cross_validate(data, result)?
    };
    result.metrics = named(scored.metrics(task));
    result.cost.seconds_per_1000 = Some(scored.seconds * 1000.0 / data.test.len() as f64);
    result.truncated_bases = cut.load(Ordering::Relaxed);
    result.items = data.items();
    result.groups = data.resampling.groups();
    finished.resamples = data.resampling.map(|items| scored.metric_of(task, task.primary(), items));
    result.interval = over_items(&finished.resamples, result.groups, data.test.len());
    finished.predictions = scored.predictions(test.examples().items);
    Ok(())
}

/// What fitting and answering need beside examples.
struct Bench<'a> {
    plan: &'a Plan,
    cell: &'a Cell,
    registry: &'a Registry,
    cancellation: &'a Cancellation,
    tell: &'a dyn Fn(&str),
    cut: &'a Arc<AtomicU64>,
}

/// The answers of one fitted method.
struct Answered {
    validation: Option<Scored>,
    test: Scored,
}

impl Bench<'_> {
    fn task(&self) -> &TaskSpec {
        &self.plan.tasks[self.cell.task].spec
    }

    /// Fits a method and lets it answer; what it says of itself goes into the result.
    fn answer(
        &self,
        train: Examples<'_>,
        chosen_on: Option<Examples<'_>>,
        test: Examples<'_>,
        result: &mut CellResult,
    ) -> Result<Answered> {
        let (task, clock) = (self.task(), Instant::now());
        let mut predictor = self.fit(train, chosen_on)?;
        result.cost.fit_seconds += clock.elapsed().as_secs_f64();
        self.cancellation.check()?;
        let score = |predictor: &mut dyn Predictor, examples: Examples<'_>, save: bool| {
            scoring::score(predictor, task, examples, save, self.cancellation)
        };
        let validation = chosen_on.map(|examples| score(&mut *predictor, examples, false)).transpose()?;
        let test_scored = score(&mut *predictor, test, self.plan.settings.save_scores)?;
        if self.plan.settings.both_strands {
            result.strand =
                super::strand::both(&mut *predictor, task, test, &test_scored, self.cancellation)?;
        }
        result.facts =
            predictor.facts().into_iter().map(|fact| Fact { name: fact.name, value: fact.value }).collect();
        result.parameters = predictor.parameters();
        Ok(Answered { validation, test: test_scored })
    }

    /// Fits and answers fold by fold and returns the answers to all items. Of facts those of the first fold stay.
    fn cross_validate(&self, data: &TaskData, result: &mut CellResult) -> Result<Scored> {
        let (task, mut facts) = (self.task(), Vec::new());
        let (mut validation, mut test) = (Vec::new(), Vec::new());
        for (number, fold) in data.folds.iter().enumerate() {
            (self.tell)(&format!("fold {} of {}", number + 1, data.folds.len()));
            let [train, choosing, answered] =
                [&fold.train, &fold.validation, &fold.test].map(|items| data.test.subset(items));
            let views = [train.view(), choosing.view(), answered.view()];
            let [train, choosing, answered] = [0, 1, 2].map(|part| views[part].examples());
            let done = self.answer(train, Some(choosing), answered, result)?;
            if number == 0 {
                facts = std::mem::take(&mut result.facts);
            }
            validation.extend(done.validation);
            test.push(done.test);
        }
        let primary = task.primary();
        let whole = |scored: &Scored, items: &[usize]| {
            scored.metric_of(task, primary, &(0..items.len()).collect::<Vec<usize>>())
        };
        result.folds = data
            .folds
            .iter()
            .zip(test.iter().zip(&validation))
            .map(|(fold, (answered, chosen_on))| FoldResult {
                items: fold.test.len(),
                score: whole(answered, &fold.test),
                validation: whole(chosen_on, &fold.validation),
            })
            .collect();
        let each: Vec<Option<f64>> = result.folds.iter().map(|fold| fold.score).collect();
        facts.extend(folds::spread(primary, &each, data.resampling.groups()));
        result.facts = facts;
        result.validation = named(Scored::pooled(validation)?.metrics(task));
        Scored::pooled(test)
    }

    fn fit(&self, train: Examples<'_>, chosen_on: Option<Examples<'_>>) -> Result<Box<dyn Predictor>> {
        let Self { plan, cell, registry, cancellation, tell, cut } = *self;
        let (task, method) = (self.task(), &plan.methods[cell.method]);
        Ok(match method.mode {
            Mode::Baseline => registry.baseline(&method.spec)?.fit(task, train, chosen_on, cell.seed)?,
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
                    cut: Arc::clone(cut),
                    cancellation: cancellation.clone(),
                };
                let tokenizer = registry.tokenizer(&encoder.spec().tokenizer)?;
                probe::fit(encoder, tokenizer, task, train, chosen_on, options)?
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
                    cut: Arc::clone(cut),
                    cancellation,
                    hear: &|trial, trials, progress| tell(&standing(trial, trials, progress)),
                    folder: None,
                };
                Box::new(finetune::fit(encoder, tokenizer, task, train, chosen_on, &setup)?)
            }
        })
    }
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
