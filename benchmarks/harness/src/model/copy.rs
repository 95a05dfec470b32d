//! `dlm model import` and `export`.

use std::{fs, path::Path};

use dlm_nn::{
    bert::Wanted,
    folder::{self, Folder, Tokenizer},
    weights::Element,
};
use dlm_sdk::{Error, Result};
use serde::Serialize;

use super::{ExportArgs, Format, ImportArgs, Weights};
use crate::{context::Context, files::write_error, tokenizer::thousands};

#[derive(Serialize)]
struct Answer {
    from: String,
    output: String,
    format: &'static str,
    parameters: u64,
    tokenizer: String,
    vocab_size: u32,
}

impl Answer {
    fn text(&self) -> String {
        format!(
            "{}: {} weights and the tokenizer {} of {} tokens, from {}\n",
            self.output,
            thousands(self.parameters),
            self.tokenizer,
            thousands(self.vocab_size.into()),
            self.from
        )
    }
}

impl From<Weights> for Element {
    fn from(weights: Weights) -> Self {
        match weights {
            Weights::Fp32 => Self::F32,
            Weights::Fp16 => Self::F16,
            Weights::Bf16 => Self::Bf16,
        }
    }
}

pub(super) fn import(arguments: &ImportArgs, context: &Context) -> Result<()> {
    let answer = huggingface(&arguments.from, &arguments.output, arguments.weights, context)?;
    context.print(&answer, || answer.text())
}

pub(super) fn export(arguments: &ExportArgs, context: &Context) -> Result<()> {
    let ExportArgs { model, output, format, weights } = arguments;
    let answer = match (format, weights) {
        (Format::Huggingface, _) => huggingface(model, output, *weights, context)?,
        (Format::Onnx, Weights::Fp32) => onnx(model, output, context)?,
        (Format::Onnx, Weights::Fp16 | Weights::Bf16) => {
            return Err(Error::unsupported("a graph is written with 32 bits a weight")
                .with_hint("leave out --weights, or export in the huggingface form"));
        }
    };
    context.print(&answer, || answer.text())
}

/// Opens a folder and checks that its tokenizer is one that its weights know.
fn open(from: &Path, output: &Path, context: &Context) -> Result<(Folder, Answer)> {
    let same = |a: &Path, b: &Path| a.canonicalize().ok().is_some_and(|a| b.canonicalize().ok() == Some(a));
    if same(from, output) {
        return Err(Error::invalid(format!("{}: cannot be read and written at once", output.display())));
    }
    let folder = Folder::open(from)?;
    let spec = folder.tokenizer()?;
    let tokenizer = context.registry().tokenizer(&spec)?;
    let vocab_size = tokenizer.spec().vocab_size;
    let rows = folder.config().vocab_size;
    if vocab_size as usize > rows {
        return Err(Error::invalid(format!(
            "{}: the tokenizer has {vocab_size} tokens, the weights {rows} rows for them",
            from.display()
        )));
    }
    let answer = Answer {
        from: from.display().to_string(),
        output: output.display().to_string(),
        format: "huggingface",
        parameters: 0,
        tokenizer: tokenizer.spec().name.clone(),
        vocab_size,
    };
    Ok((folder, answer))
}

fn huggingface(from: &Path, output: &Path, weights: Weights, context: &Context) -> Result<Answer> {
    let (folder, answer) = open(from, output, context)?;
    let model = folder.model()?;
    let spec = folder.tokenizer()?;
    let text = text_of(&spec)?;
    let tokenizer = match &text {
        Some(text) if Path::new(&spec).extension().is_some_and(|ending| ending == "json") => {
            Tokenizer::Json(text)
        }
        Some(text) => Tokenizer::Vocabulary(text),
        None => Tokenizer::Spec(&spec),
    };
    context.check()?;
    folder::write(output, &model, tokenizer, weights.into())?;
    Ok(Answer { parameters: model.parameters(), ..answer })
}

fn onnx(from: &Path, output: &Path, context: &Context) -> Result<Answer> {
    let (folder, answer) = open(from, output, context)?;
    let model = folder.model()?;
    let graph = model.graph(Wanted::Layer(model.config().layers))?;
    let bytes =
        graph.to_onnx().map_err(|error| Error::internal("the graph cannot be written").with_source(error))?;
    context.check()?;
    fs::create_dir_all(output).map_err(|error| write_error(output, error))?;
    let spec = folder.tokenizer()?;
    match text_of(&spec)? {
        Some(text) => {
            let name = Path::new(&spec).file_name().unwrap_or_default();
            dlm_genome::output::write(output.join(name), text)?;
        }
        None => dlm_genome::output::write(output.join("tokenizer.txt"), format!("{spec}\n"))?,
    }
    dlm_genome::output::write(output.join("config.json"), model.config().to_json()?)?;
    dlm_genome::output::write(output.join("model.onnx"), bytes)?;
    Ok(Answer { parameters: model.parameters(), format: "onnx", ..answer })
}

/// Reads a tokenizer that is a file.
fn text_of(spec: &str) -> Result<Option<String>> {
    let path = Path::new(spec);
    if !path.is_file() {
        return Ok(None);
    }
    fs::read_to_string(path)
        .map(Some)
        .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))
}
