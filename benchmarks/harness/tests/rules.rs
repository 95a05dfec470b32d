//! Rules that need more than a flag of the bad plugin to be broken: files beside a graph, states that are known, foreign
//! operators.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

#[expect(dead_code, reason = "no benchmark is run here")]
mod user;

use std::{fmt::Write as _, fs, os::unix::fs::symlink, path::Path};

use dlm_graph::{Attributes, DataType, Graph, MICROSOFT, Shape, Tensor};
use dlm_nn::weights::{self, Element};
use sha2::{Digest as _, Sha256};
use user::{User, broken, have, root, runtime, status};

fn digest(path: &Path) -> String {
    dlm_sdk::hexadecimal(&Sha256::digest(fs::read(path).unwrap()))
}

/// Writes a manifest's digest of the graph anew, and lists further files.
fn list(folder: &Path, more: &[&str]) {
    let path = folder.join("plugin.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    let lines = manifest.lines().map(|line| {
        if line.starts_with("\"model.onnx\"") {
            let mut files =
                format!("\"model.onnx\" = {{ sha256 = \"{}\" }}", digest(&folder.join("model.onnx")));
            for file in more {
                let _ = write!(files, "\n\"{file}\" = {{ sha256 = \"{}\" }}", digest(&folder.join(file)));
            }
            files
        } else {
            line.to_owned()
        }
    });
    let manifest: Vec<String> = lines.collect();
    fs::write(path, manifest.join("\n") + "\n").unwrap();
}

/// Moves a weight of the template's graph, `dense.bias` of 32 bytes, into a file that the graph names.
fn move_out(folder: &Path, location: &str, length: u64) {
    let path = folder.join("model.onnx");
    let bytes = fs::read(&path).unwrap();
    let field = |tag: u8, bytes: &[u8]| [&[tag << 3 | 2, bytes.len() as u8], bytes].concat();
    let name = bytes.windows(12).position(|window| window == field(8, b"dense.bias")).unwrap();
    // The message of the weight has a head and its length, one length and its type before its name.
    let start = name - 6;
    assert_eq!(bytes[start], 5 << 3 | 2, "the weight is not where it was");
    let end = start + 2 + usize::from(bytes[start + 1]);
    let entry =
        |key: &str, value: &str| field(13, &[field(1, key.as_bytes()), field(2, value.as_bytes())].concat());
    let tensor = [
        vec![1 << 3, 8, 2 << 3, 1],
        field(8, b"dense.bias"),
        entry("location", location),
        entry("offset", "0"),
        entry("length", &length.to_string()),
        vec![14 << 3, 1],
    ]
    .concat();
    let message = field(5, &tensor);
    // The graph is the model's one long field: its length is written anew.
    let graph_at = bytes.iter().position(|&byte| byte == 7 << 3 | 2).unwrap();
    let mut length_end = graph_at + 1;
    while bytes[length_end] & 0x80 != 0 {
        length_end += 1;
    }
    let varint = &bytes[graph_at + 1..=length_end];
    let old: usize =
        varint.iter().enumerate().map(|(place, byte)| usize::from(byte & 0x7f) << (7 * place)).sum();
    let mut new = old - (end - start) + message.len();
    let mut model = bytes[..=graph_at].to_vec();
    while new > 0x7f {
        model.push((new & 0x7f) as u8 | 0x80);
        new >>= 7;
    }
    model.push(new as u8);
    model.extend_from_slice(&bytes[length_end + 1..start]);
    model.extend_from_slice(&message);
    model.extend_from_slice(&bytes[end..]);
    fs::write(path, model).unwrap();
}

/// O3: a graph reads listed files of its folder alone. Whoever breaks that breaks no other rule: the graph is not opened.
#[test]
fn graphs_read_no_files_but_their_own() {
    let floats: Vec<u8> = [0.5_f32; 8].iter().flat_map(|value| value.to_le_bytes()).collect();
    let cases: [(&str, u64, &str); 6] = [
        ("weights.bin", 32, ""),
        ("../secret.bin", 32, "outside the model's folder"),
        ("/etc/hostname", 32, "outside the model's folder"),
        ("link.bin", 32, "a link out of the model's folder"),
        ("unlisted.bin", 32, "which the manifest does not list"),
        ("weights.bin", 1 << 40, "ends at 32, before its data does"),
    ];
    for (location, length, wanted) in cases {
        let user = User::new();
        user.good(&["plugin", "new", "mine", "--kind", "bundle"]);
        let folder = user.path("mine");
        fs::write(user.path("secret.bin"), &floats).unwrap();
        for name in ["weights.bin", "unlisted.bin"] {
            fs::write(folder.join(name), &floats).unwrap();
        }
        symlink(user.path("secret.bin"), folder.join("link.bin")).unwrap();
        move_out(&folder, location, length);
        list(&folder, &["weights.bin"]);
        let rows = user.check("mine", "^[MOE]");
        let wrong = broken(&rows);
        if wanted.is_empty() {
            assert!(wrong.is_empty() && status(&rows, "O3") == "passed", "{rows:?}");
            continue;
        }
        assert!(
            wrong.len() == 1 && wrong[0].0 == "O3" && wrong[0].2.contains(wanted),
            "{location}: {wrong:?}"
        );
    }
}

/// E11: states that the author knows to be right.
#[test]
fn states_beside_the_manifest_are_compared() {
    if !have("cc") {
        return;
    }
    // The good plugin: the row of a table, and the mean of the rows; one token has twice its own.
    for (broken_by, wanted) in [(0.0, "passed"), (0.01, "failed")] {
        let user = User::new();
        let folder = user.build("tests/bad_plugins", "good", &[]);
        let (ids, mask) = ([2.0, 0.0], [1.0, 0.0]);
        let source = fs::read_to_string(root().join("tests/bad_plugins/plugin.c")).unwrap();
        assert!(source.contains(TABLE), "the table of the plugin is another one");
        let mut hidden: Vec<f32> =
            (0..4).map(|unit| 2.0 * ((2 * 7 + unit * 3) % 11) as f32 / 11.0 + broken_by).collect();
        // Padding counts for nothing.
        hidden.extend([9.0; 4]);
        fs::create_dir_all(folder.join("check")).unwrap();
        let tensors: [weights::Output<'_>; 3] = [
            ("input_ids", &[1, 2], &ids),
            ("attention_mask", &[1, 2], &mask),
            ("hidden", &[1, 2, 4], &hidden),
        ];
        weights::write(folder.join("check/hidden.safetensors"), &tensors, Element::F32).unwrap();
        let rows = user.check("good", "^E");
        assert_eq!(status(&rows, "E11"), wanted, "{rows:?}");
        let others: Vec<_> = broken(&rows).into_iter().filter(|row| row.0 != "E11").collect();
        assert!(others.is_empty(), "{others:?}");
    }
}

/// T10, O1 and O2: ids that the author knows to be others, an output that the graph has not, a special token that the
/// vocabulary has not.
#[test]
fn what_a_manifest_says_of_its_files_is_held_against_them() {
    let cases = [
        ("T10", "check/tokens.json", "2", "3", "has the ids"),
        ("O1", "plugin.toml", "\"last_hidden_state\"", "\"no_such_output\"", "it has no output"),
        ("O2", "plugin.toml", "\"[UNK]\"", "\"[NONE]\"", "the vocabulary of mine-bases has no token"),
    ];
    for (rule, file, from, to, reason) in cases {
        if rule == "O1" && !runtime() {
            continue;
        }
        let user = User::new();
        user.good(&["plugin", "new", "mine", "--kind", "bundle"]);
        let path = user.path("mine").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let rows = user.check("mine", "^[MOTE]");
        let wrong = broken(&rows);
        assert!(wrong.len() == 1 && wrong[0].0 == rule && wrong[0].2.contains(reason), "{rule}: {rows:?}");
    }
}

/// How `plugin.c` makes its table.
const TABLE: &str = "return (float)((id * 7 + unit * 3) % 11) / 11.0f;";

/// G4: an operator that is not the standard's, where no derivative has to go through it.
#[test]
fn operators_of_a_graph_that_is_handed_over_are_the_standards() {
    if !have("cc") || !runtime() {
        return;
    }
    let user = User::new();
    let mut graph = Graph::read(&root().join("tests/bad_plugins/forward.onnx")).unwrap();
    let zero = graph.constant(Tensor::f32([1, 1], &[0.0]).unwrap());
    let types = [(DataType::F32, Some(Shape::from([1, 1])))];
    let inputs = [Some(zero), Some(zero)];
    let fused = graph.typed_node("FusedMatMul", MICROSOFT, &inputs, Attributes::new(), &types).unwrap()[0];
    let hidden = graph.find("hidden").unwrap();
    graph.rename(hidden, "standard").unwrap();
    let sum = graph.add(hidden, fused).unwrap();
    graph.clear_outputs();
    graph.output("hidden", sum).unwrap();
    user.build_with_graph(&graph, &[]);
    let rows = user.check("plugin", "^[GE]");
    let wrong = broken(&rows);
    assert!(wrong.len() == 1 && wrong[0].0 == "G4" && wrong[0].2.contains(MICROSOFT), "{rows:?}");
}
