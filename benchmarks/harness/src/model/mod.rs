//! `dlm model`: what models there are, and folders in and out.
//!
//! A model folder has the layout of Hugging Face: `config.json`, weights, and a tokenizer. Importing reads such a folder,
//! accounts for every tensor, and writes it anew with safetensors; what was a PyTorch file is then data that no program
//! needs to run. Exporting writes the same layout for others, or one ONNX file. The losses of trainings are plotted.

mod copy;
mod curve;
mod list;
mod random;
mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use dlm_sdk::Result;

use crate::context::{Context, Outcome};

/// Lists, shows, plots, makes, imports and exports models.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// List presets and built-in models
    List,
    /// Show a preset with the origin of every number, a model folder, or a built-in model
    Show(ShowArgs),
    /// Plot the losses of trainings, finished or under way, as SVG
    Curve(CurveArgs),
    /// Write a model folder with fresh weights, in the form of a published family
    Random(random::RandomArgs),
    /// Read a Hugging Face folder and write it as a model folder with safetensors
    Import(ImportArgs),
    /// Write a model folder for other programs
    Export(ExportArgs),
}

/// The arguments of `dlm model show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// A preset's name, a model folder, or a built-in model's id
    model: String,
}

/// The arguments of `dlm model curve`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dlm model curve my-grover my-kmer-6 --output curves.svg")]
pub struct CurveArgs {
    /// Folders that dlm pretrain or dlm finetune writes, or files of metrics
    #[arg(required = true, value_name = "DIR")]
    trainings: Vec<PathBuf>,
    /// SVG file to write
    #[arg(long, value_name = "SVG")]
    output: PathBuf,
    /// Lay steps along a logarithmic axis
    #[arg(long)]
    log: bool,
}

/// The arguments of `dlm model import`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dlm model import --from downloads/GROVER --output models/grover\n  \
                        dlm model import --from downloads/GROVER --output models/small --weights fp16")]
pub struct ImportArgs {
    /// Folder with config.json, weights in safetensors or PyTorch's form, and a tokenizer
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Folder to write
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// How a weight is kept
    #[arg(long, value_enum, value_name = "TYPE", default_value_t = Weights::Fp32)]
    weights: Weights,
}

/// The arguments of `dlm model export`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  dlm model export --model my-model --format huggingface --output for-others\n  \
                        dlm model export --model my-model --format huggingface --weights fp16 --output small\n  \
                        dlm model export --model my-model --format onnx --output for-others"
)]
pub struct ExportArgs {
    /// A model folder
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// The form
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Format,
    /// Folder to write
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// How a weight of the huggingface form is kept; a graph computes with 32 bits
    #[arg(long, value_enum, value_name = "TYPE", default_value_t = Weights::Fp32)]
    weights: Weights,
}

/// How a weight is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Weights {
    /// 32 bits
    Fp32,
    /// 16 bits, 11 of precision: half the size, for what will be computed with and not trained on
    Fp16,
    /// 16 bits, 8 of precision, with the range of 32
    Bf16,
}

/// The form of an exported model.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// config.json, model.safetensors and the tokenizer, as transformers loads them
    Huggingface,
    /// model.onnx: from `input_ids` and `attention_mask` to the last hidden states; the tokenizer beside it
    Onnx,
}

impl ModelCommand {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// There is no such model, a folder is not what it should be, or a file cannot be read or written.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::List => list::run(context)?,
            Self::Show(arguments) => show::run(&arguments.model, context)?,
            Self::Curve(arguments) => {
                curve::run(&arguments.trainings, &arguments.output, arguments.log, context)?;
            }
            Self::Random(arguments) => random::run(&arguments, context)?,
            Self::Import(arguments) => copy::import(&arguments, context)?,
            Self::Export(arguments) => copy::export(&arguments, context)?,
        }
        Ok(Outcome::Done)
    }
}
