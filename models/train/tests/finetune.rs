//! Fine-tuning small encoders: what can be learned is, and what cannot is not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use dlm_nn::bert::{self, Config, Heads, Model};
use dlm_runtime::{Runtime, SessionOptions};
use dlm_sdk::{ErrorKind, Graph, Parameter, Result, Trainable, random::Stream};
use dlm_train::{
    finetune::{
        ClassWeights, FinetuneOptions, Fitted, Frame, Labelled, Pool, Source, Targets, Tokens, fit, linear,
    },
    lora::Lora,
    optimiser::OptimiserOptions,
    trainer::Signal,
};
use ndarray::{Array2, ArrayViewMutD};
use support::runtime;

/// Classes of the linear layer.
const CLASSES: usize = 70;
const FRAME: Frame = Frame { prefix: Some(1), suffix: Some(2), pad: 0, most: Some(72) };

/// A small BERT that offers its graph, as a plugin does.
struct Small {
    model: Model,
    parameters: Vec<Parameter>,
    pooler: bool,
}

impl Small {
    fn new(layers: usize, pooler: bool, dropout: f32) -> Self {
        let config = Config::from_json(&format!(
            r#"{{"vocab_size": 12, "hidden_size": 32, "num_hidden_layers": {layers}, "num_attention_heads": 2,
                "intermediate_size": 64, "max_position_embeddings": 72,
                "hidden_dropout_prob": {dropout}, "attention_probs_dropout_prob": {dropout},
                "initializer_range": 0.1}}"#
        ));
        let model = Model::random(config.unwrap(), Heads { language_model: true, pooler }, 3);
        let parameters = model.weights().iter().map(|weight| weight.parameter.clone()).collect();
        Self { model, parameters, pooler }
    }
}

impl Trainable for Small {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn read(&mut self, index: usize, mut value: ArrayViewMutD<'_, f32>) -> Result<()> {
        let values = self.model.values(index)?;
        value.iter_mut().zip(values).for_each(|(to, from)| *to = from);
        Ok(())
    }

    fn forward(&self) -> Graph {
        let heads = Heads { language_model: true, pooler: self.pooler };
        let graph = bert::forward(self.model.config(), heads).unwrap();
        Graph::Bytes(Arc::from(graph.to_onnx().unwrap()))
    }
}

fn source(layers: usize, pooler: bool) -> Source {
    Source::from_trainable(&mut Small::new(layers, pooler, 0.0)).unwrap()
}

/// Rows of other lengths in which token 5 comes before token 6, or after it: frequencies say nothing.
fn order(n: usize, name: &str) -> Labelled {
    let mut stream = Stream::new(8, name);
    let (mut rows, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let length = 4 + stream.below(7);
        let mut row: Vec<u32> = (0..length).map(|_| 7 + stream.below(5) as u32).collect();
        let places = stream.sample(length, 2);
        let label = stream.below(2) as u32;
        (row[places[0]], row[places[1]]) = if label == 1 { (5, 6) } else { (6, 5) };
        rows.push(row);
        labels.push(label);
    }
    Labelled { tokens: Tokens { rows }, targets: Targets::Classes { labels, classes: 2 } }
}

fn options() -> FinetuneOptions {
    FinetuneOptions {
        seed: 1,
        rate: 3e-3,
        epochs: 12,
        batch: 16,
        warm_up: 20,
        head_dropout: 0.0,
        session: SessionOptions::default().threads(2),
        ..FinetuneOptions::default()
    }
}

fn train(
    runtime: &'static Runtime,
    source: Source,
    data: [Labelled; 2],
    options: &FinetuneOptions,
) -> Fitted {
    let [train, validation] = data;
    fit(runtime, source, FRAME, train, Some(validation), options, None, &mut |_| Signal::Continue).unwrap()
}

fn accuracy(fitted: &mut Fitted, test: &Labelled) -> f64 {
    let answers = fitted.predict(test.tokens.clone()).unwrap();
    let Targets::Classes { labels, .. } = &test.targets else { panic!("classes") };
    let right =
        answers.rows().into_iter().zip(labels).filter(|(row, label)| (row[1] > row[0]) == (**label == 1));
    right.count() as f64 / labels.len() as f64
}

fn shuffled(mut data: Labelled) -> Labelled {
    if let Targets::Classes { labels, .. } = &mut data.targets {
        Stream::new(4, "labels").shuffle(labels);
    }
    data
}

#[test]
fn what_only_order_tells_is_learned_and_shuffled_labels_are_not() {
    let Some(runtime) = runtime() else { return };
    let data = || [order(400, "train"), order(100, "validation")];
    let test = order(200, "test");
    for (pool, pooler) in [(Pool::Pooler, true), (Pool::Pooler, false), (Pool::Mean, false)] {
        let options = FinetuneOptions { pool, ..options() };
        let mut fitted = train(runtime, source(1, pooler), data(), &options);
        let reached = accuracy(&mut fitted, &test);
        assert!(reached > 0.9, "{pool:?} {reached} {:?}", fitted.facts());
    }
    let mut fitted = train(runtime, source(1, false), data().map(shuffled), &options());
    let reached = accuracy(&mut fitted, &test);
    assert!((0.35..0.65).contains(&reached), "{reached}");
}

/// Rows in which the class of a token is whether a 5 stands anywhere before it: its own state does not say so.
fn after(n: usize, name: &str) -> Labelled {
    let mut stream = Stream::new(9, name);
    let (mut rows, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let length = 4 + stream.below(7);
        let mut row: Vec<u32> = (0..length).map(|_| 6 + stream.below(6) as u32).collect();
        let place = stream.below(length);
        row[place] = 5;
        // The place itself has no class.
        labels.push((0..length).map(|at| if at == place { -1 } else { i32::from(at > place) }).collect());
        rows.push(row);
    }
    Labelled { tokens: Tokens { rows }, targets: Targets::Tokens { labels, classes: 2 } }
}

#[test]
fn tokens_get_classes_of_their_own() {
    let Some(runtime) = runtime() else { return };
    let options = FinetuneOptions { rows_at_once: Some(6), ..options() };
    let data = || [after(300, "train"), after(60, "validation")];
    let mut fitted = train(runtime, source(1, false), data(), &options);
    // The loss is a mean over the tokens that have a class, as PyTorch has it with -100.
    let [_, validation] = data();
    let Targets::Tokens { labels, .. } = &validation.targets else { panic!("tokens") };
    let answers = fitted.predict_tokens(validation.tokens.clone()).unwrap();
    let (mut sum, mut right, mut count) = (0.0, 0, 0);
    for (answer, labels) in answers.iter().zip(labels) {
        assert_eq!(answer.dim(), (labels.len(), 2));
        for (row, &label) in answer.rows().into_iter().zip(labels).filter(|(_, label)| **label >= 0) {
            assert!((row.sum() - 1.0).abs() < 1e-5);
            sum -= f64::from(row[label as usize].ln());
            right += usize::from((row[1] > row[0]) == (label == 1));
            count += 1;
        }
    }
    assert!(right as f64 > 0.9 * f64::from(count), "{right} of {count}");
    let least = fitted.facts().curve.iter().map(|point| point.loss).fold(f64::INFINITY, f64::min);
    assert!((sum / f64::from(count) - least).abs() < 1e-4, "{} {least}", sum / f64::from(count));
    let error = fitted.predict(validation.tokens.clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let folder = tempfile::tempdir().unwrap();
    fitted.save(folder.path()).unwrap();
    let mut opened = Fitted::open(runtime, folder.path(), dlm_runtime::Device::Cpu).unwrap();
    assert_eq!(opened.predict_tokens(validation.tokens).unwrap(), answers);
    // As many classes as tokens.
    let mut short = after(4, "train");
    short.tokens.rows[2].push(6);
    let go = &mut |_: &dlm_train::trainer::Progress<'_>| Signal::Continue;
    let error = fit(runtime, source(1, false), FRAME, short, None, &options, None, go).unwrap_err();
    assert!(error.to_string().contains("example 2"), "{error}");
}

/// Adapters learn what the whole encoder would, are gone afterwards, and nothing else of the encoder has moved.
#[test]
fn an_encoder_is_adapted_and_merged() {
    let Some(runtime) = runtime() else { return };
    let before = source(1, false);
    let lora =
        Lora { rank: 4, targets: ["query", "key", "value"].map(String::from).to_vec(), ..Lora::default() };
    let options = FinetuneOptions { lora: Some(lora), rate: 1e-2, ..options() };
    let mut fitted =
        train(runtime, source(1, false), [order(400, "train"), order(100, "validation")], &options);
    let test = order(200, "test");
    let reached = accuracy(&mut fitted, &test);
    assert!(reached > 0.8, "{reached} {:?}", fitted.facts());
    let folder = tempfile::tempdir().unwrap();
    fitted.save(folder.path()).unwrap();
    let mut opened = Fitted::open(runtime, folder.path(), dlm_runtime::Device::Cpu).unwrap();
    assert_eq!(opened.predict(test.tokens.clone()).unwrap(), fitted.predict(test.tokens).unwrap());
    let weights = fitted.weights();
    let parameters = weights.parameters();
    assert!(parameters.iter().all(|parameter| !parameter.name.contains("lora")));
    let encoder = Small::new(1, false, 0.0);
    for (index, parameter) in parameters.iter().enumerate() {
        let Some(at) = encoder.parameters.iter().position(|it| it.name == parameter.name) else { continue };
        let moved = weights.read(index).unwrap() != encoder.model.values(at).unwrap();
        let adapted = [".query.weight", ".key.weight", ".value.weight"];
        assert_eq!(moved, adapted.iter().any(|end| parameter.name.ends_with(end)), "{}", parameter.name);
    }
    assert_eq!(
        before.weights() + 32 * 32 + 32 + 32 * 2 + 2,
        parameters.iter().map(|it| it.shape.iter().product::<usize>() as u64).sum::<u64>()
    );
}

/// Alone, among others, in another order: an example's answer is its own.
#[test]
fn answers_do_not_depend_on_the_company() {
    let Some(runtime) = runtime() else { return };
    let mut few = options();
    few.most_steps = Some(10);
    let mut fitted = train(runtime, source(2, false), [order(64, "train"), order(16, "validation")], &few);
    let mut test = order(50, "test");
    for (at, row) in test.tokens.rows.iter_mut().enumerate() {
        // Some are so long that others beside them are padded to another size.
        row.extend((0..at % 5 * 14).map(|n| 7 + n as u32 % 5));
    }
    let together = fitted.predict(test.tokens.clone()).unwrap();
    for (at, row) in test.tokens.rows.iter().enumerate() {
        let alone = fitted.predict(Tokens { rows: vec![row.clone()] }).unwrap();
        for (a, b) in alone.row(0).iter().zip(together.row(at)) {
            assert!((a - b).abs() < 1e-5, "{at}: {a} {b}");
        }
        assert!((alone.sum() - 1.0).abs() < 1e-6);
    }
    let mut backwards = test.tokens;
    backwards.rows.reverse();
    let again = fitted.predict(backwards).unwrap();
    for (at, row) in again.rows().into_iter().rev().enumerate() {
        assert!((row[0] - together[(at, 0)]).abs() < 1e-5);
    }
}

#[test]
fn parts_of_a_batch_give_the_curve_of_the_whole() {
    let Some(runtime) = runtime() else { return };
    let run = |rows_at_once, class_weights| {
        let options =
            FinetuneOptions { rows_at_once, epochs: 2, validate_every: Some(3), class_weights, ..options() };
        let data = [order(60, "train"), order(20, "validation")];
        train(runtime, source(1, false), data, &options).facts().clone()
    };
    let weights = || ClassWeights::Given(vec![0.2, 3.0]);
    let (whole, parts, plain) =
        (run(None, weights()), run(Some(5), weights()), run(None, ClassWeights::None));
    assert_eq!((whole.examples, whole.steps, whole.epochs), (120, 8, 2.0));
    for (a, b) in whole.curve.iter().zip(&parts.curve) {
        assert!((a.loss - b.loss).abs() < 2e-4, "{} {}", a.loss, b.loss);
    }
    assert!((whole.curve[1].loss - plain.curve[1].loss).abs() > 1e-3);
}

#[test]
fn several_labels_and_numbers_are_learned() {
    let Some(runtime) = runtime() else { return };
    let holds = |row: &[u32], token: u32| f32::from(u8::from(row.contains(&token)));
    let labelled = |n, name: &str| {
        let Labelled { tokens, .. } = order(n, name);
        let labels = Array2::from_shape_fn((n, 3), |(at, label)| holds(&tokens.rows[at], 7 + label as u32));
        let values = tokens.rows.iter().map(|row| 100.0 + 10.0 * row.len() as f32).collect();
        (
            Labelled { tokens: tokens.clone(), targets: Targets::Labels(labels) },
            Labelled { tokens, targets: Targets::Values(values) },
        )
    };
    let (train_data, validation, test) =
        (labelled(300, "train"), labelled(60, "validation"), labelled(80, "test"));
    let options = FinetuneOptions { pool: Pool::Mean, ..options() };
    let mut fitted = train(runtime, source(1, false), [train_data.0, validation.0], &options);
    let answers = fitted.predict(test.0.tokens).unwrap();
    let Targets::Labels(labels) = test.0.targets else { panic!("labels") };
    let right =
        answers.iter().zip(&labels).filter(|(answer, label)| (**answer > 0.5) == (**label > 0.5)).count();
    assert!(right > 80 * 3 * 9 / 10, "{right}");
    let options = FinetuneOptions { pool: Pool::Pooler, ..options };
    let mut fitted = train(runtime, source(1, false), [train_data.1, validation.1], &options);
    let answers = fitted.predict(test.1.tokens).unwrap();
    let Targets::Values(values) = test.1.targets else { panic!("values") };
    let worst = answers.iter().zip(&values).map(|(answer, value)| (answer - value).abs()).fold(0.0, f32::max);
    assert!(worst < 12.0, "{worst}");
}

#[test]
fn a_criterion_chooses_the_weights_and_patience_ends_the_training() {
    let Some(runtime) = runtime() else { return };
    let options = FinetuneOptions { patience: Some(2), ..options() };
    let calls = std::cell::Cell::new(0.0);
    let rising = |answers: ndarray::ArrayView2<'_, f32>| {
        assert_eq!(answers.dim(), (20, 2));
        calls.set(calls.get() + 1.0);
        calls.get()
    };
    let fitted = fit(
        runtime,
        source(1, false),
        FRAME,
        order(64, "train"),
        Some(order(20, "validation")),
        &options,
        Some(&rising),
        &mut |_| Signal::Continue,
    );
    let facts = fitted.unwrap().facts().clone();
    assert_eq!((facts.best_epoch, facts.epochs, facts.early_stopped), (Some(1.0), 3.0, true));
    assert!(facts.list().iter().any(|fact| fact.name == "chosen epoch" && fact.value == "1.00"));
}

#[test]
fn a_stopped_training_is_cancelled_and_wrong_examples_are_told() {
    let Some(runtime) = runtime() else { return };
    let run = |train: Labelled, options: &FinetuneOptions| {
        fit(runtime, source(1, false), FRAME, train, None, options, None, &mut |_| Signal::Stop).unwrap_err()
    };
    assert_eq!(run(order(64, "train"), &options()).kind(), ErrorKind::Cancelled);
    let mut long = order(3, "train");
    long.tokens.rows[1] = vec![5; 71];
    assert_eq!(
        run(long, &options()).to_string(),
        "example 1 has 73 tokens with special ones, and the model takes 72"
    );
    let mut strange = order(3, "train");
    strange.targets = Targets::Classes { labels: vec![0, 1, 2], classes: 2 };
    assert!(run(strange, &options()).chain().contains("example 2: 2 is no target"));
    let mut fewer = order(3, "train");
    fewer.tokens.rows.pop();
    assert_eq!(run(fewer, &options()).to_string(), "2 training examples have 3 targets");
    let weights = FinetuneOptions { class_weights: ClassWeights::Given(vec![1.0]), ..options() };
    assert!(run(order(3, "train"), &weights).to_string().starts_with("1 class weights for 2 classes"));
}

#[test]
fn dropout_of_the_encoder_can_be_set() {
    let Some(runtime) = runtime() else { return };
    let curve = |dropout, share| {
        let source = Source::from_trainable(&mut Small::new(1, false, dropout)).unwrap();
        let options = FinetuneOptions { encoder_dropout: share, epochs: 1, ..options() };
        let data = [order(64, "train"), order(20, "validation")];
        train(runtime, source, data, &options).facts().curve[0].loss
    };
    assert_eq!(curve(0.1, Some(0.0)), curve(0.0, None));
    assert_eq!(curve(0.1, Some(0.3)), curve(0.3, None));
    assert_ne!(curve(0.1, None), curve(0.0, None));
    // An encoder without any dropout cannot be given some.
    assert!(source(1, false).set_dropout(0.0).is_ok());
    assert_eq!(source(1, false).set_dropout(0.5).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn a_linear_layer_tells_many_classes_apart() {
    let Some(runtime) = runtime() else { return };
    let mut stream = Stream::new(2, "centers");
    let centers = Array2::from_shape_simple_fn((CLASSES, 40), || stream.normal() as f32);
    let part = |n: usize, name: &str| {
        let mut stream = Stream::new(2, name);
        let labels: Vec<u32> = (0..n).map(|_| stream.below(CLASSES) as u32).collect();
        let features = Array2::from_shape_fn((n, 40), |(at, column)| {
            // One column is far larger than the others, and one says nothing at all.
            let scale = if column == 0 { 1000.0 } else { 1.0 };
            if column == 1 {
                5.0
            } else {
                scale * (centers[(labels[at] as usize, column)] + 0.3 * stream.normal() as f32)
            }
        });
        linear::LabelledFeatures { features, targets: Targets::Classes { labels, classes: CLASSES } }
    };
    let options = FinetuneOptions {
        rate: 0.02,
        epochs: 20,
        batch: 64,
        optimiser: OptimiserOptions { weight_decay: 1e-3, ..OptimiserOptions::default() },
        ..options()
    };
    let run = || {
        let (train, validation) = (part(1400, "train"), part(200, "validation"));
        let mut fitted =
            linear::fit(runtime, train, Some(validation), &options, None, &mut |_| Signal::Continue).unwrap();
        let test = part(300, "test");
        (fitted.predict(test.features.view()).unwrap(), test.targets)
    };
    let (answers, targets) = run();
    let Targets::Classes { labels, .. } = targets else { panic!("classes") };
    let best =
        |row: ndarray::ArrayView1<'_, f32>| (0..CLASSES).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
    let right =
        answers.rows().into_iter().zip(&labels).filter(|(row, label)| best(*row) == **label as usize).count();
    assert!(right > 285, "{right} of 300");
    assert_eq!(run().0, answers);
}
