//! The example that the README shows runs, and a little order is found where a little order was planted.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

#[path = "../examples/first_steps.rs"]
#[expect(dead_code, reason = "its main is for the command line")]
mod first_steps;

/// A genome in which each base mostly decides the next.
fn planted(path: &std::path::Path) {
    let mut stream = dlm_sdk::random::Stream::new(5, "data");
    let mut state = 0_usize;
    let bases: String = (0..400_000)
        .map(|_| {
            state = if stream.below(4) == 0 { stream.below(4) } else { (state + 1) % 4 };
            char::from(dlm_sdk::dna::BASES[state])
        })
        .collect();
    fs::write(path, format!(">planted\n{bases}\n")).unwrap();
}

#[test]
fn the_example_runs() {
    let folder = tempfile::tempdir().unwrap();
    let fasta = folder.path().join("planted.fa");
    planted(&fasta);
    let (tokens, accuracy) = first_steps::run(fasta.to_str().unwrap()).unwrap();
    assert!(tokens > 10_000 && tokens < 200_000, "{tokens} tokens");
    // The chain is followed twice with probability (3/4 + 1/16)^2, two thirds; guessing reaches one sixteenth.
    assert!((0.6..0.75).contains(&accuracy), "accuracy {accuracy}");
}

#[test]
fn it_is_under_forty_lines() {
    let text = include_str!("../examples/first_steps.rs");
    let lines =
        text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//")).count();
    assert!(lines < 40, "{lines} lines");
}
