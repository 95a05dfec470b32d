//! `dlm model`: what is listed and shown, and folders in and out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use dlm_nn::{
    bert::{Config, Heads, Model},
    folder::{self, Folder, Tokenizer},
    weights::Element,
};
use serde_json::Value;

/// Writes a model of two layers over 2-mers.
fn write(path: &Path, rows: usize) -> Model {
    let config = Config::from_json(&format!(
        r#"{{"model_type": "bert", "vocab_size": {rows}, "hidden_size": 8, "num_hidden_layers": 2,
            "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 32}}"#
    ))
    .unwrap();
    let model = Model::random(config, Heads::BOTH, 3);
    folder::write(path, &model, Tokenizer::Spec("kmer:2"), Element::F32).unwrap();
    model
}

fn dlm(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dlm")).current_dir(folder).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_folder_goes_in_and_out_without_losing_a_bit() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let model = write(&place.join("published"), 25);
    let answer = json(&dlm(place, &["--json", "model", "import", "--from", "published", "--output", "mine"]));
    assert_eq!(answer["parameters"], model.parameters());
    assert_eq!(answer["tokenizer"], "kmer:2");
    json(&dlm(
        place,
        &["--json", "model", "export", "--model", "mine", "--format", "huggingface", "--output", "out"],
    ));
    for name in ["mine", "out"] {
        let read = Folder::open(place.join(name)).unwrap().model().unwrap();
        for index in 0..model.weights().len() {
            let bits = |model: &Model| -> Vec<u32> {
                model.values(index).unwrap().iter().map(|value| value.to_bits()).collect()
            };
            assert!(bits(&read) == bits(&model), "{name}: weight {index}");
        }
    }
    let shown = json(&dlm(place, &["--json", "model", "show", "mine"]));
    assert_eq!(shown["config"]["hidden_size"], 8);
    assert_eq!(shown["tokenizer"]["spec"], "kmer:2");
    json(&dlm(
        place,
        &["--json", "model", "export", "--model", "mine", "--format", "onnx", "--output", "onnx"],
    ));
    let bytes = fs::read(place.join("onnx/model.onnx")).unwrap();
    assert!(bytes.windows(9).any(|part| part == b"input_ids"));
    assert!(bytes.len() as u64 > 4 * model.parameters() / 2, "weights are in it");
}

#[test]
fn weights_are_halved_on_request() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let model = write(&place.join("mine"), 25);
    let export = ["--json", "model", "export", "--model", "mine", "--format", "huggingface"];
    json(&dlm(place, &[&export[..], &["--weights", "fp16", "--output", "half"]].concat()));
    let size = |name: &str| fs::metadata(place.join(name).join("model.safetensors")).unwrap().len();
    assert!(size("mine") - size("half") > 2 * model.parameters() * 9 / 10, "half of the bytes are gone");
    let read = Folder::open(place.join("half")).unwrap().model().unwrap();
    for index in 0..model.weights().len() {
        for (half, full) in read.values(index).unwrap().iter().zip(&*model.values(index).unwrap()) {
            assert!((half - full).abs() <= full.abs() / 2_048.0 + 3e-8, "{half} for {full}");
        }
    }
    let graph =
        ["model", "export", "--model", "mine", "--format", "onnx", "--weights", "fp16", "--output", "x"];
    let told = dlm(place, &graph);
    assert_eq!(told.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&told.stderr).contains("32 bits"));
}

#[test]
fn a_preset_tells_the_origin_of_its_numbers() {
    let place = tempfile::tempdir().unwrap();
    let listed = json(&dlm(place.path(), &["--json", "model", "list"]));
    let names: Vec<&str> =
        listed["presets"].as_array().unwrap().iter().filter_map(|preset| preset["name"].as_str()).collect();
    assert!(names.contains(&"grover") && names.contains(&"kmer-6-mini"), "{names:?}");
    let shown = json(&dlm(place.path(), &["--json", "model", "show", "grover"]));
    // The published checkpoint, pooler included.
    assert_eq!(shown["parameters"], 87_101_793);
    let output = dlm(place.path(), &["model", "show", "grover"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("as written") && text.contains("resolved"), "{text}");
}

#[test]
fn what_is_no_model_is_told() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    write(&place.join("narrow"), 24);
    write(&place.join("good"), 25);
    fs::create_dir(place.join("bare")).unwrap();
    fs::copy(place.join("good/config.json"), place.join("bare/config.json")).unwrap();
    let fails = |arguments: &[&str], expected: &str| {
        let output = dlm(place, arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(expected), "{told}");
    };
    fails(&["model", "import", "--from", "narrow", "--output", "x"], "25 tokens, the weights 24 rows");
    fails(&["model", "import", "--from", "good", "--output", "good"], "read and written at once");
    fails(&["model", "import", "--from", "missing", "--output", "x"], "missing");
    fails(&["model", "import", "--from", "bare", "--output", "x"], "bare");
    fails(&["model", "show", "grovr"], "grovr");
    fails(&["model", "curve", "good", "--output", "x"], "holds no training");
    // A twin is told whose windows it is to see.
    let twin = ["pretrain", "--preset", "kmer-6-mini", "--fasta", "missing.fa", "--output", "x"];
    fails(&twin, "--windows-of");
    assert!(!place.join("x").exists());
}
