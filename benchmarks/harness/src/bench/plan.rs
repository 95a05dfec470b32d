//! From settings to cells.

use std::collections::BTreeMap;

use dlm_sdk::{Error, ErrorKind, Kind, Result, Spec, SplitKind, Target, TaskSpec};

use super::{
    DataDigest, DigestCache, Method, absent::absent, execute, folds, key::cell_key, settings::Settings,
};
use crate::{
    context::Context,
    results::{PlannedCell, Protocol, Status, Store, TaskRecord},
};

/// A task of a plan.
#[derive(Clone, Debug)]
pub struct PlannedTask {
    /// Its spec as given.
    pub text: String,
    /// Its name in tables.
    pub label: String,
    /// How its splits are made; `grouped-cv` under folds.
    pub split: String,
    /// What it is.
    pub spec: TaskSpec,
    /// What its examples are.
    pub data: DataDigest,
    /// Why it cannot be read: its plugin broke. Its cells fail with that.
    pub broken: Option<String>,
}

impl PlannedTask {
    /// Reads a task, and digests its examples.
    fn read(text: &str, settings: &Settings, context: &Context, digests: &mut DigestCache) -> Result<Self> {
        let registry = context.registry();
        let (_, config) = registry.resolve(Kind::Task, text)?;
        let task = registry.task(text)?;
        let within = |error: Error| error.within(format!("task {text}"));
        let mut data = digests.task(&*task, text, &config, context.cancellation()).map_err(within)?;
        let spec = task.spec().clone();
        let mut split = spec.split.name().to_owned();
        if let Some(folds) = settings.folds {
            folds::check(&spec).map_err(within)?;
            folds::SPLIT.clone_into(&mut split);
            data.all = folds::digest(&data.all, folds);
        }
        Ok(Self { text: text.to_owned(), label: spec.name.clone(), split, spec, data, broken: None })
    }

    /// Returns what is recorded of a task before anything is known of its examples.
    pub(super) fn record(&self, limit: Option<usize>) -> TaskRecord {
        let spec = &self.spec;
        TaskRecord {
            task: self.label.clone(),
            split: self.split.clone(),
            spec: self.text.clone(),
            target: spec.target.name().to_owned(),
            outputs: spec.target.outputs(),
            class_names: spec.class_names.clone(),
            metrics: spec.metrics.iter().map(|metric| metric.id().to_owned()).collect(),
            items: [0; 3],
            groups: 0,
            class_counts: Vec::new(),
            chance: None,
            strand_specific: spec.strand_specific,
            citation: spec.citation.clone(),
            license: spec.license.clone(),
            notes: spec.notes.clone(),
            data: self.data.all.clone(),
            limit,
            all_groups: 0,
            audit: None,
        }
    }

    /// Stands for a task whose plugin broke.
    fn broken(text: &str, error: &Error) -> Self {
        let spec = TaskSpec::new(text, Target::Binary, SplitKind::Given);
        Self {
            text: text.to_owned(),
            label: text.to_owned(),
            split: spec.split.name().to_owned(),
            spec,
            data: DataDigest { all: format!("none: {text} broke"), items: [0; 3] },
            broken: Some(execute::reason(error)),
        }
    }
}

/// Returns whether an error says that a plugin broke, and not that somebody asked for something wrong: such a one costs
/// its own cells.
pub(super) fn broke(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Panicked | ErrorKind::Internal)
}

/// A cell of a plan.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Which of the plan's tasks.
    pub task: usize,
    /// Which of the plan's methods.
    pub method: usize,
    /// The seed.
    pub seed: u64,
    /// The digest of everything that decides the result.
    pub key: String,
}

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The settings it was made from.
    pub settings: Settings,
    /// The tasks.
    pub tasks: Vec<PlannedTask>,
    /// Baselines, then models, mode by mode.
    pub methods: Vec<Method>,
    /// The cells: task by task, method by method, seed by seed.
    pub cells: Vec<Cell>,
}

impl Plan {
    /// Makes every component once, digests the tasks' examples, and starts nothing.
    ///
    /// # Errors
    ///
    /// A spec is wrong, a file is missing, or a task's splits are no splits.
    pub fn new(settings: Settings, context: &Context, digests: &mut DigestCache) -> Result<Self> {
        let registry = context.registry();
        for (kind, specs) in [
            (Kind::Task, &settings.tasks),
            (Kind::Baseline, &settings.baselines),
            (Kind::Encoder, &settings.models),
        ] {
            // Typing errors are told before anything is read.
            for spec in specs {
                if kind != Kind::Encoder || absent(registry, spec).is_none() {
                    registry.resolve(kind, spec)?;
                }
            }
        }
        let mut methods = Vec::new();
        for spec in &settings.baselines {
            methods.push(Method::baseline(registry, spec, digests)?);
        }
        for &mode in &settings.modes {
            for spec in &settings.models {
                methods.push(match absent(registry, spec) {
                    Some(reason) => Method::absent(spec, mode, &settings, reason),
                    None => Method::model(registry, spec, mode, &settings, digests)?,
                });
            }
        }
        let tasks = plan_tasks(&settings, context, digests)?;
        let mut cells = Vec::new();
        for (place, task) in tasks.iter().enumerate() {
            for (number, method) in methods.iter().enumerate() {
                for seed in 0..if method.seeded { settings.seeds } else { 1 } {
                    let key = cell_key(method, task, seed, &settings);
                    cells.push(Cell { task: place, method: number, seed, key });
                }
            }
        }
        Ok(Self { settings, tasks, methods, cells })
    }

    /// Returns what the plan's file says of a cell.
    pub fn planned(&self, cell: &Cell) -> PlannedCell {
        let (task, method) = (&self.tasks[cell.task], &self.methods[cell.method]);
        PlannedCell {
            model: method.spec.clone(),
            task: task.label.clone(),
            split: task.split.clone(),
            mode: method.mode,
            protocol: self.protocol(),
            seed: cell.seed,
            key: cell.key.clone(),
        }
    }

    /// Returns the protocol of all rows. Baselines choose on validation under either and stand beside both.
    pub fn protocol(&self) -> Protocol {
        self.settings.protocol
    }

    /// Returns whether the store has a cell's result.
    ///
    /// # Errors
    ///
    /// Its file is broken.
    pub fn is_cached(&self, cell: &Cell, store: &Store) -> Result<bool> {
        Ok(store.cell(&cell.key)?.is_some_and(|found| found.status == Status::Done))
    }
}

fn plan_tasks(settings: &Settings, context: &Context, digests: &mut DigestCache) -> Result<Vec<PlannedTask>> {
    let specs = &settings.tasks;
    let progress = context.progress("reading tasks", Some(specs.len() as u64));
    let mut tasks = Vec::new();
    for text in specs {
        context.check()?;
        progress.message(format!("reading {text}"));
        tasks.push(match PlannedTask::read(text, settings, context, digests) {
            Err(error) if broke(&error) => PlannedTask::broken(text, &error),
            read => read?,
        });
        progress.add(1);
    }
    let mut named: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for task in &tasks {
        *named.entry((task.label.clone(), task.spec.split.name())).or_default() += 1;
    }
    for task in &mut tasks {
        if named[&(task.label.clone(), task.spec.split.name())] > 1 {
            let mut spec: Spec = task.text.parse()?;
            spec.options.retain(|key, _| !["genome", "data", "split"].contains(&key.as_str()));
            task.label = spec.to_string();
        }
    }
    Ok(tasks)
}
