//! Bundles made of model folders, and models of dynamic plugins: checked, run and trained.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use dlm_graph::{Attributes, DataType, Dim, Graph, Tensor};
use serde_json::Value;
use tempfile::TempDir;

/// A byte-pair encoding of few merges, with DNABERT-2's special tokens.
const TOKENIZER: &str = r#"{"version": "1.0", "truncation": null, "padding": null,
    "added_tokens": [
        {"id": 0, "content": "[UNK]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 1, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 2, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 3, "content": "[PAD]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 4, "content": "[MASK]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
    "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
    "model": {"type": "BPE", "dropout": null, "unk_token": "[UNK]", "continuing_subword_prefix": null,
        "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
        "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "[PAD]": 3, "[MASK]": 4,
            "A": 5, "C": 6, "G": 7, "T": 8, "TT": 9, "AC": 10, "TTT": 11, "ACG": 12},
        "merges": ["T T", "A C", "TT T", "AC G"]}}"#;

/// What a case does to a graph that is good.
type Change = fn(&mut Graph);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

struct User(TempDir);

impl User {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    fn dlm(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_dlm"))
            .current_dir(self.0.path())
            .env("XDG_DATA_HOME", self.0.path().join("data"))
            .env_remove("DLM_PLUGIN_PATH")
            .args(arguments)
            .output()
            .unwrap()
    }

    /// Copies a model folder of the tests, with a tokenizer.
    fn model(&self, from: &Path, tokenizer: bool) -> PathBuf {
        let folder = self.0.path().join("model");
        fs::create_dir_all(&folder).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        if tokenizer {
            fs::write(folder.join("tokenizer.json"), TOKENIZER).unwrap();
        }
        folder
    }

    fn convert(&self) -> Result<(), String> {
        let made = self.dlm(&["plugin", "new", "mine", "--from-huggingface", "model"]);
        if !made.status.success() {
            return Err(text(&made.stderr));
        }
        for path in [self.0.path().join("mine"), self.0.path().join("mine/model.onnx")] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Ok(())
    }

    /// Returns rules and how they ended.
    fn check(&self, more: &[&str]) -> Vec<(String, String, String)> {
        let output = self.dlm(&[&["plugin", "check", "mine", "--json", "--limit", "60"], more].concat());
        let answer: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)));
        let field = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let row = |row: &Value| (field(row, "id"), field(row, "status"), field(row, "reason"));
        answer["checks"].as_array().unwrap().iter().map(row).collect()
    }

    /// Every rule holds, and the graph is trained: its gradients are right, and its loss falls.
    fn holds_every_rule(&self, more: &[&str]) {
        let rows = self.check(more);
        let bad: Vec<_> = rows.iter().filter(|row| row.1 == "failed" || row.1 == "crashed").collect();
        assert!(bad.is_empty(), "{bad:?}");
        for rule in ["E3", "E4", "G1", "G3", "G5"] {
            assert!(rows.iter().any(|row| row.0 == rule && row.1 == "passed"), "{rule}: {rows:?}");
        }
    }
}

fn runtime() -> bool {
    let found = dlm_runtime::Runtime::get();
    found.map_err(|error| println!("skipped: {error}")).is_ok()
}

/// A BERT that an exporter of PyTorch wrote, with token types and a pooled output beside the states; see
/// `tests/oracles/architectures/export.py`.
#[test]
fn an_export_becomes_a_bundle_that_is_fine_tuned() {
    if !runtime() {
        return;
    }
    let user = User::new();
    user.model(&root().join("benchmarks/harness/tests/exported"), true);
    user.convert().unwrap();
    let manifest = fs::read_to_string(user.0.path().join("mine/plugin.toml")).unwrap();
    assert!(manifest.contains("token_types = \"token_type_ids\"") && manifest.contains("max_tokens = 64"));
    user.holds_every_rule(&[]);
}

#[test]
fn weights_of_known_architectures_become_bundles() {
    if !runtime() {
        return;
    }
    for (name, tokenizer) in [("tiny", true), ("dnabert2", true), ("nt-v2", true), ("hyenadna", false)] {
        let user = User::new();
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
        let user = User::new();
        let mut graph = Graph::new(name);
        let ids = graph.input("input_ids", DataType::I64, axes()).unwrap();
        let table = graph.initialiser("table", Tensor::f32([13, 2], &[0.5; 26]).unwrap()).unwrap();
        let states = graph.node("Gather", "", &[Some(table), Some(ids)], Attributes::new(), 1).unwrap()[0];
        graph.rename(states, "states").unwrap();
        let last = graph.identity(states).unwrap();
        graph.output("last_hidden_state", last).unwrap();
        change(&mut graph);
        let folder = user.0.path().join("model");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("model.onnx"), graph.to_onnx().unwrap()).unwrap();
        fs::write(folder.join("tokenizer.json"), TOKENIZER).unwrap();
        let error = user.convert().unwrap_err();
        assert!(error.contains(reason), "{name}: {error}");
        assert!(!user.0.path().join("mine").exists(), "{name}");
    }
}

#[test]
fn folders_without_a_model_or_a_tokenizer_are_refused() {
    let user = User::new();
    fs::create_dir_all(user.0.path().join("model")).unwrap();
    assert!(user.convert().unwrap_err().contains("no model.onnx and no config.json"));
    fs::write(user.0.path().join("model/config.json"), r#"{"model_type": "mamba"}"#).unwrap();
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
    let plugins = ["dnabert2", "nucleotide-transformer", "hyenadna"];
    let packages = plugins.iter().flat_map(|name| ["-p".to_owned(), format!("dlm-plugin-{name}")]);
    let built = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["build", "--offline", "--message-format=json"])
        .args(packages)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", text(&built.stderr));
    let artefacts: Vec<PathBuf> = text(&built.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|name| name.as_str().map(PathBuf::from))
        .filter(|path| path.extension().is_some_and(|it| it == "so" || it == "dylib"))
        .collect();
    for name in plugins {
        let user = User::new();
        let folder = user.0.path().join("mine");
        fs::create_dir_all(&folder).unwrap();
        let stem = format!("libdlm_plugin_{}.", name.replace('-', "_"));
        let is_it = |path: &&PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(&stem);
        let library = artefacts.iter().find(is_it).unwrap_or_else(|| panic!("{name}: {artefacts:?}"));
        let copy = folder.join(library.file_name().unwrap());
        fs::copy(library, &copy).unwrap();
        fs::copy(root().join("plugins").join(name).join("plugin.toml"), folder.join("plugin.toml")).unwrap();
        for path in [&folder, &copy] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
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
