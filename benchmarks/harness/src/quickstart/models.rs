//! The models of the quickstart: pretrained on what no task holds out, with their random twins.
//!
//! How long a model is trained is a number of steps and not of minutes, so that another machine makes the same model. On
//! two idle cores the steps of the short form take some four minutes: the model sees a hundredth of what its full recipe
//! asks for, and every row of it says so.

use std::{
    fs,
    path::{Path, PathBuf},
};

use dlm_genome::{Interval, IntervalSet, output};
use dlm_nn::preset::{self, Preset};
use dlm_sdk::{Error, ErrorKind, Locus, Result, Tokenizer};
use dlm_train::pretrain::{Budget, Pretraining, Record};
use serde::{Deserialize, Serialize};

use crate::{context::Context, data::digest::digests, pretrain};

/// Steps of a model in the short form and in the full one.
const STEPS: u64 = 300;
const FULL_STEPS: u64 = 2_000;
/// The most tokens of a window. The longest items of both tasks have some 80; the preset's 510 would be half as many
/// windows in the same time.
const LONGEST: usize = 126;
/// Windows of a step.
const BATCH: usize = 32;
const MODEL: &str = "grover-mini";
const TWINS: [&str; 3] = ["kmer-4-mini", "kmer-5-mini", "kmer-6-mini"];

/// Which models there are to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) fasta: &'a Path,
    pub(super) vocabulary: &'a str,
    /// What no model may learn from, and all are measured on.
    pub(super) held_out: &'a [Locus],
    /// Where their folders go.
    pub(super) output: &'a Path,
    pub(super) full: bool,
    /// Steps in place of the form's own.
    pub(super) steps: Option<u64>,
}

/// What became of the models.
#[derive(Clone, Debug, Default)]
pub(super) struct Models {
    /// The specs of those that can be run, twins among them.
    pub(super) specs: Vec<String>,
    /// The specs of those that cannot, and why.
    pub(super) missing: Vec<(String, String)>,
}

/// Everything that decides a model, kept beside it.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Recipe {
    version: String,
    genome: String,
    tokenizer: String,
    windows_of: String,
    held_out: Vec<String>,
    preset: String,
    steps: u64,
    longest: usize,
    batch: usize,
}

impl Wanted<'_> {
    /// Pretrains what is not there yet. Where ONNX Runtime cannot be had, models are named with the reason, and the rest of
    /// the quickstart goes on.
    ///
    /// # Errors
    ///
    /// A file cannot be read or written, or somebody asked to stop; then a checkpoint waits for the next run.
    pub(super) fn prepare(&self, context: &Context) -> Result<Models> {
        let names: Vec<&str> = [MODEL].into_iter().chain(TWINS.into_iter().filter(|_| self.full)).collect();
        let mut models = Models::default();
        if let Err(error) = crate::runtime::ensure(context) {
            if error.kind() == ErrorKind::Cancelled {
                return Err(error);
            }
            let reason = match error.hint() {
                Some(hint) => format!("{}; hint: {hint}", error.chain()),
                None => error.chain(),
            };
            context.warn(format!("models are left out: {reason}"));
            for name in names {
                let folder = super::text(&super::relative(self.output.join(name)))?;
                models.missing.push((format!("{folder}+random"), reason.clone()));
                models.missing.push((folder, reason.clone()));
            }
            return Ok(models);
        }
        let genome = digests(self.fasta, &|| context.check())?.sha256;
        for name in names {
            let folder = super::relative(self.output.join(name));
            self.pretrain(context, name, &folder, &genome)?;
            let spec = super::path_text(&folder)?;
            models.specs.extend([spec.clone(), format!("{spec}+random")]);
        }
        Ok(models)
    }

    fn pretrain(&self, context: &Context, name: &str, folder: &Path, genome: &str) -> Result<()> {
        let preset = shortened(preset::get(name)?);
        let registry = context.registry();
        let vocabulary = registry.tokenizer(self.vocabulary)?;
        let spec = preset.tokenizer_spec().unwrap_or_else(|| self.vocabulary.to_owned());
        let tokenizer = registry.tokenizer(&spec)?;
        let steps = self.steps.unwrap_or(if self.full { FULL_STEPS } else { STEPS });
        let recipe = Recipe {
            version: env!("CARGO_PKG_VERSION").into(),
            genome: genome.to_owned(),
            tokenizer: tokenizer.spec().fingerprint.clone(),
            windows_of: vocabulary.spec().fingerprint.clone(),
            held_out: self.held_out.iter().map(spelled).collect(),
            preset: name.to_owned(),
            steps,
            longest: LONGEST,
            batch: BATCH,
        };
        let path = folder.with_extension("recipe.json");
        let known = fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Recipe>(&text).ok());
        let same = known.as_ref() == Some(&recipe);
        if same && finished(folder).is_some() {
            return Ok(());
        }
        if !same && folder.exists() {
            // It was made from something else.
            fs::remove_dir_all(folder)
                .map_err(|error| Error::io(format!("{}: cannot be removed", folder.display()), error))?;
        }
        let text = serde_json::to_vec_pretty(&recipe)
            .map_err(|error| Error::internal("the recipe is no JSON").with_source(error))?;
        output::write(&path, text)?;
        let held_out = self.held_out.iter().map(interval).collect::<Result<Vec<Interval>>>()?;
        let held_out: IntervalSet = held_out.iter().collect();
        let none = IntervalSet::default();
        let fasta = [self.fasta.to_owned()];
        let pretraining = Pretraining {
            fasta: &fasta,
            windows_of: Some(&*vocabulary as &dyn Tokenizer),
            held_out: Some(&held_out),
            budget: Some(Budget::Steps(steps)),
            resume: true,
            ..pretrain::defaults(&preset, &*tokenizer, &spec, &none, folder)
        };
        pretrain::run(&pretraining, context)?;
        // Tokens and checkpoints of a finished training are of no more use.
        let training: PathBuf = folder.join("training");
        fs::remove_dir_all(&training)
            .map_err(|error| Error::io(format!("{}: cannot be removed", training.display()), error))
    }
}

/// Returns a preset with the quickstart's windows.
fn shortened(mut preset: Preset) -> Preset {
    preset.windows.longest.value = LONGEST;
    preset.optimiser.batch.value = BATCH;
    preset
}

/// Reads the record of a finished model.
fn finished(folder: &Path) -> Option<Record> {
    let weights = folder.join("model.safetensors").is_file();
    let text = fs::read_to_string(folder.join("pretraining.json")).ok()?;
    Record::from_json(&text).ok().filter(|_| weights)
}

fn interval(locus: &Locus) -> Result<Interval> {
    Ok(Interval::new(&*locus.chromosome, locus.start, locus.end)?)
}

/// Writes a stretch as `chr1:0-10`.
pub(crate) fn spelled(locus: &Locus) -> String {
    format!("{}:{}-{}", locus.chromosome, locus.start, locus.end)
}
