//! Replays the corpus of the fuzz target.

use std::{fs, path::Path};

#[path = "../../../fuzz/src/tokenizer_json.rs"]
mod tokenizer_json;

#[test]
fn tokenizer_json_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/tokenizer_json");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        tokenizer_json::check(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 10, "the corpus has only {count} files");
}
