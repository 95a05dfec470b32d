//! `dlm pretrain`: from a genome and a preset to a model folder.

mod watch;

use std::{fmt::Write as _, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use dlm_genome::{Interval, IntervalSet, bed};
use dlm_nn::preset::{self, Preset};
use dlm_runtime::Device;
use dlm_sdk::{Error, Result, Tokenizer};
use dlm_train::{
    pretrain::{Budget, Pretraining, Record},
    step,
};
use serde::Serialize;

pub(crate) use self::watch::{STOPPING, Watch};
use crate::{
    context::{Context, Outcome},
    tokenizer::{shown, thousands},
};

/// The arguments of `dlm pretrain`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  dlm pretrain --preset grover-mini --fasta chr21.fa.gz --tokenizer bpe-600.json \
                        --output my-grover\n  dlm pretrain --preset kmer-6-mini --fasta chr21.fa.gz --windows-of \
                        bpe-600.json --steps 2000 --output my-kmer-6\n  dlm pretrain .. --output my-grover --resume"
)]
pub struct PretrainArgs {
    /// Preset: dlm model list shows them
    #[arg(long, value_name = "NAME", required_unless_present = "config", conflicts_with = "config")]
    preset: Option<String>,
    /// A preset of your own: dlm model show grover --json shows what one holds
    #[arg(long, value_name = "TOML")]
    config: Option<PathBuf>,
    /// FASTA files to learn from (plain, gzip or bgzip)
    #[arg(long, required = true, num_args = 1.., value_name = "FASTA")]
    fasta: Vec<PathBuf>,
    /// What cuts them: a path to tokenizer.json, or kmer:6 [default: that of a k-mer preset]
    #[arg(long, value_name = "SPEC")]
    tokenizer: Option<String>,
    /// Folder for the model and its training
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Device: cpu or cuda
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: String,
    /// Precision of products
    #[arg(long, value_enum, default_value = "fp32")]
    precision: Precision,
    /// How many steps [default: as many windows as the preset says]
    #[arg(long, value_name = "N", conflicts_with = "minutes")]
    steps: Option<u64>,
    /// As many steps as the first ones say can be made in this time; another machine then makes others
    #[arg(long, value_name = "M")]
    minutes: Option<f64>,
    /// Go on from the checkpoint in the output
    #[arg(long)]
    resume: bool,
    /// Seed of weights, windows, masks and dropout
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Stretches to measure on and not to learn from [default: the preset's share at the end of each sequence]
    #[arg(long, value_name = "BED")]
    held_out: Option<PathBuf>,
    /// Stretches neither to learn from nor to measure on
    #[arg(long, value_name = "BED")]
    exclude: Option<PathBuf>,
    /// Count windows in this tokenizer's tokens, so that twins over other tokens see the same bases
    #[arg(long, value_name = "SPEC")]
    windows_of: Option<String>,
    /// Count a k-mer preset's windows in its own tokens: as many tokens as the model it is a twin of, and other bases
    #[arg(long, conflicts_with = "windows_of")]
    equal_tokens: bool,
}

/// The precision of products; weights, statistics, loss and optimiser are in single precision whatever it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Precision {
    /// Single precision
    Fp32,
    /// Single precision with rounded factors, on CUDA
    Tf32,
    /// Half the bits, on CUDA
    Bf16,
}

impl From<Precision> for step::Precision {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::Fp32 => Self::Single,
            Precision::Tf32 => Self::Tf32,
            Precision::Bf16 => Self::Bf16,
        }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    output: String,
    #[serde(flatten)]
    record: &'a Record,
}

impl PretrainArgs {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Input is wrong or missing, ONNX Runtime is not there and cannot be installed, a file cannot be written, or
    /// somebody asked to stop; then a checkpoint lies in the output.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let preset = self.preset()?;
        let Some(spec) = self.tokenizer.clone().or_else(|| preset.tokenizer_spec()) else {
            return Err(Error::invalid(format!("preset {} needs a learned vocabulary", preset.name))
                .with_hint("learn one by dlm tokenizer train and name it by --tokenizer"));
        };
        let tokenizer = context.registry().tokenizer(&spec)?;
        // Scores of twins say something about tokens if all of them have learned from the same bases.
        if preset.tokenizer_spec().is_some() && self.windows_of.is_none() && !self.equal_tokens {
            return Err(Error::invalid(format!(
                "preset {} is a twin, and it is not said whose windows it is to see",
                preset.name
            ))
            .with_hint(
                "name the tokenizer of the model it is compared with by --windows-of, which gives both the same bases; \
                 or count windows in its own tokens by --equal-tokens",
            ));
        }
        let windows_of =
            self.windows_of.as_ref().map(|spec| context.registry().tokenizer(spec)).transpose()?;
        let held_out = self.held_out.as_deref().map(stretches).transpose()?;
        let excluded = self.exclude.as_deref().map(stretches).transpose()?.unwrap_or_default();
        let device: Device = self.device.parse()?;
        let precision = step::Precision::from(self.precision);
        precision.check(device)?;
        crate::runtime::ensure(context)?;
        let pretraining = Pretraining {
            fasta: &self.fasta,
            windows_of: windows_of.as_ref().map(|tokenizer| &**tokenizer as &dyn Tokenizer),
            held_out: held_out.as_ref(),
            budget: self.budget()?,
            seed: self.seed,
            device,
            precision,
            resume: self.resume,
            ..defaults(&preset, &*tokenizer, &spec, &excluded, &self.output)
        };
        let record = run(&pretraining, context)?;
        let answer = Answer { output: shown(&self.output), record: &record };
        context.print(&answer, || format!("{}{}\n", text(&record), answer.output))?;
        Ok(Outcome::Done)
    }

    fn preset(&self) -> Result<Preset> {
        match (&self.preset, &self.config) {
            (Some(name), _) => preset::get(name),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
                Preset::from_toml(&text).map_err(|error| error.within(path.display().to_string()))
            }
            (None, None) => Err(Error::invalid("no model is given").with_hint("use --preset or --config")),
        }
    }

    fn budget(&self) -> Result<Option<Budget>> {
        match (self.steps, self.minutes) {
            (Some(steps), _) => Ok(Some(Budget::Steps(steps))),
            (None, Some(minutes)) if minutes > 0.0 && minutes.is_finite() => {
                Ok(Some(Budget::Time(Duration::from_secs_f64(minutes * 60.0))))
            }
            (None, Some(minutes)) => Err(Error::invalid(format!("--minutes {minutes} is no time"))),
            (None, None) => Ok(None),
        }
    }
}

/// Reads the stretches of a BED file.
pub(crate) fn stretches(path: &std::path::Path) -> Result<IntervalSet> {
    let rows =
        bed::Reader::open(path)?.map(|row| Ok(row?.interval().clone())).collect::<Result<Vec<Interval>>>()?;
    Ok(rows.iter().collect())
}

/// Returns a pretraining with what nobody says otherwise.
pub(crate) fn defaults<'a>(
    preset: &'a Preset,
    tokenizer: &'a dyn Tokenizer,
    spec: &'a str,
    excluded: &'a IntervalSet,
    output: &'a std::path::Path,
) -> Pretraining<'a> {
    Pretraining {
        preset,
        fasta: &[],
        tokenizer,
        tokenizer_spec: spec,
        windows_of: None,
        held_out: None,
        excluded,
        output,
        budget: None,
        seed: 0,
        device: Device::Cpu,
        precision: step::Precision::Single,
        resume: false,
        held_out_windows: 256,
        validations: 20,
        checkpoint_every: 100,
    }
}

/// Runs a pretraining under a bar, and stops it with a checkpoint when somebody asks to.
pub(crate) fn run(pretraining: &Pretraining<'_>, context: &Context) -> Result<Record> {
    context.cancellation().ask_for(STOPPING);
    let mut watch = Watch::new(context, &format!("pretraining {}", pretraining.preset.name));
    let record = pretraining.run(&mut |event| watch.hear(event))?;
    record.ok_or_else(|| {
        Error::cancelled().with_hint(format!(
            "a checkpoint lies in {}; dlm pretrain --resume goes on from it, dlm quickstart by itself",
            pretraining.output.display()
        ))
    })
}

/// Describes a model that was pretrained, beside its controls.
pub(crate) fn text(record: &Record) -> String {
    let mut text = String::new();
    // Writing to a string never fails.
    let _ = writeln!(
        text,
        "{} over {}: {} weights, {} steps, {} windows, {} tokens, {} bases in {:.0} s{}",
        record.preset,
        record.tokenizer,
        thousands(record.parameters),
        thousands(record.steps),
        thousands(record.windows),
        thousands(record.tokens),
        thousands(record.bases),
        record.seconds,
        if record.undertrained { "; undertrained" } else { "" }
    );
    let _ = writeln!(
        text,
        "  {:<28}{:>10}{:>12}{:>12}{:>10}   at {} hidden tokens of held-out stretches",
        "masked tokens",
        "accuracy",
        "top tenth",
        "perplexity",
        "bits/nt",
        thousands(record.held_out.model.guessed)
    );
    let rows = [
        ("model", &record.held_out.model),
        ("token frequencies (unigram)", &record.held_out.unigram),
        ("two-sided token n-gram", &record.held_out.neighbours),
    ];
    for (name, score) in rows {
        let _ = writeln!(
            text,
            "  {name:<28}{:>10.4}{:>12.4}{:>12.1}{:>10.4}",
            score.accuracy, score.top_tenth, score.perplexity, score.bits_per_base
        );
    }
    text
}
