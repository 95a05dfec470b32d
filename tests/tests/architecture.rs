//! The invariants of `docs/architecture.md` that a tool can see.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use dlm_tests::{files, from_root, root};

fn sources() -> Vec<(String, String)> {
    let read = |path: std::path::PathBuf| (from_root(&path), fs::read_to_string(&path).unwrap());
    files("rs").into_iter().map(read).collect()
}

fn manifests() -> Vec<(String, toml::Table)> {
    let read =
        |path: std::path::PathBuf| (from_root(&path), fs::read_to_string(&path).unwrap().parse().unwrap());
    files("toml").into_iter().filter(|path| path.ends_with("Cargo.toml")).map(read).collect()
}

/// Invariant 12: unsafe code has its rooms, and each block its reason.
#[test]
fn unsafe_code_lives_where_it_may() {
    let allowed = |path: &str| {
        path.ends_with("/simd.rs")
            || path.ends_with("/mmap.rs")
            || path.starts_with("sdk/abi/")
            || path.starts_with("sdk/src/border/")
            || path.starts_with("benchmarks/harness/src/plugin/loader/")
            || path.starts_with("models/runtime/")
    };
    let keyword = concat!("uns", "afe ");
    let offenders: Vec<_> = sources()
        .into_iter()
        .filter(|(path, text)| {
            !allowed(path)
                && text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(keyword))
        })
        .map(|(path, _)| path)
        .collect();
    assert!(offenders.is_empty(), "{keyword}outside its rooms: {offenders:?}");
}

/// Invariant 1: the SDK opens no file, no socket and no session.
#[test]
fn the_sdk_opens_nothing() {
    for (path, text) in sources() {
        if path.starts_with("sdk/src/") {
            for word in ["std::fs", "File::", "std::net", "Command::new", " ort::"] {
                assert!(!text.contains(word), "{path} names {word}");
            }
        }
    }
}

/// No plugin depends on another: they meet in the registry.
#[test]
fn no_plugin_imports_another() {
    for (path, manifest) in manifests() {
        if path.starts_with("plugins/") {
            let dependencies = manifest.get("dependencies").and_then(|table| table.as_table());
            for name in dependencies.into_iter().flat_map(|table| table.keys()) {
                assert!(!name.starts_with("dlm-plugin-") && name != "dlm", "{path} depends on {name}");
            }
        }
    }
}

/// Invariant 13: only the ONNX runtime's room names `ort`, so that nothing calls a library that is not there.
#[test]
fn only_the_runtime_names_ort() {
    let named: Vec<_> = manifests()
        .into_iter()
        .filter(|(_, manifest)| {
            ["dependencies", "dev-dependencies"]
                .iter()
                .any(|table| manifest.get(*table).and_then(|table| table.get("ort")).is_some())
        })
        .map(|(path, _)| path)
        .collect();
    assert_eq!(named, ["models/runtime/Cargo.toml"]);
}

/// Every crate takes the workspace's lints, edition and licence.
#[test]
fn every_crate_follows_the_workspace() {
    for (path, manifest) in manifests() {
        // The ABI has to compile with compilers that are older than the workspace's.
        if path == "Cargo.toml" || path.starts_with("fuzz/") || path.starts_with("sdk/abi/") {
            continue;
        }
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{path}");
        for key in ["version", "edition", "rust-version", "license"] {
            assert_eq!(manifest["package"][key]["workspace"].as_bool(), Some(true), "{path}: {key}");
        }
    }
}

/// A dependency has a reason on record.
#[test]
fn every_dependency_has_a_reason() {
    let reasons = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let mut missing = Vec::new();
    for (path, manifest) in manifests() {
        let tables = [
            manifest.get("dependencies"),
            manifest.get("dev-dependencies"),
            manifest.get("workspace").and_then(|workspace| workspace.get("dependencies")),
        ];
        for name in
            tables.into_iter().flatten().filter_map(|table| table.as_table()).flat_map(|table| table.keys())
        {
            let own = name == "dlm" || name.starts_with("dlm-");
            if !own && !reasons.contains(&format!("`{name}`")) {
                missing.push(format!("{name} ({path})"));
            }
        }
    }
    assert!(missing.is_empty(), "docs/dependencies.md gives no reason for {missing:?}");
}

/// One concept a file: what grows past 500 lines is split.
#[test]
fn no_file_is_too_long() {
    let long: Vec<_> =
        sources().into_iter().filter(|(_, text)| text.lines().count() > 500).map(|(path, _)| path).collect();
    assert!(long.is_empty(), "longer than 500 lines: {long:?}");
}

/// Nothing is left half done.
#[test]
fn nothing_is_left_half_done() {
    for (path, text) in sources() {
        if path.starts_with("tests/") {
            continue;
        }
        for mark in ["todo!(", "unimplemented!(", "#[ignore", "FIXME", "TODO"] {
            assert!(!text.contains(mark), "{path} holds {mark}");
        }
    }
}
