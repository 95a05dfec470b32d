//! What tests of all crates share: where the repository and the optional test data are.
//!
//! Tests that need real data look at the folder in `DLM_TEST_DATA`, else at `../shared/data` beside the repository, and
//! say `skipped:` and pass where it is absent.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Returns the root of the repository.
///
/// # Panics
///
/// Never: this crate lies one folder below it.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the tests lie below the root").to_owned()
}

/// Returns a file or folder of the test data; where it is absent, says that the test is skipped and returns `None`.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
pub fn data(file: &str) -> Option<PathBuf> {
    let folder = env::var_os("DLM_TEST_DATA").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let path = folder.join(file);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: there is no {file} in {}; set DLM_TEST_DATA", folder.display());
    None
}

/// Returns the files of the repository with an extension, sorted, without build outputs and hidden folders.
pub fn files(extension: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                walk(&path, extension, found);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), extension, &mut found);
    found.sort();
    found
}

/// Returns a path as seen from the root, with forward slashes.
pub fn from_root(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}
