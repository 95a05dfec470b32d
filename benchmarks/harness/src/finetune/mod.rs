//! `dlm finetune`: a model and a head are trained on one task, and kept for `dlm predict`.
//!
//! ```text
//! DIR/model.json            the task, its classes, the tokenizer, how long items are cut, scores and settings
//! DIR/finetuned.json, graph.onnx, weights.safetensors      the trained model
//! DIR/tokenizer.json        the tokenizer, where it is a file
//! DIR/training/             checkpoints and metrics; may be deleted
//! ```

mod saved;

use std::{fmt::Write as _, fs, path::PathBuf, sync::Arc};

use clap::Args;
use dlm_sdk::{Error, Result, metrics::Metric};
use serde::Serialize;

pub(crate) use self::saved::Saved;
use crate::{
    bench::{
        config::ConfigFile,
        finetune::{self, FinetuneFlags, Finetuned, Setup},
        predictions,
        probe::Long,
    },
    context::{Context, Outcome},
    pretrain::{STOPPING, Watch},
    results::Protocol,
    tokenizer::{shown, thousands},
};

/// The arguments of `dlm finetune`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  dlm finetune --model my-grover --task promoter-tss,split=grouped --genome \
                        chr21.fa.gz --output promoters\n  dlm finetune --model my-grover --task ./my-task --protocol \
                        tuned --output mine"
)]
pub struct FinetuneArgs {
    /// Model: a folder, a built-in id, or a plugin's id
    #[arg(long, value_name = "MODEL")]
    model: String,
    /// Task, such as promoter-tss,split=grouped or a folder
    #[arg(long, value_name = "TASK")]
    task: String,
    /// Folder for the fine-tuned model
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Where settings come from: paper (fixed) or tuned (chosen on validation)
    #[arg(long, value_name = "PROTOCOL", default_value = "paper")]
    protocol: Protocol,
    /// What stands on the model: pooler or mean [default: pooler where the model has one]
    #[arg(long, value_name = "HEAD")]
    head: Option<String>,
    /// What to do with an item longer than the model takes: error or truncate
    #[arg(long, value_name = "HOW", default_value = "error")]
    long: Long,
    /// Device: cpu or cuda
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: String,
    /// Seed of head, order and dropout
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Go on from the checkpoint in the output
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    settings: FinetuneFlags,
}

#[derive(Serialize)]
struct Answer<'a> {
    output: String,
    #[serde(flatten)]
    saved: &'a Saved,
}

impl FinetuneArgs {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// The model offers no graph, the task cannot be read, ONNX Runtime is not there and cannot be installed, a file cannot
    /// be written, or somebody asked to stop; then a checkpoint lies in the output.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let training = self.output.join("training");
        if !self.resume && training.exists() {
            return Err(Error::invalid(format!("{}: holds a training", self.output.display()))
                .with_hint("go on with --resume, or name another output"));
        }
        let context = match self.device.as_str() {
            "cpu" => context.clone(),
            device => context.sharing("device", device),
        };
        let overrides = self.settings.clone().settle(self.head.clone(), &mut ConfigFile::default())?;
        let registry = context.registry();
        let task = registry.task(&self.task)?;
        crate::bench::digest_task(&*task, context.cancellation())?;
        let encoder = registry.encoder(&self.model)?;
        let spec = encoder.spec().clone();
        let tokenizer = registry.tokenizer(&spec.tokenizer)?;
        crate::runtime::ensure(&context)?;
        let splits = dlm_sdk::Split::ALL.map(|split| task.collect(split));
        let [train, validation, test] = splits;
        let (train, validation, test) = (train?, validation?, test?);
        let (train, validation, test) = (train.view(), validation.view(), test.view());
        let chosen_on = Some(validation.examples()).filter(|examples| !examples.is_empty());
        context.cancellation().ask_for(STOPPING);
        let watch = std::cell::RefCell::new(Watch::new(&context, &format!("fine-tuning {}", spec.name)));
        let setup = Setup {
            protocol: self.protocol,
            overrides: &overrides,
            seed: self.seed,
            device: &self.device,
            long: self.long,
            cut: Arc::default(),
            cancellation: context.cancellation(),
            hear: &|_, _, progress| watch.borrow_mut().step(progress),
            folder: Some(training),
        };
        let fitted = finetune::fit(encoder, tokenizer, task.spec(), train.examples(), chosen_on, &setup);
        let mut fitted = fitted.map_err(|error| self.resumable(error))?;
        drop(watch);
        let metrics =
            |examples: dlm_sdk::Examples<'_>, fitted: &mut Finetuned| -> Result<Vec<(Metric, f64)>> {
                predictions::metrics(fitted, task.spec(), examples, context.cancellation())
            };
        let on_validation = match chosen_on {
            Some(examples) => metrics(examples, &mut fitted)?,
            None => Vec::new(),
        };
        let on_test = metrics(test.examples(), &mut fitted)?;
        let tokenizer = self.keep_tokenizer(&spec.tokenizer)?;
        let saved = Saved::new(&self.model, &spec, task.spec(), &fitted, tokenizer, self.long, self.protocol)
            .with_metrics(&on_validation, &on_test);
        fitted.fitted().save(&self.output)?;
        saved.write(&self.output)?;
        let answer = Answer { output: shown(&self.output), saved: &saved };
        context.print(&answer, || text(&answer))?;
        Ok(Outcome::Done)
    }

    fn resumable(&self, error: Error) -> Error {
        if error.kind() == dlm_sdk::ErrorKind::Cancelled {
            return error.with_hint(format!(
                "a checkpoint lies in {}; the same command with --resume goes on from it",
                self.output.display()
            ));
        }
        error
    }

    /// Copies a tokenizer that is a file, so that the folder stands alone; returns its spec.
    fn keep_tokenizer(&self, spec: &str) -> Result<String> {
        let path = std::path::Path::new(spec);
        let Some(name) = path.file_name().filter(|_| path.is_file()) else { return Ok(spec.to_owned()) };
        let bytes = fs::read(path)
            .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
        fs::create_dir_all(&self.output)
            .map_err(|error| Error::io(format!("{}: cannot be made", self.output.display()), error))?;
        dlm_genome::output::write(self.output.join(name), bytes)?;
        Ok(format!("./{}", name.to_string_lossy()))
    }
}

fn text(answer: &Answer<'_>) -> String {
    let saved = answer.saved;
    let mut text = format!("{}: {} fine-tuned on {}", answer.output, saved.model, saved.task);
    // Writing to a string never fails.
    if let Some(parameters) = saved.parameters {
        let _ = write!(text, ", {} weights", thousands(parameters));
    }
    text.push('\n');
    for (name, value) in &saved.test {
        let _ = writeln!(text, "  test {name} {value:.4}");
    }
    for fact in &saved.facts {
        let _ = writeln!(text, "  {}: {}", fact.name, fact.value);
    }
    text
}
