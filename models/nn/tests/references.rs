//! BERT against `transformers`, see `tests/oracles/nn/make.py`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may say what it skips, and fails by panicking"
)]

use std::path::{Path, PathBuf};

use dlm_nn::{
    bert::{self, Config, Heads, LABELS, LOSS, LOSS_WEIGHTS, MASK, Model, PLACES, Wanted},
    folder::Folder,
    weights::Checkpoint,
};
use dlm_runtime::{Input, Runtime, Session, SessionOptions};
use ndarray::{Array1, Array2, ArrayD, IxDyn};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

#[derive(Deserialize)]
struct Golden {
    ids: Vec<Vec<i64>>,
    #[serde(default)]
    mask: Vec<Vec<i64>>,
    #[serde(default)]
    places: Vec<i64>,
    #[serde(default)]
    labels: Vec<i64>,
    hidden: Vec<Vec<f64>>,
    logits: Vec<f64>,
    #[serde(default)]
    loss: f64,
    #[serde(default)]
    stride: usize,
    #[serde(default)]
    scale: f64,
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn read(name: &str) -> Golden {
    serde_json::from_str(&std::fs::read_to_string(golden(name)).unwrap()).unwrap()
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

fn run(
    runtime: &Runtime,
    model: &Model,
    wanted: Wanted,
    ids: &Array2<i64>,
    mask: &Array2<i64>,
) -> ArrayD<f32> {
    let mut session = session(runtime, &model.graph(wanted).unwrap());
    let outputs = session.run(&[(bert::IDS, Input::from(ids)), (MASK, Input::from(mask))]).unwrap();
    let name = if wanted == Wanted::Logits { bert::LOGITS } else { "hidden" };
    outputs.array::<f32>(name).unwrap().to_owned()
}

/// Returns the largest difference where the mask is one; all rows where there is no mask.
fn worst(own: &ArrayD<f32>, reference: &[f64], mask: &Array2<i64>) -> f64 {
    assert_eq!(own.len(), reference.len());
    let width = own.len() / mask.len();
    let real = mask.iter().flat_map(|one| std::iter::repeat_n(*one == 1, width));
    own.iter()
        .zip(reference)
        .zip(real)
        .filter(|(_, real)| *real)
        .fold(0.0, |worst: f64, ((own, it), _)| worst.max((f64::from(*own) - it).abs()))
}

#[test]
fn hidden_states_and_logits_are_those_of_transformers() {
    let Some(runtime) = runtime() else { return };
    let golden = (read("tiny.json"), Folder::open(golden("tiny")).unwrap());
    let (golden, model) = (golden.0, golden.1.model().unwrap());
    let (ids, mask) = (matrix(&golden.ids), matrix(&golden.mask));
    for (layer, reference) in golden.hidden.iter().enumerate() {
        let error = worst(&run(runtime, &model, Wanted::Layer(layer), &ids, &mask), reference, &mask);
        println!("hidden states of layer {layer}: at most {error:.1e} apart");
        assert!(error < 1e-5, "layer {layer}: {error}");
    }
    let error = worst(&run(runtime, &model, Wanted::Logits, &ids, &mask), &golden.logits, &mask);
    println!("logits: at most {error:.1e} apart");
    assert!(error < 1e-4, "{error}");
}

/// What other programs take gives all outputs at once, the same as one by one.
#[test]
fn the_whole_graph_gives_every_output() {
    let Some(runtime) = runtime() else { return };
    let (golden, folder) = (read("tiny.json"), Folder::open(golden("tiny")).unwrap());
    let (ids, mask) = (matrix(&golden.ids), matrix(&golden.mask));
    let model = folder.model().unwrap();
    let model = Model::from_values(
        folder.config().clone(),
        Heads::BOTH,
        bert::weights(folder.config(), Heads::BOTH)
            .iter()
            .map(|weight| {
                let own = model.weights().iter().position(|own| own.parameter.name == weight.parameter.name);
                own.map_or_else(|| weight.draw(1), |index| model.values(index).unwrap())
            })
            .collect(),
    )
    .unwrap();
    let graph = model.whole_graph().unwrap();
    assert!(graph.nodes().iter().all(|node| node.operator() != "Dropout"));
    let mut session = session(runtime, &graph);
    let names: Vec<_> = session.outputs().iter().map(|port| port.name.clone()).collect();
    assert_eq!(names, ["hidden.0", "hidden.1", "hidden.2", "hidden", "pooled", "logits"]);
    assert!(session.inputs().iter().all(|port| port.shape == [None, None]));
    let outputs = session.run(&[(bert::IDS, Input::from(&ids)), (MASK, Input::from(&mask))]).unwrap();
    for (layer, reference) in golden.hidden.iter().enumerate() {
        let own = outputs.array::<f32>(&format!("hidden.{layer}")).unwrap().to_owned();
        assert!(worst(&own, reference, &mask) < 1e-5);
    }
    let last = outputs.array::<f32>("hidden").unwrap().to_owned();
    assert!(worst(&last, &golden.hidden[2], &mask) < 1e-5);
    assert!(worst(&outputs.array::<f32>("logits").unwrap().to_owned(), &golden.logits, &mask) < 1e-4);
    // The pooler is a dense layer and tanh on the first token.
    let index = |name: &str| model.weights().iter().position(|it| it.parameter.name == name).unwrap();
    let weight = model.values(index("bert.pooler.dense.weight")).unwrap();
    let pooled = outputs.array::<f32>("pooled").unwrap();
    for (row, column) in [(0, 0), (1, 7)] {
        let sum: f32 = (0..16).map(|k| weight[column * 16 + k] * last[[row, 0, k]]).sum();
        assert!((pooled[[row, column]] - sum.tanh()).abs() < 1e-5);
    }
}

/// A comparison that cannot fail says nothing: what a slip would change is seen.
#[test]
fn slips_are_seen() {
    let Some(runtime) = runtime() else { return };
    let golden = (read("tiny.json"), Folder::open(golden("tiny")).unwrap());
    let (golden, folder) = golden;
    let (ids, mask) = (matrix(&golden.ids), matrix(&golden.mask));
    let model = folder.model().unwrap();
    let values: Vec<_> = (0..model.weights().len()).map(|index| model.values(index).unwrap()).collect();
    let error = |config: Config, values: Vec<Vec<f32>>, mask: &Array2<i64>| {
        let model = Model::from_values(config, model.heads(), values).unwrap();
        let logits = run(runtime, &model, Wanted::Logits, &ids, mask);
        worst(&logits, &golden.logits, &matrix(&golden.mask))
    };
    let config = folder.config();
    assert!(error(config.clone(), values.clone(), &mask) < 1e-4);
    let mut exchanged = values.clone();
    exchanged.swap(5, 7); // query and key
    let slips = [
        error(Config { heads: 2, ..config.clone() }, values.clone(), &mask),
        error(Config { layer_norm_eps: 1e-2, ..config.clone() }, values.clone(), &mask),
        error(config.clone(), exchanged, &mask),
        error(config.clone(), values, &Array2::ones(mask.raw_dim())),
    ];
    assert!(slips.iter().all(|slip| *slip > 1e-2), "{slips:?}");
}

#[test]
fn loss_and_gradients_are_those_of_double_precision() {
    let Some(runtime) = runtime() else { return };
    let golden_file = golden("tiny-gradients.safetensors");
    let (golden, folder) = (read("tiny.json"), Folder::open(golden("tiny")).unwrap());
    let (loss, errors) = gradient_errors(runtime, &golden, &folder.model().unwrap(), &golden_file, 1.0);
    println!("loss {loss} against {}, gradients at most {:.1e} apart ({})", golden.loss, errors.1, errors.0);
    assert!((f64::from(loss) - golden.loss).abs() < 1e-5 * golden.loss, "{loss} {}", golden.loss);
    assert!(errors.1 < 1e-5, "{errors:?}");
    // Labels that weigh one part in a thousand more must be noticed.
    let (_, slip) = gradient_errors(runtime, &golden, &folder.model().unwrap(), &golden_file, 1.001);
    assert!(slip.1 > 1e-4, "{slip:?}");
}

/// The last ONNX Runtime that differentiates graphs itself, 1.19.2, see `tests/oracles/nn/ort_training.py`.
#[test]
fn gradients_are_those_of_onnx_runtime_training() {
    let Some(runtime) = runtime() else { return };
    let (golden, folder) = (read("tiny.json"), Folder::open(golden("tiny")).unwrap());
    let reference = self::golden("tiny-gradients-ort.safetensors");
    let (loss, worst) = gradient_errors(runtime, &golden, &folder.model().unwrap(), &reference, 1.0);
    println!("gradients at most {:.1e} apart ({})", worst.1, worst.0);
    assert!((f64::from(loss) - 4.015_436_172).abs() < 1e-5);
    assert!(worst.1 < 1e-5, "{worst:?}");
}

/// Returns the loss, and the parameter whose gradient is furthest from the reference, by relative norm.
fn gradient_errors(
    runtime: &Runtime,
    golden: &Golden,
    model: &Model,
    reference: &Path,
    factor: f32,
) -> (f32, (String, f64)) {
    let (ids, mask) = (matrix(&golden.ids), matrix(&golden.mask));
    let config = Config { hidden_dropout: 0.0, attention_dropout: 0.0, ..model.config().clone() };
    let masked = golden.places.len() + 3;
    let graph =
        bert::masked_language_model(&config, "batch".into(), "tokens".into(), "masked".into()).unwrap();
    let sizes = [("batch", ids.nrows()), ("tokens", ids.ncols()), ("masked", masked)];
    let mut graph = graph.bind(&sizes).unwrap();
    let loss = graph.find(LOSS).unwrap();
    let parameters = graph.parameters();
    let gradients = graph.gradients(loss, &parameters).unwrap();
    graph.clear_outputs();
    graph.output(LOSS, loss).unwrap();
    let mut names = Vec::new();
    for (parameter, gradient) in parameters.iter().zip(gradients) {
        let name = graph.name_of(*parameter).unwrap().to_owned();
        graph.output(&format!("gradient {name}"), gradient).unwrap();
        names.push(name);
    }
    let own: Vec<(String, ArrayD<f32>)> = model
        .weights()
        .iter()
        .enumerate()
        .map(|(index, weight)| {
            let shape = IxDyn(&weight.parameter.shape);
            let values = ArrayD::from_shape_vec(shape, model.values(index).unwrap()).unwrap();
            (weight.parameter.name.clone(), values)
        })
        .collect();
    // Three more places than there are guessed tokens, which weigh nothing.
    let weight = factor / golden.places.len() as f32;
    let pad = |list: &[i64]| list.iter().copied().chain([0; 3]).collect::<Array1<i64>>();
    let (places, labels) = (pad(&golden.places), pad(&golden.labels));
    let weights: Array1<f32> =
        (0..masked).map(|at| if at < golden.places.len() { weight } else { 0.0 }).collect();
    let mut feeds = vec![
        (bert::IDS, Input::from(&ids)),
        (MASK, Input::from(&mask)),
        (PLACES, Input::from(&places)),
        (LABELS, Input::from(&labels)),
        (LOSS_WEIGHTS, Input::from(&weights)),
    ];
    for name in &names {
        let values = &own.iter().find(|(own, _)| own == name).unwrap().1;
        feeds.push((name, Input::from(values)));
    }
    let mut session = session(runtime, &graph);
    let outputs = session.run(&feeds).unwrap();
    let loss = outputs.array::<f32>(LOSS).unwrap().sum();
    let reference = Checkpoint::open(reference).unwrap();
    assert_eq!(reference.entries().len(), names.len());
    let mut worst = (String::new(), 0.0);
    for name in names {
        let gradient = outputs.array::<f32>(&format!("gradient {name}")).unwrap().to_owned();
        let mut truth = vec![0.0; gradient.len()];
        reference.read(&name, &mut truth).unwrap();
        let square = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
        let apart = square(&mut gradient.iter().zip(&truth).map(|(a, b)| f64::from(a - b)));
        let norm = square(&mut truth.iter().map(|value| f64::from(*value)));
        if name.ends_with("self.key.bias") {
            // Zero but for rounding: softmax does not see what is added to all scores.
            assert!(apart.sqrt() < 1e-7, "{name}: {apart}");
            continue;
        }
        let error = (apart / norm).sqrt();
        if error > worst.1 {
            worst = (name, error);
        }
    }
    (loss, worst)
}

/// Weights that follow from their names, as the oracle draws them.
fn formula(name: &str, size: usize, scale: f64) -> Vec<f32> {
    let digest = Sha256::digest(name);
    let seed = u64::from_le_bytes(digest[..8].try_into().unwrap());
    let base = if name.ends_with("LayerNorm.weight") { 1.0 } else { 0.0 };
    (0..size as u64)
        .map(|index| {
            let mut z = seed.wrapping_add(index).wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            (base + scale * ((z >> 40) as f64 / f64::from(1 << 24) - 0.5)) as f32
        })
        .collect()
}

#[test]
fn a_model_of_grovers_shape_is_that_of_transformers() {
    let Some(runtime) = runtime() else { return };
    let golden = read("grover.json");
    let config = dlm_nn::preset::get("grover").unwrap().model.config();
    let heads = Heads { language_model: true, pooler: false };
    let values: Vec<Vec<f32>> = bert::weights(&config, heads)
        .iter()
        .map(|weight| formula(&weight.parameter.name, weight.len(), golden.scale))
        .collect();
    let ids = matrix(&golden.ids);
    let mask = Array2::ones(ids.raw_dim());
    let model = Model::from_values(config, heads, values).unwrap();
    let some = |values: ArrayD<f32>| values.iter().copied().step_by(golden.stride).collect::<Vec<f32>>();
    let apart = |own: Vec<f32>, reference: &[f64]| {
        assert_eq!(own.len(), reference.len());
        own.iter().zip(reference).map(|(own, it)| (f64::from(*own) - it).abs()).fold(0.0, f64::max)
    };
    // Every layer shows in the last one; the first, a middle and the last are looked at.
    for layer in [0, 6, 12] {
        let error =
            apart(some(run(runtime, &model, Wanted::Layer(layer), &ids, &mask)), &golden.hidden[layer]);
        println!("hidden states of layer {layer}: at most {error:.1e} apart");
        assert!(error < 1e-4, "layer {layer}: {error}");
    }
    let error = apart(some(run(runtime, &model, Wanted::Logits, &ids, &mask)), &golden.logits);
    println!("logits: at most {error:.1e} apart");
    assert!(error < 1e-4, "{error}");
}
