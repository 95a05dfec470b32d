//! Where the Python on the search path keeps its packages.
//!
//! Mostly the folder can be told from the place of the program, without running it: beside a virtual environment's
//! `pyvenv.cfg`, or under the prefix of the program that a link leads to. A launcher script hides that; then Python
//! itself is asked.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Prints the folders, one a line.
const QUESTION: &str = "import site, sysconfig\n\
for folder in [sysconfig.get_path('platlib'), *site.getsitepackages(), site.getusersitepackages()]:\n    print(folder)";

/// Returns the package folders that follow from where the program lies.
pub(super) fn package_folders() -> Vec<PathBuf> {
    let mut prefixes: Vec<PathBuf> = Vec::new();
    if let Some(program) = program() {
        prefixes.extend(prefix(&program));
        if let Ok(target) = fs::canonicalize(&program) {
            prefixes.extend(prefix(&target));
        }
    }
    prefixes.extend(env::var_os("HOME").map(|home| PathBuf::from(home).join(".local")));
    let mut folders = Vec::new();
    for prefix in prefixes {
        for library in [prefix.join("lib"), prefix.join("local/lib"), prefix.join("Lib")] {
            for folder in versions(&library) {
                for name in ["site-packages", "dist-packages"] {
                    let packages = folder.join(name);
                    if packages.is_dir() && !folders.contains(&packages) {
                        folders.push(packages);
                    }
                }
            }
        }
    }
    folders
}

/// Asks Python for its package folders; none if there is no Python.
pub(super) fn asked_package_folders() -> Vec<PathBuf> {
    let program = env::var_os("DLM_PYTHON").filter(|program| !program.is_empty());
    let output = Command::new(program.unwrap_or_else(|| "python3".into()))
        .args(["-c", QUESTION])
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else { return Vec::new() };
    String::from_utf8_lossy(&output.stdout).lines().map(PathBuf::from).filter(|path| path.is_dir()).collect()
}

/// Finds the program: `$DLM_PYTHON`, else `python3` on the search path.
fn program() -> Option<PathBuf> {
    if let Some(program) = env::var_os("DLM_PYTHON").filter(|program| !program.is_empty()) {
        return Some(PathBuf::from(program)).filter(|program| program.is_file());
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(format!("python3{}", env::consts::EXE_SUFFIX)))
        .find(|program| program.is_file())
}

/// Returns the folder above the one that holds programs.
fn prefix(program: &Path) -> Option<PathBuf> {
    program.parent()?.parent().map(Path::to_owned)
}

/// Lists `python3.N` in a folder, the newest first, then the folder itself, as Windows and Debian have it.
fn versions(library: &Path) -> Vec<PathBuf> {
    let minor =
        |path: &Path| -> Option<u32> { path.file_name()?.to_str()?.strip_prefix("python3.")?.parse().ok() };
    let mut folders: Vec<PathBuf> = fs::read_dir(library)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| minor(path).is_some())
        .collect();
    folders.sort_by_key(|path| std::cmp::Reverse(minor(path)));
    folders.push(library.join("python3"));
    folders.push(library.to_owned());
    folders
}
