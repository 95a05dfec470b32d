//! The loop: step after step, with validation, checkpoints and early stopping.

mod objective;
mod options;
mod report;
mod updates;

use std::{collections::BTreeMap, path::Path, time::Instant};

use dlm_runtime::Runtime;
use dlm_sdk::{Error, Parameter, Result};

pub use self::{
    objective::{Objective, Run, Validated},
    options::{Home, Layers, TrainerOptions},
    report::{Ending, Progress, Signal, StepReport, Summary, Validation},
};
use crate::{
    checkpoint::{self, State},
    events::Log,
    optimiser::Optimiser,
    step::{Precision, Resident, StepGraph, Weights, reached},
    trainer::updates::Updates,
};

/// A training under way.
#[derive(Debug)]
pub struct Trainer<O> {
    objective: O,
    options: TrainerOptions,
    graph: StepGraph,
    updates: Updates,
    state: State,
    /// The weights that were best on validation.
    best: Vec<Vec<f32>>,
    log: Option<Log>,
    resumed: bool,
}

impl<O: Objective> Trainer<O> {
    /// Begins a training, or goes on from the checkpoint in the folder of its settings if there is one.
    ///
    /// `fill` gives the weights to begin with: it is called for each parameter with its place and values to write.
    ///
    /// # Errors
    ///
    /// The settings make no sense, a weight cannot be read, or the checkpoint is damaged or of another training.
    pub fn new(
        runtime: &'static Runtime,
        objective: O,
        parameters: Vec<Parameter>,
        options: TrainerOptions,
        mut fill: impl FnMut(usize, &mut [f32]) -> Result<()>,
    ) -> Result<Self> {
        let highest = parameters.iter().map(|parameter| parameter.group).max().unwrap_or(0);
        options.layers.check(highest)?;
        options.precision.check(options.session.runs_on())?;
        let layers = options.layers;
        let reached = reached(objective.graph())?;
        let trains = |parameter: &Parameter| layers.trains(parameter) && reached.contains(&parameter.name);
        let session = options.session.clone().tf32(options.precision == Precision::Tf32);
        let device = session.runs_on();
        let rate = |parameter: &Parameter| layers.rate(parameter, highest);
        let (mut weights, updates);
        if options.home.is_resident(device) {
            weights = Weights::resident(runtime, device, parameters, trains)?;
            let optimiser = Resident::new(runtime, options.optimiser, session.clone(), &mut weights, rate)?;
            updates = Updates::Resident(Box::new(optimiser));
        } else {
            weights = Weights::new(runtime, parameters, trains)?;
            let trained = weights.trained().map(|parameter| (parameter, rate(parameter)));
            let optimiser = Optimiser::new(options.optimiser, trained)?;
            updates = Updates::Host { optimiser, sums: Vec::new() };
        }
        let mut identity: BTreeMap<String, String> = options.identity();
        identity.extend(objective.identity());
        identity.insert("runtime".into(), dlm_runtime::VERSION.to_owned());
        for index in 0..weights.parameters().len() {
            weights.fill(index, |values| fill(index, values))?;
        }
        let graph = StepGraph::new(runtime, objective.graph().clone(), weights, session, options.seed)
            .keeping(options.keep)
            .computing(options.precision);
        let mut trainer = Self {
            objective,
            options,
            graph,
            updates,
            state: State::new(identity),
            best: Vec::new(),
            log: None,
            resumed: false,
        };
        if let Some(folder) = trainer.options.folder.clone() {
            std::fs::create_dir_all(&folder).map_err(|error| {
                Error::io(format!("{}: the folder cannot be made", folder.display()), error)
            })?;
            checkpoint::sweep(&folder);
            let path = checkpoint::path(&folder);
            if path.exists() {
                trainer.restore(&path)?;
            }
            trainer.log = Some(Log::open(&folder, trainer.state.step)?);
        }
        Ok(trainer)
    }

    /// Returns whether it went on from a checkpoint.
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// Returns how many steps were made.
    pub fn steps(&self) -> u64 {
        self.state.step
    }

    /// Returns what was measured on validation data so far.
    pub fn history(&self) -> &[Validation] {
        &self.state.history
    }

    /// Returns the objective.
    pub fn objective(&self) -> &O {
        &self.objective
    }

    /// Returns the model: its weights, and its graph to be run.
    pub fn model(&mut self) -> &mut StepGraph {
        &mut self.graph
    }

    /// Returns the model and the objective.
    pub fn into_parts(self) -> (StepGraph, O) {
        (self.graph, self.objective)
    }

    /// Makes one step.
    ///
    /// # Errors
    ///
    /// A batch cannot be made or run, or the loss or the gradient is no finite number; then no weight has changed.
    pub fn step(&mut self) -> Result<StepReport> {
        let started = Instant::now();
        let step = self.state.step;
        let within = |error: Error| error.within(format!("step {step}"));
        let batches = self.objective.batches(step).map_err(within)?;
        let (mut loss, mut tokens, mut examples) = (0.0, 0, 0);
        for (part, batch) in batches.iter().enumerate() {
            loss += f64::from(self.graph.gradients(batch, step, part as u32).map_err(within)?);
            tokens += batch.tokens;
            examples += batch.examples;
            if batches.len() > 1 {
                self.updates.accumulate(&mut self.graph, part)?;
            }
        }
        if !loss.is_finite() {
            return Err(within(
                Error::invalid(format!("the loss is {loss}"))
                    .with_hint("lower the learning rate, lengthen the warm-up, or look for wrong input"),
            ));
        }
        let rate = self.options.schedule.rate(step);
        let update = self.updates.update(&mut self.graph, batches.len() > 1, rate).map_err(within)?;
        self.state.step += 1;
        self.state.tokens += tokens;
        self.state.examples += examples;
        let seconds = started.elapsed().as_secs_f64();
        self.state.seconds += seconds;
        let report = StepReport { step, loss, norm: update.norm, rate, tokens, examples, seconds };
        if let Some(log) = &mut self.log {
            log.write(step, &report.numbers())?;
        }
        Ok(report)
    }

    /// Measures the model on validation data, and remembers its weights if they are the best so far.
    ///
    /// # Errors
    ///
    /// The data cannot be read, the graph not be run, or the loss is no number.
    pub fn validate(&mut self) -> Result<Option<Validation>> {
        let graph = &mut self.graph;
        let validated = self.objective.validate(&mut |batch, outputs| graph.evaluate(batch, outputs))?;
        let Some(Validated { loss, metrics }) = validated else { return Ok(None) };
        if loss.is_nan() {
            return Err(Error::invalid(format!(
                "step {}: the loss on validation is no number",
                self.state.step
            )));
        }
        let best = self.state.history.iter().all(|earlier| loss < earlier.loss);
        let validation = Validation { step: self.state.step, loss, metrics, best };
        if best {
            self.state.waited = 0;
            self.state.best = Some(self.state.step);
            let weights = self.graph.weights();
            let fetch = |index| Ok(weights.fetch(index)?.into_owned());
            self.best = (0..weights.parameters().len()).map(fetch).collect::<Result<_>>()?;
        } else {
            self.state.waited += 1;
        }
        if let Some(log) = &mut self.log {
            log.write(self.state.step, &validation.numbers())?;
        }
        self.state.history.push(validation.clone());
        Ok(Some(validation))
    }

    /// Trains to the last step of the schedule, or until validation has not become better for as long as the settings
    /// say, or until `signal` answers [`Signal::Stop`]. Then a checkpoint is written, if there is a folder for it, and
    /// the model has the best weights, if validation chose some.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step) and [`validate`](Self::validate); or a checkpoint cannot be written.
    pub fn run(&mut self, signal: &mut dyn FnMut(&Progress<'_>) -> Signal) -> Result<Summary> {
        let steps = self.options.schedule.steps();
        let mut ending = Ending::Finished;
        let mut speed = report::Speed::default();
        while self.state.step < steps {
            if self.exhausted() {
                ending = Ending::EarlyStopped;
                break;
            }
            let report = self.step()?;
            speed.add(&report);
            let done = self.state.step;
            let due = |every: Option<u64>| every.is_some_and(|every| done.is_multiple_of(every.max(1)));
            let validation = if due(self.options.validate_every) { self.validate()? } else { None };
            if due(self.options.checkpoint_every) && done < steps {
                self.save()?;
            }
            let progress = Progress {
                report: &report,
                validation: validation.as_ref(),
                steps,
                tokens_per_second: speed.tokens_per_second(),
                seconds_left: speed.seconds_a_step() * (steps - done) as f64,
            };
            if signal(&progress) == Signal::Stop && done < steps {
                ending = Ending::Stopped;
                break;
            }
        }
        self.save()?;
        if ending != Ending::Stopped {
            self.choose_best()?;
        }
        Ok(Summary {
            ending,
            steps: self.state.step,
            best_step: self.state.best,
            tokens: self.state.tokens,
            examples: self.state.examples,
            seconds: self.state.seconds,
        })
    }

    fn exhausted(&self) -> bool {
        self.options.patience.is_some_and(|patience| self.state.waited >= patience.max(1))
    }

    fn choose_best(&mut self) -> Result<()> {
        for (index, values) in self.best.iter().enumerate() {
            self.graph.weights_mut().fill(index, |place| {
                place.copy_from_slice(values);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Writes a checkpoint into the folder of the settings, if there is one.
    ///
    /// # Errors
    ///
    /// It cannot be written; then the last one still stands.
    pub fn save(&mut self) -> Result<()> {
        let Some(folder) = &self.options.folder else { return Ok(()) };
        self.state.updates = self.updates.count();
        let weights = self.graph.weights();
        let values =
            (0..weights.parameters().len()).map(|index| weights.fetch(index)).collect::<Result<Vec<_>>>()?;
        let moments = (0..weights.trained().len())
            .map(|index| self.updates.moments(&self.graph, index))
            .collect::<Result<Vec<_>>>()?;
        let mut tensors: Vec<checkpoint::Tensor<'_>> = Vec::new();
        for (parameter, values) in weights.parameters().iter().zip(&values) {
            tensors.push((format!("weight.{}", parameter.name), &parameter.shape, values));
        }
        for (parameter, [first, second]) in weights.trained().zip(&moments) {
            tensors.push((format!("first.{}", parameter.name), &parameter.shape, first));
            tensors.push((format!("second.{}", parameter.name), &parameter.shape, second));
        }
        for (parameter, values) in weights.parameters().iter().zip(&self.best) {
            tensors.push((format!("best.{}", parameter.name), &parameter.shape, values));
        }
        checkpoint::write(&checkpoint::path(folder), &self.state, &tensors)
    }

    fn restore(&mut self, path: &Path) -> Result<()> {
        let within = |error: Error| error.within(path.display().to_string());
        let opened = checkpoint::open::<State>(path)?;
        self.state.check(&opened.state).map_err(within)?;
        let weights = self.graph.weights_mut();
        let parameters = weights.parameters().to_vec();
        for (index, parameter) in parameters.iter().enumerate() {
            let name = format!("weight.{}", parameter.name);
            weights.fill(index, |values| opened.read(&name, &parameter.shape, values)).map_err(within)?;
        }
        let trained: Vec<Parameter> = weights.trained().cloned().collect();
        self.updates.restore(opened.state.updates);
        for (index, Parameter { name, shape, .. }) in trained.iter().enumerate() {
            let mut moments = [vec![0.0; shape.iter().product()], vec![0.0; shape.iter().product()]];
            for (kind, values) in ["first", "second"].iter().zip(&mut moments) {
                opened.read(&format!("{kind}.{name}"), shape, values).map_err(within)?;
            }
            self.updates.set_moments(&mut self.graph, index, moments)?;
        }
        let mut expected = parameters.len() + 2 * trained.len();
        self.best.clear();
        if opened.state.best.is_some() {
            expected += parameters.len();
            for parameter in &parameters {
                let mut values = vec![0.0; parameter.shape.iter().product()];
                opened
                    .read(&format!("best.{}", parameter.name), &parameter.shape, &mut values)
                    .map_err(within)?;
                self.best.push(values);
            }
        }
        if opened.len() != expected {
            return Err(within(Error::invalid(format!(
                "the checkpoint has {} tensors, and the model needs {expected}",
                opened.len()
            ))));
        }
        self.state = opened.state;
        self.resumed = true;
        Ok(())
    }
}
