//! Finding the library: what is not it is told and skipped, and nothing panics.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says when it is skipped"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use dlm_runtime::{
    Device, Error, Runtime, Search,
    library::{self, Origin, Reason},
};

fn name() -> String {
    match env::consts::OS {
        "macos" => "libonnxruntime.1.31.1.dylib".into(),
        "windows" => "onnxruntime.dll".into(),
        _ => "libonnxruntime.so.1.31.1".into(),
    }
}

/// Builds a library that answers as ONNX Runtime of some version does, and can do nothing else.
fn pretender(folder: &Path, symbol: &str, version: &str) -> Option<PathBuf> {
    let source = folder.join("pretender.rs");
    let text = format!(
        r#"
        #[repr(C)] pub struct Base {{ api: extern "system" fn(u32) -> *const u8, version: extern "system" fn() -> *const u8 }}
        extern "system" fn api(_: u32) -> *const u8 {{ std::ptr::null() }}
        extern "system" fn version() -> *const u8 {{ c"{version}".as_ptr().cast() }}
        static BASE: Base = Base {{ api, version }};
        #[unsafe(no_mangle)] pub extern "system" fn {symbol}() -> &'static Base {{ &BASE }}
        "#
    );
    fs::write(&source, text).unwrap();
    let path = folder.join(name());
    let status = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition", "2024", "--crate-type", "cdylib", "-C", "panic=abort", "-o"])
        .args([&path, &source])
        .status();
    if status.is_ok_and(|status| status.success()) {
        return Some(path);
    }
    println!("skipped: no compiler for a pretending library");
    None
}

fn reason(search: &Search) -> Reason {
    let found = search.find();
    assert_eq!(found.library, None);
    assert_eq!(found.skipped.len(), 1, "{:?}", found.skipped);
    found.skipped[0].reason.clone()
}

#[test]
fn a_path_that_leads_nowhere_is_told() {
    assert_eq!(reason(&Search::at("no/such/library.so")), Reason::Missing);
}

#[test]
fn a_file_that_is_no_library_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name());
    fs::write(&path, "version https://git-lfs").unwrap();
    assert!(matches!(reason(&Search::at(&path)), Reason::Unloadable(_)));
    assert!(matches!(reason(&Search::at(folder.path())), Reason::Unloadable(_)));
}

#[test]
fn a_library_of_another_version_is_told_with_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = pretender(folder.path(), "OrtGetApiBase", "1.30.2") else { return };
    assert_eq!(reason(&Search::at(&path)), Reason::Version("1.30.2".into()));
}

#[test]
fn another_library_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = pretender(folder.path(), "SomethingElse", "1.31.1") else { return };
    assert_eq!(reason(&Search::at(&path)), Reason::Foreign);
}

#[test]
fn the_cache_is_searched_and_what_is_wrong_in_it_is_skipped() {
    let cache = tempfile::tempdir().unwrap();
    assert!(Search::in_cache(cache.path()).find().skipped.is_empty());
    let cpu = library::cache_folder(cache.path(), Device::Cpu);
    let cuda = library::cache_folder(cache.path(), Device::Cuda);
    for folder in [&cpu, &cuda] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(cpu.join(name()), "half a file").unwrap();
    let Some(good) = pretender(&cuda, "OrtGetApiBase", library::VERSION) else { return };
    let found = Search::in_cache(cache.path()).find();
    let library = found.library.unwrap();
    assert_eq!((library.path, library.origin), (good, Origin::Cache));
    assert_eq!(found.skipped.len(), 1);
    let preferred = Search::in_cache(cache.path()).prefer(Device::Cuda).find();
    assert!(preferred.library.is_some() && preferred.skipped.is_empty());
}

/// Nothing is started in this process, so this must fail, say what was looked at, and say what to do.
#[test]
fn without_a_library_there_is_an_error_with_a_hint() {
    let error = Runtime::start(&Search::at("no/such/library.so")).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    assert!(error.to_string().contains("no/such/library.so (no such file)"), "{error}");
    let told = dlm_sdk::Error::from(error);
    assert!(told.hint().unwrap().contains("dlm runtime install"));
    assert!(Runtime::started().is_none());
}
