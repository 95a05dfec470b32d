//! Files: written and read again, malformed ones refused, external data kept within its folder.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use dlm_graph::{Attributes, DataType, ErrorKind, Graph, References, Tensor, interpret::Array};

fn example() -> Graph {
    let mut g = Graph::new("example");
    let x = g.input("x", DataType::F32, ["rows".into(), dlm_graph::Dim::Fixed(4)]).unwrap();
    let weight = g
        .initialiser("weight", Tensor::f32([4, 2], &[0.5, -1.0, 2.0, 0.0, 1.0, 1.0, -3.0, 4.0]).unwrap())
        .unwrap();
    let product = g.matmul(x, weight).unwrap();
    let parts = g.split(product, 1, &[1, 1]).unwrap();
    let attributes = Attributes::new().with("approximate", "tanh");
    let unit = g.node("Gelu", "", &[Some(parts[0])], attributes, 1).unwrap()[0];
    g.output("y", unit).unwrap();
    g
}

#[test]
fn a_graph_is_read_as_it_was_written() {
    let mut g = Graph::new("bert");
    let hidden = common::encoder(&mut g, common::TINY, 0.1).unwrap();
    g.output("hidden", hidden).unwrap();
    for g in [g, example()] {
        let bytes = g.to_onnx().unwrap();
        let again = Graph::from_onnx(&bytes, None).unwrap();
        assert_eq!(again.to_onnx().unwrap(), bytes);
        assert_eq!(again.shape(again.outputs()[0]).unwrap(), g.shape(g.outputs()[0]).unwrap());
    }
}

#[test]
fn weights_become_parameters_and_back() {
    let mut g = Graph::from_onnx(&example().to_onnx().unwrap(), None).unwrap();
    let weight = g.find("weight").unwrap();
    let value = g.make_parameter(weight).unwrap();
    assert_eq!(g.parameters(), [weight]);
    let y = g.find("y").unwrap();
    let g = g.bind(&[("rows", 2)]).unwrap();
    let mut g = Graph::from_onnx(&g.to_onnx().unwrap(), None).unwrap();
    let (weight, y2) = (g.find("weight").unwrap(), g.find("y").unwrap());
    assert!(g.parameters().is_empty(), "a file does not say which inputs are weights");
    g.mark_parameter(weight).unwrap();
    let loss = g.reduce_sum(y2, &[], false).unwrap();
    let gradient = g.gradients(loss, &[weight]).unwrap()[0];
    let gradient = g.output("gradient", gradient).unwrap();
    assert_eq!(g.dims(gradient).unwrap(), [4, 2]);
    g.set_constant(weight, value.clone()).unwrap();
    assert!(g.set_constant(weight, Tensor::f32([2, 4], &[0.0; 8]).unwrap()).is_err());
    assert!(g.set_constant(y, value).is_err());
    let x = Array::reals(&[2, 4], vec![1.0; 8]).unwrap();
    assert_eq!(g.interpret(&[("x", x)]).unwrap().len(), 2);
}

#[test]
fn malformed_files_are_errors() {
    let error = Graph::from_onnx(b"not a model", None).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Protobuf(_)), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    assert!(Graph::from_onnx(b"", None).is_err());
    let bytes = example().to_onnx().unwrap();
    // Every prefix, and every byte turned: an error or a graph, never a panic.
    for length in 0..bytes.len() {
        drop(Graph::from_onnx(&bytes[..length], None));
    }
    for at in 0..bytes.len() {
        for mask in [1, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= mask;
            if let Ok(g) = Graph::from_onnx(&bytes, None) {
                drop(g.to_onnx());
            }
        }
    }
}

/// A tensor message of field `initializer`, with data in another file.
fn external(location: &str, offset: u64, length: u64) -> Vec<u8> {
    let field = |tag: u8, bytes: &[u8]| {
        let mut field = vec![tag << 3 | 2, bytes.len() as u8];
        field.extend(bytes);
        field
    };
    let entry =
        |key: &str, value: &str| field(13, &[field(1, key.as_bytes()), field(2, value.as_bytes())].concat());
    let tensor = [
        vec![1 << 3, 4, 2 << 3, 1],
        field(8, b"weight"),
        entry("location", location),
        entry("offset", &offset.to_string()),
        entry("length", &length.to_string()),
        vec![14 << 3, 1],
    ]
    .concat();
    let node = field(1, &[field(1, b"weight"), field(2, b"y"), field(4, b"Neg")].concat());
    let graph = [node, field(5, &tensor), field(12, &field(1, b"y"))].concat();
    [vec![1 << 3, 9], field(7, &graph), field(8, &[2 << 3, 20])].concat()
}

#[test]
fn references_are_found_without_reading_them() {
    let folder = std::env::temp_dir().join(format!("dlm-references-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("weights.bin"), [0; 20]).unwrap();
    let found = |location: &str, offset, length| References::of(&external(location, offset, length)).unwrap();
    let good = found("./weights.bin", 4, 16);
    assert_eq!((good.external.len(), good.weights), (1, 4));
    assert_eq!((good.external[0].tensor.as_str(), good.external[0].end), ("weight", Some(20)));
    assert_eq!(good.domains.iter().map(String::as_str).collect::<Vec<_>>(), [""]);
    assert_eq!(good.confined(&folder).unwrap().into_iter().collect::<Vec<_>>(), ["weights.bin"]);
    for (location, offset, why) in
        [("../weights.bin", 0, "outside"), ("/etc/passwd", 0, "outside"), ("weights.bin", 8, "ends at 20")]
    {
        let error = found(location, offset, 16).confined(&folder).unwrap_err().to_string();
        assert!(error.contains("tensor `weight`") && error.contains(why), "{error}");
    }
    assert!(References::of(&external("weights.bin", u64::MAX, 16)).is_err());
    assert!(References::of(b"\x3a\xff\xff\xff\xff\x0f").is_err(), "a graph longer than the file");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn external_data_stays_in_its_folder() {
    let folder = std::env::temp_dir().join(format!("dlm-graph-{}", std::process::id()));
    let inner = folder.join("model");
    std::fs::create_dir_all(&inner).unwrap();
    let bytes: Vec<u8> = [1f32, 2.0, 3.0, 4.0, 5.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    std::fs::write(inner.join("weights.bin"), &bytes).unwrap();
    std::fs::write(folder.join("secret.bin"), &bytes).unwrap();
    let read =
        |location: &str, offset, length| Graph::from_onnx(&external(location, offset, length), Some(&inner));
    let g = read("weights.bin", 4, 16).unwrap();
    let weight = g.find("weight").unwrap();
    assert_eq!(g.tensor(weight).unwrap().reals(), [2.0, 3.0, 4.0, 5.0]);
    std::fs::write(inner.join("model.onnx"), external("weights.bin", 0, 16)).unwrap();
    assert!(Graph::read(&inner.join("model.onnx")).is_ok());
    let refused = |location: &str, offset, length, why: &str| {
        let error = read(location, offset, length).unwrap_err().to_string();
        assert!(error.starts_with("ONNX model: tensor `weight`") && error.contains(why), "{error}");
    };
    refused("../secret.bin", 0, 16, "outside the model's folder");
    refused(folder.join("secret.bin").to_str().unwrap(), 0, 16, "outside the model's folder");
    refused("weights.bin", 8, 16, "ends at 20");
    refused("weights.bin", 0, 20, "takes 16");
    refused("weights.bin", u64::MAX, 16, "ends at 20");
    assert!(matches!(read("absent.bin", 0, 16).unwrap_err().kind(), ErrorKind::Io { .. }));
    assert!(Graph::from_onnx(&external("weights.bin", 0, 16), None).is_err());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.join("secret.bin"), inner.join("link.bin")).unwrap();
        refused("link.bin", 0, 16, "a link out of the model's folder");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn graphs_are_spliced() {
    let head = {
        let mut g = Graph::new("head");
        let hidden = g.input("hidden", DataType::F32, ["n".into(), dlm_graph::Dim::Fixed(1)]).unwrap();
        let weight = g.parameter("head.weight", [1, 3]).unwrap();
        let logits = g.matmul(hidden, weight).unwrap();
        g.output("logits", logits).unwrap();
        g
    };
    let mut g = example();
    let y = g.find("y").unwrap();
    let logits = g.append(&head, &[("hidden", y)]).unwrap()[0];
    assert_eq!(g.name_of(logits).unwrap(), "logits");
    assert_eq!(g.shape(logits).unwrap().to_string(), "[rows, 3]");
    assert_eq!(g.parameters().len(), 1);
    // A second copy gets new names and shares the parameter.
    let again = g.append(&head, &[("hidden", y)]).unwrap()[0];
    assert_ne!(g.name_of(again).unwrap(), "logits");
    assert_eq!(g.parameters().len(), 1);
    assert!(g.append(&head, &[("absent", y)]).is_err());
    g.clear_outputs();
    g.output("only", again).unwrap();
    g.prune().unwrap();
    assert!(g.find("logits").is_err());
    let feeds = [
        ("x", Array::reals(&[1, 4], vec![1.0; 4]).unwrap()),
        ("head.weight", Array::reals(&[1, 3], vec![1.0; 3]).unwrap()),
    ];
    assert_eq!(g.interpret(&feeds).unwrap()[0].dims(), [1, 3]);
}

#[test]
fn an_operator_that_is_not_known_is_kept() {
    let mut g = Graph::new("unknown");
    let x = g.parameter("x", [2]).unwrap();
    let shape = Some(dlm_graph::Shape::from([2]));
    let y = g
        .typed_node("Swirl", "org.example", &[Some(x)], Attributes::new(), &[(DataType::F32, shape)])
        .unwrap()[0];
    g.output("y", y).unwrap();
    let mut g = Graph::from_onnx(&g.to_onnx().unwrap(), None).unwrap();
    let (x, y) = (g.find("x").unwrap(), g.find("y").unwrap());
    let loss = g.reduce_sum(y, &[], false).unwrap();
    let error = g.gradients(loss, &[x]).unwrap_err();
    assert_eq!(error.to_string(), "no gradient rule for org.example:Swirl (`Swirl_0`)");
}

/// What the corpus of the fuzz target holds, and what is said of it.
#[test]
fn refusals_name_node_or_tensor() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/onnx_model");
    for (name, expected) in [
        (
            "branch",
            "node `choice` (If): attribute `else_branch`: a graph within the graph (If, Loop, Scan) is not supported",
        ),
        ("unsorted", "node `second` (Neg): takes `a`, which nothing before it makes"),
        (
            "old_softmax",
            "node `wide` (Softmax): axis 0 of opset 11 joins all axes behind it, which is not supported",
        ),
        ("complex", "tensor `odd`: element type 3 is not supported"),
        ("newer", "opset_import: opset 26; 11 to 23 are read: export the model with opset 20"),
        ("short", "tensor `cut`: 7 bytes for f32 [2], which takes 8"),
        ("huge", "tensor `huge`: [1099511627776, 1099511627776] has more elements than can be counted"),
        ("minus", "tensor `minus`: a negative dimension in [-1]"),
        ("no_output", "output `y`: nothing in the graph makes it"),
    ] {
        let error = Graph::read(&folder.join(name)).unwrap_err();
        assert_eq!(error.to_string(), format!("ONNX model: {expected}"));
    }
    let error = Graph::read(&folder.join("duplicate")).unwrap_err();
    assert_eq!(error.to_string(), "the graph already has a value named `a`");
}

#[test]
fn older_forms_mean_the_same() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/onnx_model");
    let g = Graph::read(&folder.join("old")).unwrap();
    // One axis squeezed of two, a dropout that is nothing, one row summed, and the softmax added.
    let x = Array::reals(&[1, 1, 2], vec![1.0, 1.0 + 3f64.ln()]).unwrap();
    let y = &g.interpret(&[("x", x)]).unwrap()[0];
    assert_eq!(y.dims(), [1, 2]);
    let y = y.to_reals();
    assert!((y[0] - 1.25).abs() < 1e-9 && (y[1] - 1.75 - 3f64.ln()).abs() < 1e-9, "{y:?}");
}
