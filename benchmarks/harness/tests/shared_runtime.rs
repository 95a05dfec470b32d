//! Who runs a plugin's graph: the plugin itself, on the ONNX Runtime that the host hands over, or the host alone.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

#[expect(dead_code, reason = "models that come as plugins are built by other tests")]
mod user;

use std::{fs, process::Command};

use dlm_graph::Graph;
use user::{User, broken, cells, have, mine, root, runtime, status, text};

/// Its states are those of the bundle with the same graph, which the host runs, to the bit; and it holds every rule.
#[test]
fn a_plugin_in_c_runs_on_the_runtime_of_the_host() {
    if !have("cc") || !runtime() {
        return;
    }
    let user = User::new();
    user.good(&["plugin", "new", "my-model", "--kind", "bundle"]);
    user.good(&["plugin", "install", "my-model"]);
    let graph = format!("-DGRAPH=\"{}\"", user.path("my-model/model.onnx").display());
    let folder = user.build("tests/outside/c", "shared", &[&graph]);

    // It links no ONNX Runtime: there is none in the names it asks the loader for.
    let listed =
        Command::new("nm").args(["-D", "--undefined-only"]).arg(folder.join("libplugin.so")).output();
    let names = listed.map(|listed| text(&listed.stdout)).unwrap_or_default();
    assert!(!names.contains("Ort"), "{names}");

    let rows = user.check("shared", ".");
    assert!(broken(&rows).is_empty(), "{rows:?}");
    for rule in ["C9", "E2", "E3", "E4", "E6", "E9", "E10", "E12"] {
        assert_eq!(status(&rows, rule), "passed", "{rule}: {rows:?}");
    }

    user.trusted("shared", "org.example.shared-runtime");
    fs::write(user.path("reads.fa"), ">a\nACGTTGCANACGT\n>b\nGG\n>c\nTTTTACGACGACGACTTTGCA\n").unwrap();
    let states = |model: &str| {
        let name = format!("{model}.npy");
        user.good(&["embed", "--model", model, "--fasta", "reads.fa", "--pool", "mean", "--output", &name]);
        fs::read(user.path(&name)).unwrap()
    };
    let (by_host, by_plugin) = (states("my-model"), states("shared-runtime"));
    assert!(by_host.len() > 3 * 8 * 4 && by_host == by_plugin, "the states differ");
}

#[test]
fn where_there_is_no_runtime_the_plugin_is_told_so() {
    if !have("cc") {
        return;
    }
    let user = User::new();
    user.build("tests/outside/c", "shared", &["-DGRAPH=\"absent.onnx\""]);
    mine([user.path("shared").as_path()]);
    let arguments = ["plugin", "check", "shared", "--json", "--only", "C7"];
    let output = user
        .command(env!("CARGO_BIN_EXE_dlm"), &arguments)
        .env("DLM_ONNXRUNTIME", root().join("no/such/library.so"))
        .output()
        .unwrap();
    assert!(text(&output.stdout).contains("the host shares no ONNX Runtime"), "{}", text(&output.stdout));
}

/// `encode` is NULL: the graph is probed at every layer and fine-tuned by the host.
#[test]
fn a_plugin_that_cannot_encode_is_probed_at_every_layer_and_fine_tuned() {
    if !have("cc") || !runtime() {
        return;
    }
    let user = User::new();
    let mut graph = Graph::read(&root().join("tests/bad_plugins/forward.onnx")).unwrap();
    let (embedded, hidden) = (graph.find("embedded").unwrap(), graph.find("hidden").unwrap());
    for (name, var) in [("hidden.0", embedded), ("hidden.1", hidden)] {
        let copy = graph.identity(var).unwrap();
        graph.output(name, copy).unwrap();
    }
    user.build_with_graph(&graph, &["-DENCODE_NULL=1"]);
    let rows = user.check("plugin", "^[CGE]");
    assert!(broken(&rows).is_empty(), "{rows:?}");
    for (rule, ended) in
        [("E2", "passed"), ("E7", "passed"), ("G3", "passed"), ("G2", "skipped"), ("E12", "skipped")]
    {
        assert_eq!(status(&rows, rule), ended, "{rule}: {rows:?}");
    }
    user.trusted("plugin", "org.example.bad");
    fs::write(user.path("reads.fa"), ">a\nACGTTGCANACGT\n>b\nGGT\n").unwrap();
    let states = |layer: &str| {
        user.good(&[
            "embed", "--model", "averages", "--fasta", "reads.fa", "--layer", layer, "--output", "a.npy",
        ]);
        fs::read(user.path("a.npy")).unwrap()
    };
    assert!(states("0") != states("1") && states("1") == states("-1"));
    let modes = ["--json", "--mode", "probe,finetune", "--dropout", "0", "--max-steps", "2"];
    let cells = cells(&user.bench(&modes).output().unwrap());
    assert_eq!(cells.len(), 2);
    assert!(cells.iter().all(|cell| cell.1 == "done"), "{cells:?}");
}
