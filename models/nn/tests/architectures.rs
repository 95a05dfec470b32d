//! DNABERT-2, the Nucleotide Transformer and HyenaDNA against other programs, see `tests/oracles/architectures`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured or why it was skipped"
)]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use dlm_nn::{
    bert::{IDS, LOGITS, MASK},
    dnabert2::DnaBert2,
    esm::Esm,
    hyenadna::HyenaDna,
    network::{self, Builder, Network},
    weights::{Checkpoint, Element, write},
};
use dlm_runtime::{Input, Runtime, Session, SessionOptions};
use ndarray::{Array2, ArrayD, IxDyn};
use serde::Deserialize;

const MODELS: [(&str, Builder); 4] = [
    ("dnabert2", DnaBert2::build),
    ("nt-v1", Esm::build),
    ("nt-v2", Esm::build),
    ("hyenadna", HyenaDna::build),
];

#[derive(Deserialize)]
struct Golden {
    ids: Vec<Vec<i64>>,
    mask: Vec<Vec<i64>>,
    hidden: BTreeMap<usize, Vec<f64>>,
    logits: Vec<f64>,
    loss: f64,
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn read(folder: &Path) -> Golden {
    serde_json::from_str(&std::fs::read_to_string(folder.join("golden.json")).unwrap()).unwrap()
}

fn matrix(rows: &[Vec<i64>]) -> Array2<i64> {
    let flat: Vec<i64> = rows.iter().flatten().copied().collect();
    Array2::from_shape_vec((rows.len(), rows[0].len()), flat).unwrap()
}

/// Returns the library, or says that a test is skipped where there is none.
fn runtime() -> Option<&'static Runtime> {
    Runtime::get().map_err(|error| println!("skipped: {error}")).ok()
}

fn session(runtime: &Runtime, graph: &dlm_graph::Graph) -> Session {
    Session::from_bytes(runtime, "test", &graph.to_onnx().unwrap(), &SessionOptions::default()).unwrap()
}

/// Returns the largest difference at tokens.
fn worst(own: &ArrayD<f32>, reference: &[f64], mask: &Array2<i64>) -> f64 {
    assert_eq!(own.len(), reference.len());
    let width = own.len() / mask.len();
    let real = mask.iter().flat_map(|one| std::iter::repeat_n(*one == 1, width));
    let apart = own.iter().zip(reference).zip(real).filter(|(_, real)| *real);
    // A number that is none is as wrong as can be.
    apart
        .map(|((own, it), _)| (f64::from(*own) - it).abs())
        .fold(0.0, |worst: f64, apart| if apart.is_nan() { f64::INFINITY } else { worst.max(apart) })
}

/// Returns the largest difference of each layer, and of the logits.
fn errors(runtime: &Runtime, network: &Network, golden: &Golden, mask: &Array2<i64>) -> (Vec<f64>, f64) {
    let mut session = session(runtime, &network.whole_graph().unwrap());
    let (ids, real) = (matrix(&golden.ids), matrix(&golden.mask));
    let outputs = session.run(&[(IDS, Input::from(&ids)), (MASK, Input::from(mask))]).unwrap();
    let of = |name: &str, reference: &[f64]| {
        worst(&outputs.array::<f32>(name).unwrap().to_owned(), reference, &real)
    };
    let layers = golden.hidden.iter().map(|(layer, reference)| of(&format!("hidden.{layer}"), reference));
    let layers = layers.collect();
    let logits = if golden.logits.is_empty() { 0.0 } else { of(LOGITS, &golden.logits) };
    (layers, logits)
}

fn most(errors: &[f64]) -> f64 {
    errors.iter().copied().fold(0.0, f64::max)
}

#[test]
fn hidden_states_and_logits_are_those_of_other_programs() {
    let Some(runtime) = runtime() else { return };
    for (name, build) in MODELS {
        let folder = golden(name);
        let (network, _) = network::open(&folder, None, build).unwrap();
        let golden = read(&folder);
        let (layers, logits) = errors(runtime, &network, &golden, &matrix(&golden.mask));
        println!("{name}: hidden states at most {:.1e} apart, logits {logits:.1e}", most(&layers));
        assert!(layers.iter().all(|error| *error < 1e-4) && logits < 1e-4, "{name}: {layers:?} {logits}");
    }
}

/// The shapes that were published, where somebody made their outputs: `make.py FOLDER --published`.
#[test]
fn published_shapes_are_those_of_other_programs() {
    let Some(runtime) = runtime() else { return };
    let Some(folder) = std::env::var_os("DLM_TEST_PUBLISHED_SHAPES") else {
        println!("skipped: DLM_TEST_PUBLISHED_SHAPES names no folder");
        return;
    };
    for (name, build) in MODELS {
        let folder = Path::new(&folder).join(name);
        let (network, _) = network::open(&folder, None, build).unwrap();
        let golden = read(&folder);
        let (layers, _) = errors(runtime, &network, &golden, &matrix(&golden.mask));
        println!(
            "{name}: {} parameters, hidden states at most {:.1e} apart",
            network.parameters(),
            most(&layers)
        );
        assert!(layers.iter().all(|error| *error < 1e-4), "{name}: {layers:?}");
    }
}

/// A comparison that cannot fail says nothing: a mask that is not looked at is seen, and so is any one weight.
#[test]
fn slips_are_seen() {
    let Some(runtime) = runtime() else { return };
    for (name, build) in MODELS {
        let folder = golden(name);
        let golden = read(&folder);
        let mask = matrix(&golden.mask);
        let (network, _) = network::open(&folder, None, build).unwrap();
        if name != "hyenadna" {
            let (layers, _) = errors(runtime, &network, &golden, &Array2::ones(mask.raw_dim()));
            assert!(layers.last().unwrap() > &1e-2, "{name}: {layers:?}");
        }
        let (mut tensors, values) = tensors(&network);
        for (place, weight) in network.weights().iter().enumerate() {
            // Softmax does not see what is added to all of a token's scores, and segments beside the first are not used.
            let unseen = weight.parameter.name.ends_with("self.key.bias");
            if unseen || place % 3 != 1 {
                continue;
            }
            let changed: Vec<f32> = values[place].iter().map(|value| value * 1.5 + 0.1).collect();
            tensors[place].2.clone_from(&changed);
            let other = reopened(&folder, &tensors, build).unwrap();
            let (layers, logits) = errors(runtime, &other, &golden, &mask);
            assert!(
                layers.last().unwrap() > &1e-3 || logits > 1e-3,
                "{name}, {}: {layers:?}",
                weight.parameter.name
            );
            tensors[place].2.clone_from(&values[place]);
        }
    }
}

type Tensors = Vec<(String, Vec<usize>, Vec<f32>)>;

fn tensors(network: &Network) -> (Tensors, Vec<Vec<f32>>) {
    let values: Vec<Vec<f32>> = (0..network.weights().len()).map(|at| network.values(at).unwrap()).collect();
    let parts = network.weights().iter().zip(&values).map(|(weight, values)| {
        (weight.parameter.name.clone(), weight.parameter.shape.clone(), values.clone())
    });
    (parts.collect(), values)
}

/// Opens a network with a configuration and other tensors.
fn reopened(folder: &Path, tensors: &Tensors, build: Builder) -> dlm_sdk::Result<Network> {
    let other = tempfile::tempdir().unwrap();
    std::fs::copy(folder.join("config.json"), other.path().join("config.json")).unwrap();
    let parts: Vec<_> = tensors
        .iter()
        .map(|(name, shape, values)| (name.as_str(), shape.as_slice(), values.as_slice()))
        .collect();
    write(other.path().join("model.safetensors"), &parts, Element::F32).unwrap();
    network::open(other.path(), None, build).map(|(network, _)| network)
}

#[test]
fn missing_extra_and_misshapen_tensors_are_refused_by_name() {
    for (name, build) in MODELS {
        let folder = golden(name);
        let (network, _) = network::open(&folder, None, build).unwrap();
        let (whole, _) = tensors(&network);
        assert!(reopened(&folder, &whole, build).is_ok(), "{name}");
        let mut changed = whole.clone();
        let (lost, _, _) = changed.remove(4);
        changed.push(("some.adapter.weight".to_owned(), vec![1], vec![0.0]));
        let misshapen = &mut changed[0];
        let named = misshapen.0.clone();
        misshapen.1.push(1);
        let error = reopened(&folder, &changed, build).unwrap_err().chain();
        for part in
            [format!("missing {lost}"), "left over some.adapter.weight".into(), format!("{named} has shape")]
        {
            assert!(error.contains(&part), "{name}: {part}: {error}");
        }
        // Without weights there is a model only if a seed draws them.
        let empty = tempfile::tempdir().unwrap();
        std::fs::copy(folder.join("config.json"), empty.path().join("config.json")).unwrap();
        assert!(network::open(empty.path(), None, build).is_err());
        let (one, origin) = network::open(empty.path(), Some(3), build).unwrap();
        let (two, _) = network::open(empty.path(), Some(3), build).unwrap();
        assert_eq!((one.values(0).unwrap(), origin.as_str()), (two.values(0).unwrap(), "seed 3"));
    }
}

#[test]
fn names_of_other_publications_are_known() {
    let folder = golden("hyenadna");
    let (network, _) = network::open(&folder, None, HyenaDna::build).unwrap();
    let (mut other, values) = tensors(&network);
    let places = network.weights().iter().position(|it| it.parameter.name.ends_with(".1.freq")).unwrap();
    let shape = network.weights()[places].parameter.shape.clone();
    for (name, ..) in &mut other {
        *name = name.replace("hyena.", "model.").replace(".mixer.", ".mixer.layer.");
    }
    let copy = "model.backbone.layers.0.mixer.layer.filter_fn.implicit_filter.3.freq".to_owned();
    other.push((copy.clone(), shape.clone(), values[places].clone()));
    other.push(("model.lm_head.weight".to_owned(), vec![16, 16], values[0].clone()));
    let deltas: Vec<f32> = (0..16).map(|at| (0.01f32.ln() / 1.5) * (1.0 + 4.0 * at as f32 / 15.0)).collect();
    other.push((
        "model.backbone.layers.0.mixer.layer.filter_fn.modulation.deltas".to_owned(),
        vec![1, 1, 16],
        deltas,
    ));
    assert!(reopened(&folder, &other, HyenaDna::build).is_ok());
    let learned = other.len() - 1;
    other[learned].2[3] += 0.1;
    let error = reopened(&folder, &other, HyenaDna::build).unwrap_err().chain();
    assert!(error.contains("deltas holds"), "{error}");
    other[learned].2[3] -= 0.1;
    other[learned - 2].2[0] += 1.0;
    let error = reopened(&folder, &other, HyenaDna::build).unwrap_err().chain();
    assert!(error.contains(&copy) && error.contains("differs"), "{error}");
    // DNABERT-S leaves out the prefix and has no language-model head.
    let folder = golden("dnabert2");
    let (network, _) = network::open(&folder, None, DnaBert2::build).unwrap();
    let (mut other, _) = tensors(&network);
    other.retain(|(name, ..)| name.starts_with("bert."));
    for (name, ..) in &mut other {
        *name = name["bert.".len()..].to_owned();
    }
    assert!(reopened(&folder, &other, DnaBert2::build).is_ok());
}

/// The loss that the oracle describes, and its gradients.
#[test]
fn gradients_are_those_of_other_programs() {
    let Some(runtime) = runtime() else { return };
    for (name, build) in MODELS {
        let folder = golden(name);
        let (network, _) = network::open(&folder, None, build).unwrap();
        let golden = read(&folder);
        let (loss, worst) = gradient_errors(runtime, &network, &golden, &folder, 1.0);
        println!(
            "{name}: loss {loss} against {}, gradients at most {:.1e} apart ({})",
            golden.loss, worst.1, worst.0
        );
        assert!((f64::from(loss) - golden.loss).abs() < 1e-4 * golden.loss.abs().max(1.0), "{name}: {loss}");
        assert!(worst.1 < 1e-3, "{name}: {worst:?}");
        // A loss that is two parts in a thousand larger must be noticed.
        let (_, slip) = gradient_errors(runtime, &network, &golden, &folder, 1.002);
        assert!(slip.1 > 1e-3, "{name}: {slip:?}");
    }
}

/// Returns the loss, and the parameter whose gradient is furthest from the reference, by relative norm.
fn gradient_errors(
    runtime: &Runtime,
    network: &Network,
    golden: &Golden,
    folder: &Path,
    factor: f64,
) -> (f32, (String, f64)) {
    let (ids, mask) = (matrix(&golden.ids), matrix(&golden.mask));
    let graph = network.architecture().forward().unwrap();
    let mut graph = graph.bind(&[("batch", ids.nrows()), ("tokens", ids.ncols())]).unwrap();
    graph.remove_dropout().unwrap();
    let mut loss = None;
    for (output, wave) in [("hidden", f64::sin as fn(f64) -> f64), (LOGITS, f64::cos)] {
        let states = graph.find(output).unwrap();
        let dims = graph.dims(states).unwrap();
        let speed = if output == "hidden" { 0.37 } else { 0.23 };
        let share = if output == "hidden" { 1.0 } else { 0.125 };
        let weigh = |at: usize| {
            let real = mask.as_slice().unwrap()[at / dims[2]] as f64;
            real * share * factor * wave(speed * (at + 1) as f64)
        };
        let values: Vec<f64> = (0..dims.iter().product()).map(weigh).collect();
        let values = dlm_graph::Tensor::from_reals(dlm_graph::DataType::F32, dims, &values).unwrap();
        let values = graph.constant(values);
        let product = graph.mul(states, values).unwrap();
        let sum = graph.reduce_sum(product, &[], false).unwrap();
        loss = Some(loss.map_or(sum, |loss| graph.add(loss, sum).unwrap()));
    }
    let loss = loss.unwrap();
    let parameters = graph.parameters();
    let gradients = graph.gradients(loss, &parameters).unwrap();
    graph.clear_outputs();
    graph.output("loss", loss).unwrap();
    let mut names = Vec::new();
    for (parameter, gradient) in parameters.iter().zip(gradients) {
        let name = graph.name_of(*parameter).unwrap().to_owned();
        graph.output(&format!("gradient {name}"), gradient).unwrap();
        names.push(name);
    }
    let own: Vec<ArrayD<f32>> = network
        .weights()
        .iter()
        .enumerate()
        .map(|(at, weight)| {
            ArrayD::from_shape_vec(IxDyn(&weight.parameter.shape), network.values(at).unwrap()).unwrap()
        })
        .collect();
    let mut feeds = vec![(IDS, Input::from(&ids)), (MASK, Input::from(&mask))];
    for (weight, values) in network.weights().iter().zip(&own) {
        feeds.push((&weight.parameter.name, Input::from(values)));
    }
    let mut session = session(runtime, &graph);
    let outputs = session.run(&feeds).unwrap();
    let loss = outputs.array::<f32>("loss").unwrap().sum();
    let reference = Checkpoint::open(folder.join("gradients.safetensors")).unwrap();
    assert_eq!(reference.entries().len(), names.len());
    let mut worst = (String::new(), 0.0);
    for name in names {
        let gradient = outputs.array::<f32>(&format!("gradient {name}")).unwrap().to_owned();
        let mut truth = vec![0.0; gradient.len()];
        reference.read(&name, &mut truth).unwrap();
        let square = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
        let apart = square(&mut gradient.iter().zip(&truth).map(|(a, b)| f64::from(a - b))).sqrt();
        let norm = square(&mut truth.iter().map(|value| f64::from(*value))).sqrt();
        if norm < 1e-6 {
            // Biases of keys, where places do not turn them: softmax does not see what is added to all scores.
            assert!(name.ends_with("self.key.bias") && apart < 1e-4, "{name}: {apart}");
            continue;
        }
        let error = apart / norm;
        if error.is_nan() || error > worst.1 {
            worst = (name, error);
        }
    }
    (loss, worst)
}
