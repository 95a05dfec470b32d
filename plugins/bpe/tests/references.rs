//! Merges as subword-nmt and Hugging Face tokenizers learn them.
//!
//! The golden files are written by `tests/oracles/bpe/train.py`, which records the versions.

#![expect(clippy::unwrap_used, reason = "a test may panic, and says what it skips")]

mod support;

use std::{fs, ops::ControlFlow, path::Path};

use dlm_plugin_bpe::{Ties, Trainer};
use serde_json::Value;

fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn check(case: &Value, runs: &[&[u8]]) -> usize {
    let merges = case["merges"].as_u64().unwrap() as usize;
    let mut compared = 0;
    for ties in [Ties::SubwordNmt, Ties::HuggingFace] {
        let Some(expected) = case[ties.name()].as_array() else { continue };
        for threads in [1, 2] {
            let trainer = Trainer { merges, ties, threads: Some(threads), ..Trainer::default() };
            let learned = trainer.train(runs, &mut |_| ControlFlow::Continue(())).unwrap();
            let learned: Vec<Value> = learned.merges().iter().map(|merge| merge.to_string().into()).collect();
            assert_eq!(&learned, expected, "{} on {runs:?}", ties.name());
        }
        compared += 1;
    }
    compared
}

#[test]
fn small_inputs() {
    let golden = golden("merges.json");
    let mut compared = 0;
    for case in golden["cases"].as_array().unwrap() {
        let runs: Vec<&[u8]> =
            case["runs"].as_array().unwrap().iter().map(|run| run.as_str().unwrap().as_bytes()).collect();
        compared += check(case, &runs);
    }
    assert!(compared >= 40, "only {compared} comparisons");
}

#[test]
fn real_sequence() {
    let golden = golden("merges-real.json");
    let Some(bases) = support::genome(golden["file"].as_str().unwrap()) else { return };
    let start = golden["start"].as_u64().unwrap() as usize;
    let length = golden["length"].as_u64().unwrap() as usize;
    assert_eq!(check(&golden, &[&bases[start..start + length]]), 2);
}
