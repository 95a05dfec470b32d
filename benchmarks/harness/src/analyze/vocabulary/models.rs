//! The models: one a vocabulary and seed, each of the same shape, on the same bases, for the same number of steps.

use std::path::{Path, PathBuf};

use dlm_genome::{Interval, IntervalSet, output};
use dlm_nn::preset::Preset;
use dlm_sdk::{Error, Locus, Result};
use dlm_train::pretrain::{Budget, Pretraining, Record};

use super::learn::Vocabulary;
use crate::{
    analyze::Subject,
    data::digest::digests,
    pretrain,
    quickstart::{path_text, spelled},
};

/// A model of a vocabulary.
#[derive(Clone, Debug)]
pub(super) struct Trained {
    /// Which vocabulary, by its place.
    pub(super) vocabulary: usize,
    pub(super) seed: u64,
    /// Its folder, as a spec.
    pub(super) spec: String,
    /// What it saw and how long that took.
    pub(super) record: Record,
}

/// Pretrains every model that is not there yet.
///
/// # Errors
///
/// ONNX Runtime cannot be had, a file cannot be read or written, or somebody asked to stop; then a checkpoint waits.
pub(super) fn models(
    subject: &Subject<'_>,
    preset: &Preset,
    vocabularies: &[Vocabulary],
    reference: &Vocabulary,
    kept_apart: &[Locus],
) -> Result<Vec<Trained>> {
    crate::runtime::ensure(subject.context())?;
    let genome = digests(subject.genome()?, &|| subject.context().check())?.sha256;
    let mut models = Vec::new();
    for seed in 0..subject.options().models as u64 {
        for (place, vocabulary) in vocabularies.iter().enumerate() {
            subject.context().check()?;
            let folder = subject.folder().join("models").join(format!("{}-seed-{seed}", vocabulary.name));
            let wanted = Wanted { subject, preset, reference, kept_apart, genome: &genome, seed };
            wanted.pretrain(vocabulary, &folder)?;
            let record = record(&folder)?;
            models.push(Trained { vocabulary: place, seed, spec: path_text(&folder)?, record });
        }
    }
    Ok(models)
}

/// Reads what a training left beside its model.
fn record(folder: &Path) -> Result<Record> {
    let path = folder.join("pretraining.json");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
    Record::from_json(&text).map_err(|error| error.within(path.display().to_string()))
}

struct Wanted<'a> {
    subject: &'a Subject<'a>,
    preset: &'a Preset,
    reference: &'a Vocabulary,
    kept_apart: &'a [Locus],
    genome: &'a str,
    seed: u64,
}

impl Wanted<'_> {
    fn pretrain(&self, vocabulary: &Vocabulary, folder: &Path) -> Result<()> {
        let context = self.subject.context();
        let registry = context.registry();
        let tokenizer = registry.tokenizer(&vocabulary.spec)?;
        let windows_of = registry.tokenizer(&self.reference.spec)?;
        let steps = self.subject.options().steps;
        let recipe = [
            format!("version {}", env!("CARGO_PKG_VERSION")),
            format!("genome {}", self.genome),
            format!("tokenizer {}", tokenizer.spec().fingerprint),
            format!("windows of {}", windows_of.spec().fingerprint),
            format!("preset {}", super::preset_text(self.subject.options())?),
            format!("seed {}, steps {steps}", self.seed + self.subject.seed()),
            self.kept_apart.iter().map(spelled).collect::<Vec<_>>().join(" "),
        ]
        .join("\n");
        let recipe_path = folder.with_extension("recipe");
        let same = std::fs::read_to_string(&recipe_path).is_ok_and(|known| known == recipe);
        if same && folder.join("model.safetensors").is_file() && folder.join("pretraining.json").is_file() {
            return Ok(());
        }
        if !same && folder.exists() {
            // It was made from something else.
            std::fs::remove_dir_all(folder)
                .map_err(|error| Error::io(format!("{}: cannot be removed", folder.display()), error))?;
        }
        std::fs::create_dir_all(folder).map_err(|error| crate::files::write_error(folder, error))?;
        output::write(&recipe_path, &recipe)?;
        let interval = |locus: &Locus| Ok(Interval::new(&*locus.chromosome, locus.start, locus.end)?);
        let excluded = self.kept_apart.iter().map(interval).collect::<Result<Vec<Interval>>>()?;
        let excluded: IntervalSet = excluded.iter().collect();
        let fasta = [self.subject.genome()?.to_owned()];
        let pretraining = Pretraining {
            fasta: &fasta,
            windows_of: Some(&*windows_of),
            budget: Some(Budget::Steps(steps)),
            seed: self.seed + self.subject.seed(),
            device: self.subject.options().device.parse()?,
            resume: true,
            ..pretrain::defaults(self.preset, &*tokenizer, &vocabulary.spec, &excluded, folder)
        };
        pretrain::run(&pretraining, context)?;
        // Tokens and checkpoints of a finished training are of no more use.
        let training: PathBuf = folder.join("training");
        std::fs::remove_dir_all(&training)
            .map_err(|error| Error::io(format!("{}: cannot be removed", training.display()), error))
    }
}
