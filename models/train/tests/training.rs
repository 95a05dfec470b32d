//! Training a toy: the loss falls, and what is to change nothing changes nothing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use dlm_graph::Keep;
use dlm_runtime::SessionOptions;
use dlm_train::{
    step::{Batch, StepGraph, Weights},
    trainer::{Ending, Layers, Objective, Signal, Trainer},
};
use support::{Toy, options, runtime, trainer, weights};

fn go(_: &dlm_train::trainer::Progress<'_>) -> Signal {
    Signal::Continue
}

fn losses(trainer: &mut Trainer<Toy>, steps: usize) -> Vec<f64> {
    (0..steps).map(|_| trainer.step().unwrap().loss).collect()
}

#[test]
fn a_toy_is_learned() {
    let Some(runtime) = runtime() else { return };
    let mut trainer = trainer(runtime, Toy::new(1, 0.1), options(300, None)).unwrap();
    let first = trainer.validate().unwrap().unwrap();
    let summary = trainer.run(&mut go).unwrap();
    assert_eq!((summary.ending, summary.steps, summary.tokens), (Ending::Finished, 300, 7200));
    let last = trainer.history().last().unwrap();
    assert!(first.loss > 0.6 && last.loss < 0.35, "{first:?} {last:?}");
    assert!(last.metrics[0].1 > 0.85, "{last:?}");
    // The model has the weights of the best validation, not of the last.
    let best = trainer.history().iter().rfind(|validation| validation.best).unwrap().clone();
    assert_eq!(summary.best_step, Some(best.step));
    assert_eq!(trainer.validate().unwrap().unwrap().loss, best.loss);
}

/// The derivative of the loss by each weight, against the difference quotient of the loss itself.
#[test]
fn gradients_are_those_of_the_loss() {
    let Some(runtime) = runtime() else { return };
    let mut toy = Toy::new(1, 0.0);
    let batch: Batch = dlm_train::trainer::Objective::batches(&mut toy, 0).unwrap().remove(0);
    let mut trainer = trainer(runtime, toy, options(10, None)).unwrap();
    let model = trainer.model();
    model.gradients(&batch, 0, 0).unwrap();
    let gradients: Vec<Vec<f32>> =
        model.weights().gradients().unwrap().into_iter().map(<[f32]>::to_vec).collect();
    for (index, gradient) in gradients.iter().enumerate() {
        for at in [0, gradient.len() / 2, gradient.len() - 1] {
            let mut loss_at = |change: f32| {
                model.weights_mut().write(index).unwrap()[at] += change;
                let loss = model.gradients(&batch, 0, 0).unwrap();
                model.weights_mut().write(index).unwrap()[at] -= change;
                loss
            };
            let quotient = (loss_at(1e-2) - loss_at(-1e-2)) / 2e-2;
            assert!((quotient - gradient[at]).abs() < 1e-4, "{index} {at}: {quotient} {}", gradient[at]);
        }
    }
}

#[test]
fn the_same_threads_give_the_same_bits_and_others_nearly() {
    let Some(runtime) = runtime() else { return };
    let run = |threads: usize| {
        let mut options = options(20, None);
        options.session = SessionOptions::default().threads(threads);
        let mut trainer = trainer(runtime, Toy::new(1, 0.2), options).unwrap();
        (losses(&mut trainer, 20), weights(&mut trainer))
    };
    for threads in [1, 2] {
        assert!(run(threads) == run(threads), "{threads} threads");
    }
    for (one, three) in run(1).0.iter().zip(run(3).0) {
        assert!((one / three - 1.0).abs() < 1e-4, "{one} {three}");
    }
}

#[test]
fn parts_of_a_batch_add_up_to_the_whole() {
    let Some(runtime) = runtime() else { return };
    let run = |parts: usize| {
        let toy = Toy { parts, ..Toy::new(1, 0.0) };
        let mut trainer = trainer(runtime, toy, options(10, None)).unwrap();
        losses(&mut trainer, 10)
    };
    let whole = run(1);
    for parts in [2, 4] {
        for (whole, added) in whole.iter().zip(run(parts)) {
            assert!((whole / added - 1.0).abs() < 1e-5, "{parts} parts: {whole} {added}");
        }
    }
}

#[test]
fn dropout_differs_by_step_and_seed_and_is_off_in_validation() {
    let Some(runtime) = runtime() else { return };
    let mut toy = Toy::new(1, 0.5);
    let batch = dlm_train::trainer::Objective::batches(&mut toy, 0).unwrap().remove(0);
    let mut trainer = trainer(runtime, toy, options(10, None)).unwrap();
    let model = trainer.model();
    let mut at = |step, part| model.gradients(&batch, step, part).unwrap();
    assert_eq!(at(0, 0), at(0, 0));
    assert_ne!(at(0, 0), at(1, 0));
    assert_ne!(at(0, 0), at(0, 1));
    let plain = model.evaluate(&batch, &["loss"]).unwrap()[0].sum();
    // Half of the values dropped and the others doubled: the mean over many masks comes near the loss without.
    let mean = (0..400).map(|step| model.gradients(&batch, step, 0).unwrap()).sum::<f32>() / 400.0;
    assert!((mean - plain).abs() < 0.05, "{mean} {plain}");
}

#[test]
fn frozen_layers_stay_and_slow_ones_move_less() {
    let Some(runtime) = runtime() else { return };
    let moved = |layers: Layers| {
        let mut options = options(10, None);
        options.layers = layers;
        let mut trainer = trainer(runtime, Toy::new(1, 0.0), options).unwrap();
        let start = weights(&mut trainer);
        losses(&mut trainer, 4);
        let end = weights(&mut trainer);
        let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>();
        [0, 2].map(|index| distance(&start[index], &end[index]))
    };
    let [all, top] = moved(Layers::default());
    let [frozen, above] = moved(Layers { frozen: 1, ..Layers::default() });
    let [slow, _] = moved(Layers { decay: 0.1, ..Layers::default() });
    assert!(frozen == 0.0 && above > 0.0 && top > 0.0);
    assert!(slow < all * 0.2 && slow > 0.0, "{slow} {all}");
    let mut options = options(10, None);
    options.layers.frozen = 2;
    assert!(trainer(runtime, Toy::new(1, 0.0), options).is_err());
}

#[test]
fn training_stops_when_validation_has_not_become_better() {
    let Some(runtime) = runtime() else { return };
    let mut options = options(100, None);
    options.patience = Some(2);
    let toy = Toy { script: Some(vec![1.0, 0.5, 0.6, 0.7, 0.1]), ..Toy::new(1, 0.0) };
    let mut trainer = trainer(runtime, toy, options).unwrap();
    let summary = trainer.run(&mut go).unwrap();
    assert_eq!((summary.ending, summary.steps, summary.best_step), (Ending::EarlyStopped, 12, Some(6)));
}

#[test]
fn what_is_held_changes_no_bit() {
    let Some(runtime) = runtime() else { return };
    let run = |keep: Keep| {
        let mut options = options(20, None);
        options.keep = keep;
        // Rows enough for values that are worth computing again.
        let mut trainer = trainer(runtime, Toy { rows: 2048, ..Toy::new(1, 0.2) }, options).unwrap();
        (losses(&mut trainer, 5), weights(&mut trainer))
    };
    let whole = run(Keep::Everything);
    for keep in [Keep::Products, Keep::Long, Keep::Borders] {
        assert_eq!(run(keep), whole, "{keep:?}");
    }
}

/// Graphs of other sizes make room for each other, their tensors go with them, and numbers stay.
#[test]
fn graphs_beyond_a_bound_are_compiled_anew() {
    let Some(runtime) = runtime() else { return };
    let run = |most: usize| {
        let mut toy = Toy::new(1, 0.2);
        let weights = Weights::new(runtime, support::parameters(), |_| true).unwrap();
        let mut graph =
            StepGraph::new(runtime, toy.graph.clone(), weights, SessionOptions::default(), 3).holding(most);
        for index in 0..4 {
            support::fill(index, graph.weights_mut().write(index).unwrap());
        }
        let mut numbers = Vec::new();
        for step in 0..6 {
            toy.rows = 100 * (1 + step as usize % 3);
            let batch = Objective::batches(&mut toy, step).unwrap().remove(0);
            numbers.push(graph.gradients(&batch, step, 0).unwrap());
            numbers.push(graph.evaluate(&batch, &["loss"]).unwrap()[0].sum());
        }
        (numbers, graph.weights().bytes())
    };
    let ((all, many), (one, few)) = (run(10), run(1));
    assert_eq!(all, one);
    assert!(few * 2 < many, "{few} {many}");
}

#[test]
fn wrong_batches_are_told() {
    let Some(runtime) = runtime() else { return };
    let mut toy = Toy::new(1, 0.0);
    let good = dlm_train::trainer::Objective::batches(&mut toy, 0).unwrap().remove(0);
    let mut trainer = trainer(runtime, toy, options(10, None)).unwrap();
    let mut missing = good.clone();
    missing.feeds.remove(1);
    let error = trainer.model().gradients(&missing, 0, 0).unwrap_err();
    assert_eq!(error.to_string(), "the batch has no \"y\"");
    let mut short = good;
    short.sizes[0].1 = 5;
    let error = trainer.model().gradients(&short, 0, 0).unwrap_err();
    assert!(error.to_string().contains("has shape [24, 6], and the graph takes [5, 6]"), "{error}");
}
