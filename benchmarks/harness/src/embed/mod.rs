//! `dlm embed`: sequences as vectors, for use elsewhere.
//!
//! Rows are read, embedded and written in rounds, so that memory grows neither with the number of rows nor with the
//! genome; what is longest in memory is one record. Rows stand in the output in the order of the input.

mod output;

use std::path::PathBuf;

use clap::Args;
use dlm_sdk::{Error, Result};
use ndarray::Axis;
use serde::Serialize;

use self::output::{Place, Sink};
use crate::{
    bench::probe::{Embedder, HeadKind, Long, Options, Pool},
    context::{Context, Outcome},
    results::Protocol,
    rows::{Row, RowArgs, RowItems},
    tokenizer::{shown, thousands},
};

/// The arguments of `dlm embed`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  dlm embed --model grover-mini --fasta promoters.fa --output promoters.npy\n  \
                        dlm embed --model my-model --bed peaks.bed --genome hg38.fa --pool tokens --layer 3 \
                        --output peaks.parquet"
)]
pub struct EmbedArgs {
    /// Model: a folder, a built-in id, or a plugin's id; MODEL+random is its random-initialised twin
    #[arg(long, value_name = "MODEL")]
    model: String,
    #[command(flatten)]
    rows: RowArgs,
    /// How a row of tokens becomes a vector: cls, mean, max or last; tokens: a vector a token
    #[arg(long, value_name = "POOL", default_value = "mean")]
    pool: String,
    /// Layer: 0 the embeddings, 1..n, -1 the last
    #[arg(long, value_name = "L", default_value_t = -1, allow_negative_numbers = true)]
    layer: i64,
    /// What to do with a sequence longer than the model takes: error, truncate or windows
    #[arg(long, value_name = "HOW", default_value = "error")]
    long: String,
    /// Device that runs the model: cpu or cuda
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: String,
    /// Where the vectors go; the ending says how: .npy, .parquet or .safetensors
    #[arg(long, value_name = "OUT")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Answer {
    output: String,
    model: String,
    pool: String,
    layer: i64,
    rows: u64,
    vectors: u64,
    width: usize,
    truncated_bases: u64,
}

impl EmbedArgs {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// The model has no such pool or layer, a file cannot be read or written, a sequence is too long, or somebody asked
    /// to stop. Then there is no output.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let context = match self.device.as_str() {
            "cpu" => context.clone(),
            device => context.sharing("device", device),
        };
        let tokens = self.pool == "tokens";
        let encoder = context.registry().encoder(&self.model)?;
        let tokenizer = context.registry().tokenizer(&encoder.spec().tokenizer)?;
        let options = Options {
            pool: if tokens { Pool::Mean } else { self.pool.parse().map_err(with_tokens)? },
            layer: self.layer,
            long: self.long.parse::<Long>()?,
            head: HeadKind::Logistic,
            protocol: Protocol::Paper,
            seed: 0,
            cache: None,
            device: self.device.clone(),
            cut: std::sync::Arc::default(),
            cancellation: context.cancellation().clone(),
        };
        let cut = std::sync::Arc::clone(&options.cut);
        let name = encoder.spec().name.clone();
        let mut embedder = Embedder::new(encoder, tokenizer, options)?;
        let facts = [("model", name.as_str()), ("pool", &self.pool), ("layer", &self.layer.to_string())];
        let mut sink = output::create(&self.output, embedder.width(), tokens, &facts)?;
        let mut answer = Answer {
            output: shown(&self.output),
            model: self.model.clone(),
            pool: self.pool.clone(),
            layer: self.layer,
            rows: 0,
            vectors: 0,
            width: embedder.width(),
            truncated_bases: 0,
        };
        self.rows.each(&context, "embedding", |rows| {
            context.check()?;
            let done = write(&mut embedder, rows, tokens, &mut *sink, &mut answer);
            done.map_err(|error| self.place(&mut embedder, rows, error))
        })?;
        sink.finish()?;
        answer.truncated_bases = cut.load(std::sync::atomic::Ordering::Relaxed);
        context.print(&answer, || {
            let cut = match answer.truncated_bases {
                0 => String::new(),
                bases => format!(", {} bases cut off", thousands(bases)),
            };
            format!(
                "{}: {} vectors of {} numbers from {} sequences{cut}\n",
                answer.output,
                thousands(answer.vectors),
                answer.width,
                thousands(answer.rows)
            )
        })?;
        Ok(Outcome::Done)
    }

    /// Names the sequence that an error is about, if it is about one.
    fn place(&self, embedder: &mut Embedder, rows: &[Row], error: Error) -> Error {
        let path = self.rows.fasta.as_ref().or(self.rows.bed.as_ref());
        let file = path.map(|path| path.display().to_string()).unwrap_or_default();
        for row in rows {
            let one = std::slice::from_ref(row);
            if let Err(error) = embedder.check(RowItems::new(one).items()) {
                return error.within(format!("{file}: sequence {}", row.name));
            }
        }
        error
    }
}

fn with_tokens(error: Error) -> Error {
    match error.hint() {
        Some(hint) if hint.starts_with("known are") => {
            let hint = format!("{hint}, tokens");
            error.with_hint(hint)
        }
        _ => error,
    }
}

fn write(
    embedder: &mut Embedder,
    rows: &[Row],
    tokens: bool,
    sink: &mut dyn Sink,
    answer: &mut Answer,
) -> Result<()> {
    let items = RowItems::new(rows);
    let first = answer.rows;
    if tokens {
        for (index, (row, found)) in (0..).zip(rows.iter().zip(embedder.tokens(items.items())?)) {
            for (span, state) in found.spans.iter().zip(found.states.axis_iter(Axis(0))) {
                sink.write(&Place { row, record: first + index, span: Some(*span) }, state)?;
                answer.vectors += 1;
            }
        }
    } else {
        let vectors = embedder.embed(items.items())?;
        for (index, (row, vector)) in (0..).zip(rows.iter().zip(vectors.axis_iter(Axis(0)))) {
            sink.write(&Place { row, record: first + index, span: None }, vector)?;
            answer.vectors += 1;
        }
    }
    answer.rows += rows.len() as u64;
    Ok(())
}
