//! `dlm runtime install` and what the doctor says about ONNX Runtime.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{env, fs, path::Path};

use assert_cmd::Command;
use dlm::{
    context::{Cancellation, Context, Flags},
    data::Cache,
    runtime::install,
};
use dlm_runtime::Device;
use serde_json::Value;

fn doctor(library: &str, cache: &Path) -> Value {
    let output = Command::cargo_bin("dlm")
        .unwrap()
        .args(["doctor", "--json"])
        .env("DLM_ONNXRUNTIME", library)
        .env("DLM_CACHE", cache)
        .assert()
        .success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

fn row(answer: &Value) -> &Value {
    answer["findings"].as_array().unwrap().iter().find(|row| row["what"] == "ONNX Runtime").unwrap()
}

#[test]
fn the_doctor_says_that_the_library_is_missing_and_what_to_do() {
    let cache = tempfile::tempdir().unwrap();
    let answer = doctor("no/such/library.so", cache.path());
    let row = row(&answer);
    assert_eq!(row["state"], "missing");
    assert!(row["advice"].as_str().unwrap().contains("dlm runtime install"), "{row}");
    assert_eq!(answer["onnx_runtime"]["skipped"][0], "no/such/library.so (no such file)");
    assert_eq!(answer["onnx_runtime"]["devices"], Value::Array(vec![]));
}

#[test]
fn the_doctor_shows_the_library_and_its_devices() {
    let Ok(runtime) = dlm_runtime::Runtime::get() else {
        println!("skipped: ONNX Runtime was not found");
        return;
    };
    let cache = tempfile::tempdir().unwrap();
    let answer = doctor(runtime.library().path.to_str().unwrap(), cache.path());
    let row = row(&answer);
    assert_eq!(row["state"], "good", "{row}");
    assert!(row["found"].as_str().unwrap().starts_with(dlm_runtime::VERSION), "{row}");
    assert!(answer["onnx_runtime"]["devices"].as_array().unwrap().contains(&"cpu".into()));
}

#[test]
fn another_archive_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path().join("cache"));
    let archive = folder.path().join("onnxruntime.whl");
    fs::write(&archive, "not the published file").unwrap();
    let context = Context::new(Flags { quiet: true, ..Flags::default() }, Cancellation::default()).unwrap();
    let error = install(&context, &cache, Device::Cpu, Some(&archive)).unwrap_err();
    if dlm_runtime::library::wheel::Wheel::pinned(Device::Cpu, env::consts::OS, env::consts::ARCH).is_none() {
        assert!(error.to_string().contains("is pinned for"), "{error}");
        return;
    }
    assert!(error.to_string().contains("its sha256 is"), "{error}");
    let kept = dlm_runtime::library::cache_folder(cache.folder(), Device::Cpu);
    assert_eq!(fs::read_dir(kept).unwrap().count(), 0);
}
