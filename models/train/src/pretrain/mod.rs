//! Pretraining: from a genome and a preset to a model folder.
//!
//! ```text
//! OUTPUT/config.json, model.safetensors, tokenizer.json    the model, as `transformers` reads it
//! OUTPUT/pretraining.json                                  how it was made and what it reaches
//! OUTPUT/training/                                         tokens, checkpoint, metrics and events; may be deleted
//! ```
//!
//! Two sets of windows are drawn from what is held out: by the first the best weights are chosen, at the second they are
//! measured, beside what frequency alone and a token's neighbours reach.

mod budget;
mod objective;
mod record;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use dlm_genome::{IntervalSet, output};
use dlm_nn::{
    bert::{Config, Heads, Model},
    folder,
    preset::Preset,
    weights::Element,
};
use dlm_runtime::{Arena, Device, Runtime, SessionOptions};
use dlm_sdk::{Error, Parameter, Result, Tokenizer};

pub use self::{
    budget::Budget,
    objective::MaskedLanguageModel,
    record::{Point, Record, Scores},
};
use crate::{
    checkpoint,
    data::{Batches, Control as _, Corpus, HeldOut, HoldOut, Masking, Neighbours, Recipe, Source, Unigram},
    optimiser::{Method, OptimiserOptions},
    schedule::{Decay, Schedule},
    step::Precision,
    trainer::{Ending, Progress, Signal, Trainer, TrainerOptions},
};

/// Numbers of activations, in `ids * width * layers`, that are computed at once: it bounds memory.
const ACTIVATIONS: usize = 1 << 23;

/// What is to be pretrained, and on what.
#[derive(Clone, Copy)]
pub struct Pretraining<'a> {
    /// The model and its recipe.
    pub preset: &'a Preset,
    /// The FASTA files.
    pub fasta: &'a [PathBuf],
    /// What cuts them.
    pub tokenizer: &'a dyn Tokenizer,
    /// The tokenizer's spec: a file, which is copied, or text such as `kmer:6`.
    pub tokenizer_spec: &'a str,
    /// Whose tokens windows are counted in, where a twin is to see the bases of another model; `None`: its own.
    pub windows_of: Option<&'a dyn Tokenizer>,
    /// What is held out; `None`: the preset's share at the end of each sequence.
    pub held_out: Option<&'a IntervalSet>,
    /// What is neither learned from nor measured on.
    pub excluded: &'a IntervalSet,
    /// Where the model goes.
    pub output: &'a Path,
    /// How long it is trained; `None`: as many windows as the preset says.
    pub budget: Option<Budget>,
    /// The seed of weights, windows, masks and dropout.
    pub seed: u64,
    /// Where it runs.
    pub device: Device,
    /// How precise products are.
    pub precision: Precision,
    /// Whether to go on from a checkpoint that lies in the output.
    pub resume: bool,
    /// How many held-out windows choose, and how many others are reported on.
    pub held_out_windows: usize,
    /// How often the model is validated.
    pub validations: u64,
    /// After how many steps a checkpoint is written.
    pub checkpoint_every: u64,
}

/// What happens, as it happens.
#[derive(Clone, Copy, Debug)]
pub enum Event<'e> {
    /// So many more bases were tokenized.
    Tokenized(u64),
    /// This many steps are to be made, those before a checkpoint among them.
    Planned(u64),
    /// A step was made.
    Step(&'e Progress<'e>),
    /// The controls are counted and the model is measured.
    Measuring,
}

impl Pretraining<'_> {
    /// Trains the model, or goes on where it was stopped, and writes it. The function hears of every step and may ask to
    /// stop; then a checkpoint is written, and no model.
    ///
    /// # Errors
    ///
    /// Input is wrong or missing, the runtime is not there, or a file cannot be written. `None` if it was stopped.
    pub fn run(&self, hear: &mut dyn FnMut(Event<'_>) -> Signal) -> Result<Option<Record>> {
        self.precision.check(self.device)?;
        let training = self.output.join("training");
        std::fs::create_dir_all(&training)
            .map_err(|error| Error::io(format!("{}: cannot be made", training.display()), error))?;
        if !self.resume && checkpoint::path(&training).exists() {
            return Err(Error::invalid(format!("{}: holds an unfinished training", self.output.display()))
                .with_hint("go on with --resume, or name another output"));
        }
        let runtime = Runtime::get_for(self.device)?;
        let corpus = Arc::new(self.corpus(&training, hear)?);
        let config = self.config();
        let rows = self.preset.optimiser.batch.value;
        let most = config.max_positions;
        let batches =
            Batches::new(Arc::clone(&corpus), self.recipe(), self.masking(), rows, most, self.seed)?;
        let ids = (ACTIVATIONS / (config.hidden * config.layers).max(1)).max(most);
        let (validation, reported) = HeldOut::pair(
            &corpus,
            self.recipe(),
            self.masking(),
            (ids / most).max(1),
            most,
            self.held_out_windows,
        )?;
        let dropout = self.preset.model.pretraining_dropout.value;
        let shape = Config { hidden_dropout: dropout, attention_dropout: dropout, ..config.clone() };
        let objective = || {
            MaskedLanguageModel::new(
                &shape,
                Arc::clone(&corpus),
                batches.clone(),
                validation.clone(),
                ids,
                self.identity(ids),
            )
        };
        let heads = Heads { language_model: true, pooler: false };
        let fresh = Model::random(config.clone(), heads, self.seed);
        let begin = |options: TrainerOptions| {
            Trainer::new(runtime, objective()?, parameters(&fresh), options, |index, values: &mut [f32]| {
                values.copy_from_slice(&fresh.values(index)?);
                Ok(())
            })
        };
        let steps = budget::steps(self, &training, &batches, |steps| begin(self.options(steps, None)?))?;
        let mut trainer = begin(self.options(steps, Some(training.clone()))?)?;
        if hear(Event::Planned(steps)) == Signal::Stop {
            return Ok(None);
        }
        let summary = trainer.run(&mut |progress| hear(Event::Step(progress)))?;
        if summary.ending == Ending::Stopped {
            return Ok(None);
        }
        if trainer.history().is_empty() {
            trainer.validate()?;
        }
        hear(Event::Measuring);
        let graph = trainer.model();
        let model = MaskedLanguageModel::score(&corpus, &reported, &mut |batch, outputs| {
            graph.evaluate(batch, outputs)
        })?;
        let scores = Scores {
            model,
            unigram: control(Unigram::count(&corpus)?.score(&corpus, reported.hidden()))?,
            neighbours: control(
                Neighbours::count(&corpus, reported.hidden())?.score(&corpus, reported.hidden()),
            )?,
        };
        let bases = (0..summary.steps).map(|step| batches.bases(step)).sum::<Result<u64>>()?;
        let history: Vec<Point> = trainer.history().iter().map(Point::of).collect();
        let record = Record::new(self, fresh.parameters(), &summary, bases, history, scores);
        self.write(trainer, config, heads, &record)?;
        Ok(Some(record))
    }

    fn corpus(&self, training: &Path, hear: &mut dyn FnMut(Event<'_>) -> Signal) -> Result<Corpus> {
        let share = HoldOut::Last(self.preset.windows.held_out.value);
        let own = self.held_out.map(|intervals| HoldOut::Intervals(intervals.clone()));
        let source = Source {
            fasta: self.fasta,
            tokenizer: self.tokenizer,
            windows_of: self.windows_of,
            hold_out: own.as_ref().unwrap_or(&share),
            excluded: self.excluded,
        };
        Corpus::open(source, training, |bases| match hear(Event::Tokenized(bases)) {
            Signal::Continue => Ok(()),
            Signal::Stop => Err(Error::cancelled()),
        })
    }

    /// Returns the shape, with the rows that the tokenizer needs.
    fn config(&self) -> Config {
        let vocab_size = self.tokenizer.spec().vocab_size as usize;
        let pad = self.tokenizer.spec().special.pad.unwrap_or(0);
        Config { vocab_size, pad, ..self.preset.model.config() }
    }

    fn recipe(&self) -> Recipe {
        let windows = &self.preset.windows;
        Recipe {
            longest: windows.longest.value,
            shortest: windows.shortest.value,
            full_share: windows.full_share.value,
        }
    }

    fn masking(&self) -> Masking {
        let masking = &self.preset.masking;
        Masking { share: masking.share.value, masked: masking.masked.value, random: masking.random.value }
    }

    fn options(&self, steps: u64, folder: Option<PathBuf>) -> Result<TrainerOptions> {
        let recipe = &self.preset.optimiser;
        // A short run has no room for the warm-up of a long one. A third is still needed: raised to its full rate within 30
        // steps, a small model stays at token frequencies for the rest of 300.
        let warm_up = recipe.warmup_steps.value.min(steps / 3);
        let schedule = Schedule::new(recipe.learning_rate.value, warm_up, steps, Decay::Linear)?;
        let clip = recipe.clip_norm.value;
        let mut options = TrainerOptions::new(self.seed, schedule);
        options.optimiser = OptimiserOptions {
            method: Method::AdamW,
            beta_1: recipe.beta1.value,
            beta_2: recipe.beta2.value,
            epsilon: recipe.eps.value,
            weight_decay: recipe.weight_decay.value,
            clip: (clip > 0.0).then_some(clip),
        };
        options.validate_every = Some((steps / self.validations.max(1)).max(1));
        options.checkpoint_every = Some(self.checkpoint_every.max(1));
        options.folder = folder;
        options.precision = self.precision;
        // There is a graph for every length of rows; they share the memory they work in.
        options.session = SessionOptions::default().device(self.device).arena(Arena::Shrink);
        Ok(options)
    }

    /// Says what a checkpoint must be of, beside the trainer's own settings.
    fn identity(&self, ids: usize) -> Vec<(String, String)> {
        let fact = |name: &str, value: String| (name.to_owned(), value);
        vec![
            fact("preset", self.preset.name.clone()),
            fact("model", format!("{:?}", self.config())),
            fact("tokenizer", self.tokenizer.spec().fingerprint.clone()),
            fact("windows of", self.windows_of.map(|it| it.spec().fingerprint.clone()).unwrap_or_default()),
            fact("windows", format!("{:?}", self.recipe())),
            fact("masking", format!("{:?}", self.masking())),
            fact("batch", format!("{} in parts of {ids} ids", self.preset.optimiser.batch.value)),
            fact("dropout", self.preset.model.pretraining_dropout.value.to_string()),
            fact("seed", self.seed.to_string()),
            fact("held out", format!("{:?}", self.held_out)),
            fact("excluded", format!("{:?}", self.excluded)),
        ]
    }

    fn write(
        &self,
        trainer: Trainer<MaskedLanguageModel>,
        config: Config,
        heads: Heads,
        record: &Record,
    ) -> Result<()> {
        let (graph, _) = trainer.into_parts();
        let weights = graph.weights();
        let fetch = |index| Ok(weights.fetch(index)?.into_owned());
        let values = (0..weights.parameters().len()).map(fetch).collect::<Result<Vec<_>>>()?;
        let model = Model::from_values(config, heads, values)?;
        let text;
        let tokenizer = match Path::new(self.tokenizer_spec) {
            path if path.is_file() => {
                text = std::fs::read_to_string(path)
                    .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
                if path.extension().is_some_and(|it| it == "txt") {
                    folder::Tokenizer::Vocabulary(&text)
                } else {
                    folder::Tokenizer::Json(&text)
                }
            }
            _ => folder::Tokenizer::Spec(self.tokenizer_spec),
        };
        folder::write(self.output, &model, tokenizer, Element::F32)?;
        Ok(output::write(self.output.join("pretraining.json"), record.to_json()?)?)
    }
}

impl std::fmt::Debug for Pretraining<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pretraining")
            .field("preset", &self.preset.name)
            .field("fasta", &self.fasta)
            .field("tokenizer", &self.tokenizer_spec)
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}

fn parameters(model: &Model) -> Vec<Parameter> {
    model.weights().iter().map(|weight| weight.parameter.clone()).collect()
}

fn control(score: Option<crate::data::Score>) -> Result<crate::data::Score> {
    score.ok_or_else(|| Error::internal("nothing was hidden"))
}
