//! Replays the corpus of the fuzz target of benchmark files.

use std::{fs, path::Path};

#[path = "../../../fuzz/src/config.rs"]
mod config;

#[test]
fn config_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/config");
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 10, "the corpus has only {} files", files.len());
    for file in files {
        config::check(&fs::read(file).unwrap());
    }
}
