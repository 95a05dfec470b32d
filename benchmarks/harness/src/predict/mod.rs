//! `dlm predict`: sequences are answered by a fine-tuned model.
//!
//! Rows are read, answered and written in rounds, in input order, so that memory does not grow with the input.

mod output;

use std::path::PathBuf;

use clap::Args;
use dlm_runtime::{Device, Runtime};
use dlm_sdk::{EncoderSpec, Error, Predictor as _, Result, Target};
use dlm_train::finetune::Fitted;
use ndarray::Array2;
use serde::Serialize;

use self::output::Answered;
use crate::{
    bench::finetune::Finetuned,
    context::{Context, Outcome},
    finetune::Saved,
    rows::{RowArgs, RowItems},
    tokenizer::{shown, thousands},
};

/// The arguments of `dlm predict`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  dlm predict --model promoters --fasta unknown.fa --output predictions.tsv\n  \
                        dlm predict --model promoters --bed windows.bed --genome hg38.fa --output predictions.bed"
)]
pub struct PredictArgs {
    /// A folder that dlm finetune wrote
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    #[command(flatten)]
    rows: RowArgs,
    /// Device: cpu or cuda
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: String,
    /// Where the predictions go; the ending says how: .tsv, .parquet or .bed
    #[arg(long, value_name = "OUT")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Answer {
    output: String,
    model: String,
    rows: u64,
}

impl PredictArgs {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// The folder holds no fine-tuned model, a file cannot be read or written, a sequence is too long, or somebody asked to
    /// stop. Then there is no output.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let saved = Saved::read(&self.model)?;
        let target = saved.target()?;
        let device: Device = self.device.parse()?;
        let file = self.model.join(&saved.tokenizer);
        let spec = match file.to_str() {
            Some(path) if saved.tokenizer.starts_with("./") => path.to_owned(),
            _ => saved.tokenizer.clone(),
        };
        let tokenizer = context.registry().tokenizer(&spec)?;
        crate::runtime::ensure(context)?;
        let mut encoder = EncoderSpec::new(saved.model.clone(), spec, 0, 0);
        (encoder.max_tokens, encoder.prefix, encoder.suffix) = (saved.max_tokens, saved.prefix, saved.suffix);
        let fitted = Fitted::open(Runtime::get_for(device)?, &self.model, device)?;
        let mut model = Finetuned::new(fitted, &encoder, tokenizer, saved.long.parse()?)?;
        let mut sink = output::create(&self.output, saved.outputs)?;
        let mut answer = Answer { output: shown(&self.output), model: shown(&self.model), rows: 0 };
        self.rows.each(context, "predicting", |rows| {
            context.check()?;
            let items = RowItems::new(rows);
            let mut scores = Array2::zeros((rows.len(), saved.outputs));
            model.predict(items.items(), scores.view_mut()).map_err(|error| {
                // An item's number is its place in the round.
                error.within(format!("sequences from {} on", rows[0].name))
            })?;
            for (row, scores) in rows.iter().zip(scores.rows()) {
                let prediction = prediction(&saved, target, scores);
                sink.write(&Answered { row, prediction, scores })?;
            }
            answer.rows += rows.len() as u64;
            Ok(())
        })?;
        sink.finish()?;
        context.print(&answer, || {
            format!("{}: {} sequences answered by {}\n", answer.output, thousands(answer.rows), answer.model)
        })?;
        Ok(Outcome::Done)
    }
}

/// Returns the class with the highest score, the labels that hold, or the values.
fn prediction(saved: &Saved, target: Target, scores: ndarray::ArrayView1<'_, f32>) -> String {
    let name = |class: usize| saved.class_names.get(class).cloned().unwrap_or_else(|| class.to_string());
    match target {
        Target::Multilabel(_) => {
            let holds = scores.iter().enumerate().filter(|(_, score)| **score >= 0.5);
            holds.map(|(label, _)| name(label)).collect::<Vec<_>>().join(";")
        }
        Target::Regression(_) => scores.iter().map(f32::to_string).collect::<Vec<_>>().join(";"),
        _ => {
            let best = scores.iter().enumerate().fold(
                0,
                |best, (class, &score)| {
                    if score > scores[best] { class } else { best }
                },
            );
            name(best)
        }
    }
}

/// Refuses a name that would break a line of a table.
fn plain(name: &str) -> Result<&str> {
    if name.contains(['\t', '\n', '\r']) {
        return Err(Error::invalid(format!("the name {name:?} holds a tab or a line end"))
            .with_hint("write .parquet instead"));
    }
    Ok(name)
}
