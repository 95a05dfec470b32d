//! Weights and optimiser on the device: what the device path computes, run on the processor.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::path::Path;

use dlm_graph::Graph;
use dlm_nn::bert::{self, Config, Heads, Model};
use dlm_runtime::Runtime;
use dlm_sdk::{Parameter, Result, random::Stream};
use dlm_train::{
    checkpoint,
    optimiser::Method,
    schedule::{Decay, Schedule},
    step::{Batch, Feed, Precision},
    trainer::{Home, Layers, Objective, Progress, Signal, Trainer, TrainerOptions},
};
use ndarray::{Array1, Array2};
use support::{Toy, options, runtime, trainer};

const STEPS: u64 = 20;

fn resident(mut options: TrainerOptions) -> TrainerOptions {
    options.home = Home::Device;
    options
}

fn fetched<O: Objective>(trainer: &mut Trainer<O>) -> Vec<Vec<f32>> {
    let weights = trainer.model().weights();
    (0..weights.parameters().len()).map(|index| weights.fetch(index).unwrap().into_owned()).collect()
}

/// Losses and norms of some steps, and the weights after them.
fn followed<O: Objective>(trainer: &mut Trainer<O>, steps: u64) -> (Vec<[f64; 2]>, Vec<Vec<f32>>) {
    let mut numbers = Vec::new();
    for _ in 0..steps {
        let report = trainer.step().unwrap();
        numbers.push([report.loss, report.norm]);
    }
    (numbers, fetched(trainer))
}

fn agree(ours: &[[f64; 2]], theirs: &[[f64; 2]], within: f64) {
    assert_eq!(ours.len(), theirs.len());
    for (step, (ours, theirs)) in ours.iter().flatten().zip(theirs.iter().flatten()).enumerate() {
        assert!((ours / theirs - 1.0).abs() < within, "number {step}: {ours} and {theirs}");
    }
}

#[test]
fn losses_norms_and_weights_are_those_of_the_optimiser_in_this_process() {
    let Some(runtime) = runtime() else { return };
    for (method, parts, clip, layers) in [
        (Method::AdamW, 1, Some(0.05), Layers::default()),
        (Method::AdamW, 3, Some(1.0), Layers { decay: 0.5, frozen: 0 }),
        (Method::Adam, 1, None, Layers::default()),
        (Method::Adam, 2, Some(0.05), Layers { decay: 1.0, frozen: 1 }),
    ] {
        let run = |home: Home| {
            let mut options = options(STEPS, None);
            (options.home, options.layers) = (home, layers);
            options.optimiser.method = method;
            options.optimiser.clip = clip;
            // Strong enough that it would be missed.
            options.optimiser.weight_decay = 0.3;
            let toy = Toy { parts, ..Toy::new(1, 0.2) };
            followed(&mut trainer(runtime, toy, options).unwrap(), STEPS)
        };
        let (process, device) = (run(Home::Process), run(Home::Device));
        agree(&device.0, &process.0, 1e-5);
        for (ours, theirs) in device.1.iter().flatten().zip(process.1.iter().flatten()) {
            assert!((ours - theirs).abs() < 1e-5, "{method:?} {parts}: {ours} and {theirs}");
        }
        if clip.is_none() && parts == 1 {
            // Without clipping the norm enters nothing, and every operation is the same.
            assert_eq!(device.1, process.1);
        }
    }
}

#[test]
fn the_processor_keeps_weights_in_the_process_unless_told() {
    let Some(runtime) = runtime() else { return };
    let mut by_device = trainer(runtime, Toy::new(1, 0.0), options(3, None)).unwrap();
    assert!(!by_device.model().weights().are_resident());
    let mut on_device = trainer(runtime, Toy::new(1, 0.0), resident(options(3, None))).unwrap();
    let weights = on_device.model().weights();
    assert!(weights.are_resident() && weights.read(0).is_err() && weights.gradients().is_err());
}

/// What goes between this process and the device in a step: the batch, the numbers of the update, the loss of each part
/// and the norm; and never a weight.
#[test]
fn a_step_takes_back_losses_and_the_norm_alone() {
    let Some(runtime) = runtime() else { return };
    for parts in [1, 3] {
        let toy = Toy { parts, ..Toy::new(1, 0.2) };
        let mut trainer = trainer(runtime, toy, resident(options(9, None))).unwrap();
        // The first step makes room for sums, which is filled with zeros.
        trainer.step().unwrap();
        let before = trainer.model().weights().traffic();
        trainer.step().unwrap();
        let after = trainer.model().weights().traffic();
        assert_eq!(after.from_device - before.from_device, 4 * (parts as u64 + 1));
        // Numbers and labels and weights of 24 rows, a mask of 16 hidden values a row; nine numbers for each of two
        // groups, that with decay and that without; and whether sums begin anew.
        let (batch, masks, numbers) = (24 * (support::INPUTS as u64 + 2) * 4, 24 * 16, 2 * 9 * 4);
        let fresh = if parts > 1 { parts as u64 } else { 0 };
        assert_eq!(after.to_device - before.to_device, batch + masks + numbers + fresh);
    }
}

fn until(folder: &Path, home: Home, stop: u64) -> (bool, Vec<Vec<f32>>, String) {
    let mut options = options(STEPS, Some(folder));
    options.home = home;
    let toy = Toy { parts: 2, ..Toy::new(1, 0.3) };
    let mut trainer = trainer(runtime().unwrap(), toy, options).unwrap();
    let resumed = trainer.resumed();
    trainer
        .run(&mut |progress: &Progress<'_>| {
            if progress.report.step + 1 == stop { Signal::Stop } else { Signal::Continue }
        })
        .unwrap();
    (resumed, fetched(&mut trainer), format!("{:?}", trainer.history()))
}

#[test]
fn resuming_gives_the_same_bits_and_another_home_nearly_the_same() {
    if runtime().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_, whole, history) = until(folder.path(), Home::Device, u64::MAX);
    for stop in [1, 4, 11] {
        let again = tempfile::tempdir().unwrap();
        let (_, at_stop, _) = until(again.path(), Home::Device, stop);
        assert!(at_stop != whole);
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(checkpoint::path(again.path()), checkpoint::path(copy.path())).unwrap();
        let (resumed, weights, told) = until(again.path(), Home::Device, u64::MAX);
        assert!(resumed);
        assert!((weights, told) == (whole.clone(), history.clone()), "stopped after {stop} steps");
        let (resumed, weights, _) = until(copy.path(), Home::Process, u64::MAX);
        assert!(resumed);
        for (ours, theirs) in weights.iter().flatten().zip(whole.iter().flatten()) {
            assert!((ours - theirs).abs() < 1e-5, "{ours} and {theirs}");
        }
    }
}

/// A loss that is no number is seen before a weight changes, and so is a gradient.
#[test]
fn numbers_that_are_not_finite_change_no_weight() {
    let Some(runtime) = runtime() else { return };
    for (input, told) in [(f32::NAN, "the loss is NaN"), (1e25, "norm is")] {
        let broken = Broken(Toy::new(1, 0.0), input);
        let fill = |index, values: &mut [f32]| {
            support::fill(index, values);
            Ok(())
        };
        let options = resident(options(9, None));
        let mut trainer = Trainer::new(runtime, broken, support::parameters(), options, fill).unwrap();
        trainer.step().unwrap();
        let before = fetched(&mut trainer);
        let error = trainer.step().unwrap_err();
        assert!(error.chain().contains(told), "{}", error.chain());
        assert_eq!(fetched(&mut trainer), before);
    }
}

/// A toy whose second batch has one broken weight of a row.
#[derive(Debug)]
struct Broken(Toy, f32);

impl Objective for Broken {
    fn graph(&self) -> &Graph {
        self.0.graph()
    }

    fn batches(&mut self, step: u64) -> Result<Vec<Batch>> {
        let mut batches = self.0.batches(step)?;
        if let (1, Feed::F32(weights)) = (step, &mut batches[0].feeds[2].1) {
            weights[[0]] = self.1;
        }
        Ok(batches)
    }

    fn identity(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// A small BERT on random tokens.
#[derive(Debug)]
struct Small {
    graph: Graph,
}

const ROWS: usize = 4;
const TOKENS: usize = 14;
const GUESSED: usize = 8;

fn config() -> Config {
    Config::from_json(
        r#"{"vocab_size": 30, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
            "intermediate_size": 64, "max_position_embeddings": 16, "initializer_range": 0.1,
            "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}"#,
    )
    .unwrap()
}

impl Objective for Small {
    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn batches(&mut self, step: u64) -> Result<Vec<Batch>> {
        let mut stream = Stream::nth(2, "data", step);
        let ids = Array2::from_shape_simple_fn((ROWS, TOKENS), || 5 + stream.below(25) as i64);
        let places: Vec<i64> =
            stream.sample(ROWS * TOKENS, GUESSED).iter().map(|&place| place as i64).collect();
        let labels: Vec<i64> =
            places.iter().map(|&at| ids[(at as usize / TOKENS, at as usize % TOKENS)]).collect();
        Ok(vec![Batch {
            sizes: vec![("batch".into(), ROWS), ("tokens".into(), TOKENS), ("masked".into(), GUESSED)],
            feeds: vec![
                (bert::IDS.into(), ids.into_dyn().into()),
                (bert::MASK.into(), Array2::<i64>::ones((ROWS, TOKENS)).into_dyn().into()),
                (bert::PLACES.into(), Array1::from_vec(places).into_dyn().into()),
                (bert::LABELS.into(), Array1::from_vec(labels).into_dyn().into()),
                (
                    bert::LOSS_WEIGHTS.into(),
                    Array1::from_elem(GUESSED, 1.0 / GUESSED as f32).into_dyn().into(),
                ),
            ],
            tokens: (ROWS * TOKENS) as u64,
            examples: ROWS as u64,
        }])
    }

    fn identity(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

fn small(runtime: &'static Runtime, home: Home, precision: Precision) -> Trainer<Small> {
    let config = config();
    let graph = bert::masked_language_model(&config, "batch".into(), "tokens".into(), "masked".into());
    let model = Model::random(config, Heads { language_model: true, pooler: false }, 1);
    let parameters: Vec<Parameter> = model.weights().iter().map(|weight| weight.parameter.clone()).collect();
    let mut options = TrainerOptions::new(3, Schedule::new(1e-3, 2, STEPS, Decay::Linear).unwrap());
    (options.home, options.precision) = (home, precision);
    Trainer::new(runtime, Small { graph: graph.unwrap() }, parameters, options, |index, values| {
        values.copy_from_slice(&model.values(index)?);
        Ok(())
    })
    .unwrap()
}

#[test]
fn a_small_bert_is_trained_alike() {
    let Some(runtime) = runtime() else { return };
    let process = followed(&mut small(runtime, Home::Process, Precision::Single), STEPS);
    let device = followed(&mut small(runtime, Home::Device, Precision::Single), STEPS);
    agree(&device.0, &process.0, 1e-5);
    assert!(process.0[19][0] < process.0[0][0], "{:?}", process.0);
}

/// Half precision with whole weights: on the processor 16 bits with 11 of mantissa run, and stand for the others.
#[test]
fn half_precision_follows_the_whole() {
    let Some(runtime) = runtime() else { return };
    let whole = followed(&mut small(runtime, Home::Device, Precision::Single), STEPS);
    let half = followed(&mut small(runtime, Home::Device, Precision::F16), STEPS);
    assert_ne!(half.0, whole.0);
    for (half, whole) in half.0.iter().zip(&whole.0) {
        assert!((half[0] / whole[0] - 1.0).abs() < 0.01, "{} and {}", half[0], whole[0]);
    }
}
