//! A random twin and a model folder as encoders.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may say what it skips, and fails by panicking"
)]

use dlm_nn::{
    bert::{Config, Heads, Model},
    folder::{self, Folder},
    weights::Element,
};
use dlm_plugin_grover as _;
use dlm_plugin_kmer as _;
use dlm_runtime::Runtime;
use dlm_sdk::{Encoder, ErrorKind, Registry, TokenTensor, conformance};
use ndarray::{Array2, Array3, s};

const TINY: &str = r#"{"vocab_size": 25, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 32, "max_position_embeddings": 24, "layer_norm_eps": 1e-12}"#;

/// Writes a small model over 2-mers.
fn model(seed: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let model = Model::random(Config::from_json(TINY).unwrap(), Heads::BOTH, seed);
    folder::write(folder.path(), &model, folder::Tokenizer::Spec("kmer:2"), Element::F32).unwrap();
    folder
}

/// Says that a test is skipped where there is no library to run graphs.
fn runs() -> bool {
    match Runtime::get() {
        Ok(_) => true,
        Err(error) => {
            println!("skipped: {error}");
            false
        }
    }
}

fn encode(encoder: &mut dyn Encoder, ids: &Array2<i64>, layer: usize) -> Array3<f32> {
    let mut hidden = Array3::zeros((ids.nrows(), ids.ncols(), encoder.spec().hidden));
    let mask = Array2::ones(ids.raw_dim());
    encoder
        .encode_layer(TokenTensor { ids: ids.view(), mask: mask.view() }, layer, hidden.view_mut())
        .unwrap();
    hidden
}

#[test]
fn a_folder_keeps_the_contract_of_encoders() {
    if !runs() {
        return;
    }
    let folder = model(3);
    let registry = Registry::builtin().unwrap();
    for spec in [folder.path().display().to_string(), format!("{}+random,seed=1", folder.path().display())] {
        let mut encoder = registry.encoder(&spec).unwrap();
        conformance::encoder(&mut *encoder).assert();
        assert_eq!((encoder.spec().prefix, encoder.spec().suffix), (Some(2), Some(3)));
        assert_eq!(encoder.spec().tokenizer, "kmer:2");
    }
}

#[test]
fn a_folder_gives_what_its_model_gives_and_a_twin_does_not() {
    if !runs() {
        return;
    }
    let (folder, other) = (model(3), model(4));
    let registry = Registry::builtin().unwrap();
    let path = |folder: &tempfile::TempDir| folder.path().display().to_string();
    let ids = Array2::from_shape_fn((2, 9), |(row, column)| ((row * 7 + column * 5) % 25) as i64);
    let hidden = |spec: &str| encode(&mut *registry.encoder(spec).unwrap(), &ids, 2);
    let fingerprint = |spec: &str| registry.encoder(spec).unwrap().spec().fingerprint.clone();
    // The folder's weights were drawn from seed 3: its twin of that seed is the model itself.
    assert_eq!(hidden(&path(&folder)), hidden(&format!("{}+random,seed=3", path(&folder))));
    assert_ne!(hidden(&path(&folder)), hidden(&format!("{}+random,seed=4", path(&folder))));
    assert_ne!(hidden(&path(&folder)), hidden(&path(&other)));
    assert_ne!(fingerprint(&path(&folder)), fingerprint(&path(&other)));
    assert_ne!(
        fingerprint(&format!("{}+random", path(&folder))),
        fingerprint(&format!("{}+random,seed=1", path(&folder)))
    );
}

#[test]
fn inner_layers_and_logits_are_given() {
    if !runs() {
        return;
    }
    let folder = model(3);
    let registry = Registry::builtin().unwrap();
    let mut encoder = registry.encoder(&folder.path().display().to_string()).unwrap();
    let ids = Array2::from_shape_fn((2, 9), |(row, column)| ((row * 7 + column * 5) % 25) as i64);
    let layers: Vec<_> = (0..=2).map(|layer| encode(&mut *encoder, &ids, layer)).collect();
    assert!(layers[0] != layers[1] && layers[1] != layers[2]);
    // The embeddings of a token do not depend on the others, those of a layer do.
    let mut changed = ids.clone();
    changed[[0, 8]] = 5;
    let first = |layer: usize, ids: &Array2<i64>, encoder: &mut dyn Encoder| {
        encode(encoder, ids, layer).slice(s![0, ..8, ..]).to_owned()
    };
    assert_eq!(first(0, &ids, &mut *encoder), first(0, &changed, &mut *encoder));
    assert_ne!(first(1, &ids, &mut *encoder), first(1, &changed, &mut *encoder));
    let mut logits = Array3::zeros((2, 9, 25));
    let mask = Array2::ones(ids.raw_dim());
    let tokens = TokenTensor { ids: ids.view(), mask: mask.view() };
    encoder.language_model().unwrap().logits(tokens, logits.view_mut()).unwrap();
    assert!(logits.iter().any(|logit| *logit != 0.0));
    let trainable = encoder.trainable().unwrap();
    assert_eq!(trainable.parameters()[0].shape, [25, 16]);
    let mut words = Array2::zeros((25, 16));
    trainable.read(0, words.view_mut().into_dyn()).unwrap();
    assert!(words.row(0).iter().all(|value| *value == 0.0) && words.row(1).iter().any(|value| *value != 0.0));
}

#[test]
fn what_does_not_fit_is_refused() {
    let registry = Registry::builtin().unwrap();
    let refused = |spec: &str| registry.encoder(spec).unwrap_err();
    assert_eq!(refused("grover-mini").kind(), ErrorKind::Unsupported);
    assert!(refused("grover-mini").hint().unwrap().contains("grover-mini+random"));
    assert!(refused("grover-mini+random").hint().unwrap().contains("tokenizer="));
    assert!(refused("grover-mimi+random").hint().is_some());
    let folder = model(3);
    let path = folder.path().display();
    assert!(refused(&format!("{path},seed=1")).hint().unwrap().contains("+random"));
    assert!(refused(&format!("{path},tokenizer=kmer:3")).chain().contains("73 ids"));
    std::fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    assert!(refused(&path.to_string()).chain().contains("model.safetensors"));
    assert!(registry.encoder(&format!("{path}+random")).is_ok());
}

#[test]
fn a_wrong_tensor_is_listed() {
    let folder = model(3);
    let config = TINY.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1");
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    let error = Folder::open(folder.path()).unwrap().model().unwrap_err().chain();
    assert!(error.contains("left over bert.encoder.layer.1.attention.output.LayerNorm.bias [16]"), "{error}");
    assert!(error.contains("and 4 more"), "{error}");
    let config = TINY.replace("\"intermediate_size\": 32", "\"intermediate_size\": 64");
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    let error = Folder::open(folder.path()).unwrap().model().unwrap_err().chain();
    assert!(
        error.contains("bert.encoder.layer.0.intermediate.dense.bias has shape [32], not [64]"),
        "{error}"
    );
    let config = TINY.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3");
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    let error = Folder::open(folder.path()).unwrap().model().unwrap_err().chain();
    assert!(error.contains("missing bert.encoder.layer.2.attention.self.query.weight [16, 16]"), "{error}");
}
