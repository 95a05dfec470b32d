//! A toy to train: two layers with dropout that tell where points lie.
#![allow(dead_code, clippy::allow_attributes, reason = "each test uses its part")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and says when it is skipped"
)]

use std::path::Path;

use dlm_graph::{DataType, Graph};
use dlm_runtime::{Error, Runtime, SessionOptions};
use dlm_sdk::{Parameter, Result, random::Stream};
use dlm_train::{
    schedule::{Decay, Schedule},
    step::{Batch, Feed},
    trainer::{Objective, Run, Trainer, TrainerOptions, Validated},
};
use ndarray::{Array1, Array2};

/// Returns the runtime, or says that the test is skipped.
pub(crate) fn runtime() -> Option<&'static Runtime> {
    match Runtime::get() {
        Ok(runtime) => Some(runtime),
        Err(error @ Error::NotFound { .. }) => {
            println!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error:?}"),
    }
}

pub(crate) const INPUTS: usize = 6;
const HIDDEN: usize = 16;

/// Points on both sides of a curved border, a batch for each step.
#[derive(Debug)]
pub(crate) struct Toy {
    pub(crate) graph: Graph,
    pub(crate) seed: u64,
    /// In how many parts a step's batch is cut.
    pub(crate) parts: usize,
    pub(crate) rows: usize,
    /// What validation answers, whatever the model does; `None`: its loss.
    pub(crate) script: Option<Vec<f64>>,
    pub(crate) validated: usize,
}

impl Toy {
    pub(crate) fn new(seed: u64, dropout: f32) -> Self {
        Self { graph: graph(dropout).unwrap(), seed, parts: 1, rows: 24, script: None, validated: 0 }
    }

    fn points(stream: &mut Stream, rows: usize, of: usize) -> Batch {
        let x = Array2::from_shape_simple_fn((rows, INPUTS), || stream.normal() as f32);
        let y = x.rows().into_iter().map(|row| f32::from(u8::from(row[0] * row[1] + row[2] > 0.0)));
        let y: Array1<f32> = y.collect();
        let weights = Array1::from_elem(rows, 1.0 / of as f32);
        Batch {
            sizes: vec![("rows".into(), rows)],
            feeds: vec![
                ("x".into(), Feed::F32(x.into_dyn())),
                ("y".into(), Feed::F32(y.into_dyn())),
                ("row_weights".into(), Feed::F32(weights.into_dyn())),
            ],
            tokens: rows as u64,
            examples: rows as u64,
        }
    }
}

/// `loss = mean(log(1 + exp(-s)))`, with `s` the score of the right side: written as softplus of the score and label.
fn graph(dropout: f32) -> dlm_graph::Result<Graph> {
    let mut g = Graph::new("toy");
    let x = g.input("x", DataType::F32, ["rows".into(), dlm_graph::Dim::Fixed(INPUTS)])?;
    let y = g.input("y", DataType::F32, ["rows"])?;
    let weights = g.input("row_weights", DataType::F32, ["rows"])?;
    let (w1, b1) = (g.parameter("w1", [INPUTS, HIDDEN])?, g.parameter("b1", [HIDDEN])?);
    let (w2, b2) = (g.parameter("w2", [HIDDEN, 1])?, g.parameter("b2", [1])?);
    let hidden = g.linear(x, w1, Some(b1))?;
    let hidden = g.tanh(hidden)?;
    let hidden = g.dropout(hidden, dropout)?;
    let score = g.linear(hidden, w2, Some(b2))?;
    let score = g.reshape(score, &[-1])?;
    // -log p(y) = log(1 + exp(score)) - y score.
    let exponential = g.exp(score)?;
    let one = g.scalar(DataType::F32, 1.0);
    let sum = g.add(exponential, one)?;
    let log = g.log(sum)?;
    let right = g.mul(y, score)?;
    let losses = g.sub(log, right)?;
    let losses = g.mul(losses, weights)?;
    let loss = g.reduce_sum(losses, &[], false)?;
    g.output("loss", loss)?;
    g.output("score", score)?;
    Ok(g)
}

pub(crate) fn parameters() -> Vec<Parameter> {
    [
        ("w1", vec![INPUTS, HIDDEN], 0, true),
        ("b1", vec![HIDDEN], 0, false),
        ("w2", vec![HIDDEN, 1], 1, true),
        ("b2", vec![1], 1, false),
    ]
    .into_iter()
    .map(|(name, shape, group, decay)| Parameter { name: name.into(), shape, group, decay })
    .collect()
}

/// Fresh weights: normal numbers, and biases of zero.
pub(crate) fn fill(index: usize, values: &mut [f32]) {
    let mut stream = Stream::nth(5, "init", index as u64);
    if index.is_multiple_of(2) {
        for value in values {
            *value = stream.normal() as f32 * 0.3;
        }
    }
}

impl Objective for Toy {
    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn batches(&mut self, step: u64) -> Result<Vec<Batch>> {
        let mut stream = Stream::nth(self.seed, "data", step);
        let rows = self.rows / self.parts;
        Ok((0..self.parts).map(|_| Self::points(&mut stream, rows, self.rows)).collect())
    }

    fn identity(&self) -> Vec<(String, String)> {
        vec![("data seed".into(), self.seed.to_string())]
    }

    fn validate(&mut self, run: &mut Run<'_>) -> Result<Option<Validated>> {
        let batch = Self::points(&mut Stream::new(self.seed, "validation"), 200, 200);
        let outputs = run(&batch, &["loss", "score"])?;
        let mut loss = f64::from(outputs[0].sum());
        let Feed::F32(y) = &batch.feeds[1].1 else { panic!("y is of numbers") };
        let right = outputs[1].iter().zip(y).filter(|(score, y)| (**score > 0.0) == (**y > 0.5)).count();
        if let Some(script) = &self.script {
            loss = script[self.validated.min(script.len() - 1)];
            self.validated += 1;
        }
        Ok(Some(Validated { loss, metrics: vec![("accuracy".into(), right as f64 / 200.0)] }))
    }
}

pub(crate) fn options(steps: u64, folder: Option<&Path>) -> TrainerOptions {
    let mut options = TrainerOptions::new(3, Schedule::new(0.02, 2, steps, Decay::Linear).unwrap());
    options.folder = folder.map(Path::to_owned);
    options.validate_every = Some(3);
    options.session = SessionOptions::default().threads(2);
    options
}

pub(crate) fn trainer(runtime: &'static Runtime, toy: Toy, options: TrainerOptions) -> Result<Trainer<Toy>> {
    Trainer::new(runtime, toy, parameters(), options, |index, values| {
        fill(index, values);
        Ok(())
    })
}

pub(crate) fn weights(trainer: &mut Trainer<Toy>) -> Vec<Vec<f32>> {
    let weights = trainer.model().weights();
    (0..4).map(|index| weights.read(index).unwrap().to_vec()).collect()
}
