//! A training that was interrupted and resumed gives the bits of one that was not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use dlm_train::{
    checkpoint,
    trainer::{Ending, Progress, Signal},
};
use support::{Toy, options, runtime, trainer, weights};

const STEPS: u64 = 14;
/// Set in the process that is killed: the folder it trains in.
const CHILD: &str = "DLM_TEST_TRAIN_IN";

fn toy() -> Toy {
    Toy { parts: 2, ..Toy::new(1, 0.3) }
}

/// The weights and the history of a training that was never interrupted, and what it wrote about itself.
fn whole(folder: &Path) -> (Vec<Vec<f32>>, String) {
    let runtime = runtime().unwrap();
    let mut trainer = trainer(runtime, toy(), options(STEPS, Some(folder))).unwrap();
    let summary = trainer.run(&mut |_| Signal::Continue).unwrap();
    assert_eq!(summary.ending, Ending::Finished);
    (weights(&mut trainer), format!("{:?}", trainer.history()))
}

/// Trains in a folder until it is told to stop; returns whether it went on from a checkpoint.
fn until(folder: &Path, stop: u64) -> (bool, Vec<Vec<f32>>, String) {
    let runtime = runtime().unwrap();
    let mut trainer = trainer(runtime, toy(), options(STEPS, Some(folder))).unwrap();
    let resumed = trainer.resumed();
    trainer
        .run(&mut |progress: &Progress<'_>| {
            if progress.report.step + 1 == stop { Signal::Stop } else { Signal::Continue }
        })
        .unwrap();
    (resumed, weights(&mut trainer), format!("{:?}", trainer.history()))
}

/// The losses a training wrote about itself, without the speeds.
fn metrics(folder: &Path) -> Vec<(u64, Option<f64>, Option<f64>)> {
    let text = fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            (value["step"].as_u64().unwrap(), value["loss"].as_f64(), value["validation_loss"].as_f64())
        })
        .collect()
}

#[test]
fn resuming_at_any_step_gives_the_same_bits() {
    if runtime().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let expected = whole(folder.path());
    let written = metrics(folder.path());
    for stop in [1, 3, 7, 13] {
        let again = tempfile::tempdir().unwrap();
        let (resumed, at_stop, _) = until(again.path(), stop);
        assert!(!resumed && at_stop != expected.0);
        let (resumed, weights, history) = until(again.path(), u64::MAX);
        assert!(resumed);
        assert!((weights, history) == expected, "stopped after {stop} steps");
        assert_eq!(metrics(again.path()), written);
    }
}

/// What the killed process does; by itself it does nothing.
#[test]
fn a_process_that_will_be_killed() {
    let Some(folder) = env::var_os(CHILD) else { return };
    let mut options = options(STEPS, Some(Path::new(&folder)));
    options.checkpoint_every = Some(1);
    let mut trainer = trainer(runtime().unwrap(), toy(), options).unwrap();
    trainer
        .run(&mut |progress: &Progress<'_>| {
            if progress.report.step > 5 {
                // Long enough to be killed in.
                thread::sleep(Duration::from_mins(1));
            }
            Signal::Continue
        })
        .unwrap();
}

#[test]
fn a_killed_process_is_resumed_to_the_same_bits() {
    if runtime().is_none() || env::var_os(CHILD).is_some() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let expected = whole(folder.path());
    let killed = tempfile::tempdir().unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_process_that_will_be_killed"])
        .env(CHILD, killed.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // A checkpoint stands after each of the first steps; the process is killed at some later moment.
    for _ in 0..600 {
        if checkpoint::path(killed.path()).exists() || child.try_wait().unwrap().is_some() {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(checkpoint::path(killed.path()).exists(), "it wrote no checkpoint in time");
    let mut options = options(STEPS, Some(killed.path()));
    options.checkpoint_every = Some(1);
    let mut trainer = trainer(runtime().unwrap(), toy(), options).unwrap();
    assert!(trainer.resumed() && trainer.steps() < STEPS);
    trainer.run(&mut |_| Signal::Continue).unwrap();
    assert!((weights(&mut trainer), format!("{:?}", trainer.history())) == expected);
}

#[test]
fn other_trainings_and_damaged_files_are_refused_with_a_reason() {
    let Some(runtime) = runtime() else { return };
    let folder = tempfile::tempdir().unwrap();
    until(folder.path(), 4);
    let path = checkpoint::path(folder.path());
    let other = trainer(runtime, Toy { seed: 2, ..toy() }, options(STEPS, Some(folder.path()))).unwrap_err();
    assert!(other.chain().contains("data seed was 1 and is 2"), "{}", other.chain());
    let longer = trainer(runtime, toy(), options(STEPS + 1, Some(folder.path()))).unwrap_err();
    assert!(longer.chain().contains("schedule was"), "{}", longer.chain());
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let damaged = trainer(runtime, toy(), options(STEPS, Some(folder.path()))).unwrap_err();
    assert!(damaged.chain().contains("the checkpoint is damaged"), "{}", damaged.chain());
    assert!(damaged.chain().contains(checkpoint::FILE), "{}", damaged.chain());
}
