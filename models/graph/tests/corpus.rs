//! Replays the corpus of the fuzz target.

use std::{fs, path::Path};

#[path = "../../../fuzz/src/onnx_model.rs"]
mod onnx_model;

#[test]
fn onnx_model_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/onnx_model");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        onnx_model::check(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 10, "the corpus has only {count} files");
}
