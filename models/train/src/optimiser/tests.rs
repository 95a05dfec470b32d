//! Against PyTorch, and independence of the number of threads.

use dlm_sdk::random::Stream;

use super::*;

#[derive(Deserialize)]
struct Golden {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    method: Method,
    options: OptimiserOptions,
    rates: Vec<f64>,
    start: Vec<Vec<f32>>,
    decay: Vec<bool>,
    gradients: Vec<Vec<Vec<f32>>>,
    norms: Vec<f64>,
    end: Vec<Vec<f64>>,
}

fn parameters(lengths: &[usize], decay: &[bool]) -> Vec<Parameter> {
    let one = |(n, (length, decay)): (usize, (&usize, &bool))| Parameter {
        name: n.to_string(),
        shape: vec![*length],
        group: 0,
        decay: *decay,
    };
    lengths.iter().zip(decay).enumerate().map(one).collect()
}

fn views(values: &[Vec<f32>]) -> Vec<&[f32]> {
    values.iter().map(Vec::as_slice).collect()
}

/// PyTorch's `Adam` and `AdamW` with `clip_grad_norm_`, in double precision: see `tests/oracles/optimiser`.
#[test]
fn the_updates_are_those_of_pytorch() {
    let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/optimiser.json")).unwrap();
    assert!(golden.runs.len() >= 4);
    for run in golden.runs {
        let options = OptimiserOptions { method: run.method, ..run.options };
        let lengths: Vec<usize> = run.start.iter().map(Vec::len).collect();
        let parameters = parameters(&lengths, &run.decay);
        let mut optimiser = Optimiser::new(options, parameters.iter().map(|p| (p, 1.0))).unwrap();
        let mut weights = run.start.clone();
        for ((gradients, rate), norm) in run.gradients.iter().zip(&run.rates).zip(&run.norms) {
            let mut views_mut: Vec<&mut [f32]> = weights.iter_mut().map(Vec::as_mut_slice).collect();
            let update = optimiser.update(&mut views_mut, &views(gradients), *rate).unwrap();
            assert!((update.norm / norm - 1.0).abs() < 1e-6, "{} {norm}", update.norm);
        }
        for (ours, theirs) in weights.iter().flatten().zip(run.end.iter().flatten()) {
            assert!((f64::from(*ours) - theirs).abs() < 2e-6 * theirs.abs().max(1.0), "{ours} {theirs}");
        }
    }
}

#[test]
fn threads_change_nothing() {
    let mut stream = Stream::new(1, "weights");
    let start: Vec<Vec<f32>> =
        [3 * PIECE + 17, 5, PIECE].map(|n| (0..n).map(|_| stream.normal() as f32).collect()).to_vec();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let parameters = parameters(&[3 * PIECE + 17, 5, PIECE], &[true, false, true]);
            let mut optimiser =
                Optimiser::new(OptimiserOptions::default(), parameters.iter().map(|p| (p, 0.5))).unwrap();
            let mut weights = start.clone();
            for _ in 0..3 {
                let mut sums = weights.clone();
                accumulate(&mut sums, &views(&weights));
                let mut views_mut: Vec<&mut [f32]> = weights.iter_mut().map(Vec::as_mut_slice).collect();
                optimiser.update(&mut views_mut, &views(&sums), 1e-3).unwrap();
            }
            (weights, norm(&views(&start)))
        })
    };
    let one = run(1);
    assert_ne!(one.0, start);
    assert!(one == run(2) && one == run(3));
}

#[test]
fn a_gradient_that_is_no_number_changes_nothing() {
    let parameters = parameters(&[2], &[true]);
    let mut optimiser =
        Optimiser::new(OptimiserOptions::default(), parameters.iter().map(|p| (p, 1.0))).unwrap();
    let mut weights = [1.0_f32, 2.0];
    let error = optimiser.update(&mut [&mut weights], &[&[f32::NAN, 0.0]], 0.1).unwrap_err();
    assert!(error.hint().unwrap().contains("learning rate"));
    assert_eq!((weights, optimiser.updates()), ([1.0, 2.0], 0));
}

#[test]
fn numbers_that_make_no_optimiser_are_refused() {
    let options = OptimiserOptions { beta_2: 1.0, ..OptimiserOptions::default() };
    assert!(options.check().unwrap_err().to_string().starts_with("beta-2 is 1"));
    assert!(OptimiserOptions { clip: Some(0.0), ..OptimiserOptions::default() }.check().is_err());
}
