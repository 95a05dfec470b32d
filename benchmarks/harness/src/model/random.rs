//! `dlm model random`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use dlm_nn::network::{Family, Size};
use dlm_sdk::{Error, Result};
use serde::Serialize;
use serde_json::Value;

use crate::{context::Context, tokenizer::thousands};

/// The numbers a head has where nobody says how many heads there are.
const HEAD_WIDTH: usize = 64;

/// The arguments of `dlm model random`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dlm model random hyenadna --output fresh/hyenadna\n  \
                        dlm model random dnabert2 --tokenizer tokenizer.json --width 256 --layers 4 --output fresh/dnabert2")]
pub struct RandomArgs {
    /// Whose form it has; sizes that are not given are those of the smallest published model
    #[arg(value_enum, value_name = "FAMILY")]
    family: Form,
    /// The tokenizer.json of a DNABERT-2; the others have tokenizers of their own
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// Width of hidden states
    #[arg(long, value_name = "N")]
    width: Option<usize>,
    /// Layers above the embeddings
    #[arg(long, value_name = "N")]
    layers: Option<usize>,
    /// Attention heads a layer [default: one for each 64 of the width]
    #[arg(long, value_name = "N")]
    heads: Option<usize>,
    /// Tokens of the longest row, special ones included; DNABERT-2 takes any
    #[arg(long, value_name = "N")]
    max_tokens: Option<usize>,
    /// Chooses the weights
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Folder to write
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
}

/// The families, by the names of their plugins.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Form {
    /// DNABERT-2
    Dnabert2,
    /// Nucleotide Transformer, second version
    NucleotideTransformer,
    /// HyenaDNA
    Hyenadna,
}

#[derive(Serialize)]
struct Answer {
    output: String,
    family: &'static str,
    parameters: u64,
    hidden: usize,
    layers: usize,
    seed: u64,
}

pub(super) fn run(arguments: &RandomArgs, context: &Context) -> Result<()> {
    let family = match arguments.family {
        Form::Dnabert2 => Family::DnaBert2,
        Form::NucleotideTransformer => Family::NucleotideTransformer,
        Form::Hyenadna => Family::HyenaDna,
    };
    let output = &arguments.output;
    if output.join("config.json").exists() {
        return Err(Error::invalid(format!("{}: there is a model already", output.display()))
            .with_hint("name a new folder by --output"));
    }
    let published = family.published();
    let tokenizer = match (family, &arguments.tokenizer) {
        (Family::DnaBert2, Some(path)) => Some(read(path)?),
        (Family::DnaBert2, None) => {
            return Err(Error::invalid("a DNABERT-2 needs a tokenizer.json: its vocabulary is learned")
                .with_hint("dlm tokenizer train writes one; name it by --tokenizer"));
        }
        (_, Some(_)) => {
            return Err(Error::invalid(format!("{} has a tokenizer of its own", family.name()))
                .with_hint("leave --tokenizer out"));
        }
        (_, None) => None,
    };
    let hidden = arguments.width.unwrap_or(published.hidden);
    let heads = match (arguments.heads, arguments.width) {
        (Some(heads), _) => heads,
        (None, Some(width)) => (width / HEAD_WIDTH).max(1),
        (None, None) => published.heads,
    };
    let size = Size {
        vocab_size: tokenizer.as_ref().map_or(published.vocab_size, |(_, ids)| *ids),
        hidden,
        layers: arguments.layers.unwrap_or(published.layers),
        heads,
        max_tokens: arguments.max_tokens.unwrap_or(published.max_tokens),
    };
    let parameters = family.write(output, size, arguments.seed)?;
    if let Some((text, _)) = tokenizer {
        dlm_genome::output::write(output.join("tokenizer.json"), text)?;
    }
    let answer = Answer {
        output: output.display().to_string(),
        family: family.name(),
        parameters,
        hidden,
        layers: size.layers,
        seed: arguments.seed,
    };
    context.print(&answer, || {
        format!(
            "{}: {} fresh weights of seed {}, {} layers of width {hidden}; in specs {}:{}\n",
            answer.output,
            thousands(parameters),
            arguments.seed,
            size.layers,
            family.name(),
            answer.output,
        )
    })
}

/// Reads a `tokenizer.json` and how many ids it has.
fn read(path: &Path) -> Result<(String, usize)> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| Error::invalid(format!("{}: is not JSON", path.display())).with_source(error))?;
    let words = value["model"]["vocab"].as_object().into_iter().flat_map(|words| words.values());
    let added = value["added_tokens"].as_array().into_iter().flatten().map(|token| &token["id"]);
    let last = words.chain(added).filter_map(Value::as_u64).max();
    let last = last.and_then(|id| usize::try_from(id).ok()).ok_or_else(|| {
        Error::invalid(format!("{}: is no tokenizer.json with a vocabulary", path.display()))
    })?;
    Ok((text, last + 1))
}
