//! Bundles made of model folders, and models of dynamic plugins: checked, run and trained.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

#[expect(dead_code, reason = "nothing is built in C here")]
mod user;

use std::{
    fs,
    path::{Path, PathBuf},
};

use dlm_graph::{Attributes, DataType, Dim, Graph, Tensor, Var};
use serde_json::Value;
use user::{DYNAMIC_MODELS, User, broken, dynamic_models, mine, root, runtime, status, text};

/// What a case does to a graph that is good.
type Change = fn(&mut Graph);

/// The weight of each token in the mean of its row, as a mask gives it.
type Weight = fn(&mut Graph, Var) -> dlm_graph::Result<Var>;

/// A byte-pair encoding of few merges, with DNABERT-2's special tokens.
fn tokenizer() -> PathBuf {
    root().join("benchmarks/harness/tests/exported/tokenizer.json")
}

/// Who has a model folder and makes a bundle of it.
struct Converter(User);

impl Converter {
    fn new() -> Self {
        Self(User::new())
    }

    /// Copies a model folder of the tests, with a tokenizer.
    fn model(&self, from: &Path, with_tokenizer: bool) -> PathBuf {
        let folder = self.0.path("model");
        fs::create_dir_all(&folder).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        if with_tokenizer {
            fs::copy(tokenizer(), folder.join("tokenizer.json")).unwrap();
        }
        folder
    }

    fn convert(&self) -> Result<(), String> {
        let made = self.0.dlm(&["plugin", "new", "mine", "--from-huggingface", "model"]);
        if !made.status.success() {
            return Err(text(&made.stderr));
        }
        mine([self.0.path("mine").as_path(), &self.0.path("mine/model.onnx")]);
        Ok(())
    }

    /// Every rule holds, and the graph is trained: its gradients are right, and its loss falls.
    fn holds_every_rule(&self, more: &[&str]) {
        let rows = self.0.check_with("mine", more);
        let bad: Vec<_> = rows.iter().filter(|row| row.1 == "failed" || row.1 == "crashed").collect();
        assert!(bad.is_empty(), "{bad:?}");
        for rule in ["E3", "E4", "G1", "G3", "G5"] {
            assert_eq!(status(&rows, rule), "passed", "{rule}: {rows:?}");
        }
    }
}

/// A BERT that an exporter of PyTorch wrote, with token types and a pooled output beside the states; see
/// `tests/oracles/architectures/export.py`.
#[test]
fn an_export_becomes_a_bundle_that_is_fine_tuned() {
    if !runtime() {
        return;
    }
    let user = Converter::new();
    user.model(&root().join("benchmarks/harness/tests/exported"), true);
    user.convert().unwrap();
    let manifest = fs::read_to_string(user.0.path("mine/plugin.toml")).unwrap();
    assert!(manifest.contains("token_types = \"token_type_ids\"") && manifest.contains("max_tokens = 64"));
    user.holds_every_rule(&[]);
}

#[test]
fn weights_of_known_architectures_become_bundles() {
    if !runtime() {
        return;
    }
    for (name, tokenizer) in [("tiny", true), ("dnabert2", true), ("nt-v2", true), ("hyenadna", false)] {
        let user = Converter::new();
        user.model(&root().join("models/nn/tests/golden").join(name), tokenizer);
        user.convert().unwrap_or_else(|error| panic!("{name}: {error}"));
        user.holds_every_rule(&[]);
    }
}

/// A graph that cannot be used is refused with the reason, and nothing is written.
#[test]
fn what_cannot_be_a_bundle_is_refused_with_the_reason() {
    let axes = || [Dim::symbol("batch"), Dim::symbol("tokens")];
    let cases: [(&str, Change, &str); 5] = [
        (
            "fixed",
            |g| drop(g.input("attention_mask", DataType::I64, [Dim::symbol("batch"), Dim::Fixed(512)])),
            "fixed at 512",
        ),
        (
            "four axes",
            |g| drop(g.input("attention_mask", DataType::I64, ["batch", "one", "tokens", "all"])),
            "not [batch, tokens]",
        ),
        ("other", |g| drop(g.input("inputs_embeds", DataType::F32, ["batch", "tokens"])), "inputs_embeds"),
        ("half", |g| drop(g.input("position_ids", DataType::F32, ["batch", "tokens"])), "not integers"),
        (
            "pooled",
            |g| {
                let states = g.find("states").unwrap();
                let pooled = g.reduce_mean(states, &[1], false).unwrap();
                let last = g.find("last_hidden_state").unwrap();
                g.rename(last, "all").unwrap();
                g.clear_outputs();
                g.output("last_hidden_state", pooled).unwrap();
            },
            "one pooled vector a row",
        ),
    ];
    for (name, change, reason) in cases {
        let user = Converter::new();
        let mut graph = Graph::new(name);
        let ids = graph.input("input_ids", DataType::I64, axes()).unwrap();
        let table = graph.initialiser("table", Tensor::f32([13, 2], &[0.5; 26]).unwrap()).unwrap();
        let states = graph.node("Gather", "", &[Some(table), Some(ids)], Attributes::new(), 1).unwrap()[0];
        graph.rename(states, "states").unwrap();
        let last = graph.identity(states).unwrap();
        graph.output("last_hidden_state", last).unwrap();
        change(&mut graph);
        let folder = user.0.path("model");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("model.onnx"), graph.to_onnx().unwrap()).unwrap();
        fs::copy(tokenizer(), folder.join("tokenizer.json")).unwrap();
        let error = user.convert().unwrap_err();
        assert!(error.contains(reason), "{name}: {error}");
        assert!(!user.0.path("mine").exists(), "{name}");
    }
}

/// A mask may say where tokens are or where padding is, or be added to scores: what it means is found out.
#[test]
fn masks_of_every_convention_become_one_of_tokens() {
    if !runtime() {
        return;
    }
    let plain: Weight = |_, mask| Ok(mask);
    let turned: Weight = |graph, mask| {
        let turned = graph.neg(mask)?;
        graph.add_scalar(turned, 1.0)
    };
    let ignored: Weight = |graph, mask| {
        let nothing = graph.mul_scalar(mask, 0.0)?;
        graph.add_scalar(nothing, 1.0)
    };
    let cases: [(&str, DataType, Weight, bool); 8] = [
        ("attention_mask", DataType::I64, plain, true),
        ("attention_mask", DataType::Bool, plain, true),
        ("mask", DataType::F32, plain, true),
        ("mask", DataType::F32, |graph, mask| graph.exp(mask), true),
        ("mask", DataType::Bool, turned, true),
        ("src_key_padding_mask", DataType::Bool, turned, true),
        ("padding_mask", DataType::I64, turned, true),
        ("attention_mask", DataType::I64, ignored, false),
    ];
    let mut states = Vec::new();
    for (name, dtype, weight, good) in cases {
        let user = Converter::new();
        let mut graph = Graph::new("masked");
        let axes = || [Dim::symbol("batch"), Dim::symbol("tokens")];
        let ids = graph.input("input_ids", DataType::I64, axes()).unwrap();
        let mask = graph.input(name, dtype, axes()).unwrap();
        let table: Vec<f32> = (0..26).map(|at| ((at * 7) % 11) as f32).collect();
        let table = graph.initialiser("table", Tensor::f32([13, 2], &table).unwrap()).unwrap();
        let words = graph.gather(table, ids, 0).unwrap();
        let mask = graph.cast(mask, DataType::F32).unwrap();
        let mask = weight(&mut graph, mask).unwrap();
        let mask = graph.unsqueeze(mask, &[2]).unwrap();
        let sum = graph.mul(words, mask).unwrap();
        let sum = graph.reduce_sum(sum, &[1], true).unwrap();
        let n = graph.reduce_sum(mask, &[1], true).unwrap();
        let mean = graph.div(sum, n).unwrap();
        let last = graph.add(words, mean).unwrap();
        graph.output("last_hidden_state", last).unwrap();
        let folder = user.0.path("model");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("model.onnx"), graph.to_onnx().unwrap()).unwrap();
        fs::copy(tokenizer(), folder.join("tokenizer.json")).unwrap();
        match user.convert() {
            Err(error) => {
                assert!(!good && error.contains("whatever its mask says"), "{name} {dtype:?}: {error}");
                continue;
            }
            Ok(()) => assert!(good, "{name} {dtype:?} is taken"),
        }
        let rows = user.0.check_with("mine", &["--only", "^[OEG]"]);
        assert!(broken(&rows).is_empty() && status(&rows, "E4") == "passed", "{name} {dtype:?}: {rows:?}");
        fs::write(user.0.path("reads.fa"), ">a\nACGTTGCANACGT\n>b\nGG\n").unwrap();
        user.0.good(&["plugin", "install", "mine"]);
        user.0.good(&[
            "embed", "--model", "mine", "--fasta", "reads.fa", "--pool", "mean", "--output", "a.npy",
        ]);
        states.push(fs::read(user.0.path("a.npy")).unwrap());
    }
    assert!(
        states.len() == 7 && states.iter().all(|it| *it == states[0]),
        "the same model gives other states"
    );
}

/// What could mean one thing or its opposite is not guessed where it cannot be tried.
#[test]
fn without_a_runtime_a_mask_that_is_open_is_refused() {
    let user = Converter::new();
    let mut graph = Graph::new("added");
    let axes = || [Dim::symbol("batch"), Dim::symbol("tokens")];
    let ids = graph.input("input_ids", DataType::I64, axes()).unwrap();
    let mask = graph.input("mask", DataType::F32, axes()).unwrap();
    let table = graph.initialiser("table", Tensor::f32([13, 2], &[0.5; 26]).unwrap()).unwrap();
    let words = graph.gather(table, ids, 0).unwrap();
    let mask = graph.unsqueeze(mask, &[2]).unwrap();
    let last = graph.mul(words, mask).unwrap();
    graph.output("last_hidden_state", last).unwrap();
    fs::create_dir_all(user.0.path("model")).unwrap();
    fs::write(user.0.path("model/model.onnx"), graph.to_onnx().unwrap()).unwrap();
    fs::copy(tokenizer(), user.0.path("model/tokenizer.json")).unwrap();
    let made = user
        .0
        .command(env!("CARGO_BIN_EXE_dlm"), &["plugin", "new", "mine", "--from-huggingface", "model"])
        .env("DLM_ONNXRUNTIME", root().join("no/such/library.so"))
        .output()
        .unwrap();
    let told = text(&made.stderr);
    assert!(!made.status.success() && told.contains("there is no ONNX Runtime"), "{told}");
    assert!(told.contains("hint: dlm runtime install"), "{told}");
}

#[test]
fn folders_without_a_model_or_a_tokenizer_are_refused() {
    let user = Converter::new();
    fs::create_dir_all(user.0.path("model")).unwrap();
    assert!(user.convert().unwrap_err().contains("no model.onnx and no config.json"));
    fs::write(user.0.path("model/config.json"), r#"{"model_type": "mamba"}"#).unwrap();
    assert!(user.convert().unwrap_err().contains("\"mamba\" is not built here"));
    user.model(&root().join("models/nn/tests/golden/dnabert2"), false);
    assert!(user.convert().unwrap_err().contains("has no tokenizer.json"));
}

/// The models that come as dynamic plugins, built as a user builds them, hold every rule with weights of the tests.
#[test]
fn dynamic_models_hold_every_rule() {
    if !runtime() {
        return;
    }
    let models = root().join("models/nn/tests/golden");
    let libraries = dynamic_models();
    for name in DYNAMIC_MODELS {
        let user = Converter::new();
        let folder = user.0.path("mine");
        fs::create_dir_all(&folder).unwrap();
        let stem = format!("libdlm_plugin_{}.", name.replace('-', "_"));
        let is_it = |path: &&PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(&stem);
        let library = libraries.iter().find(is_it).unwrap_or_else(|| panic!("{name}: {libraries:?}"));
        let copy = folder.join(library.file_name().unwrap());
        fs::copy(library, &copy).unwrap();
        fs::copy(root().join("plugins").join(name).join("plugin.toml"), folder.join("plugin.toml")).unwrap();
        mine([folder.as_path(), &copy]);
        let golden = if name == "nucleotide-transformer" { "nt-v2" } else { name };
        let model = user.model(&models.join(golden), true);
        let mut encoder = format!("{name}:{}", model.display());
        if name == "nucleotide-transformer" {
            // The small weights have few words; the whole vocabulary is drawn.
            let path = model.join("config.json");
            let mut config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            config["vocab_size"] = 4107.into();
            fs::remove_file(model.join("model.safetensors")).unwrap();
            fs::write(&path, config.to_string()).unwrap();
            encoder.push_str("+random");
        }
        let tokenizer = format!("dnabert2-bpe:{}", model.display());
        let mut more = vec!["--configure", &encoder];
        if name == "dnabert2" {
            more.extend(["--configure", &tokenizer]);
        }
        user.holds_every_rule(&more);
    }
}
