//! A user with an empty data folder, who builds, checks, installs and trusts plugins.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// Returns the root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether a program is there to build with.
pub(crate) fn have(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        println!("skipped: there is no {program}");
    }
    there
}

/// Whether graphs can be run here.
pub(crate) fn runtime() -> bool {
    dlm_runtime::Runtime::get().map_err(|error| println!("skipped: {error}")).is_ok()
}

/// Lets nobody else write to files and folders, as the loader wants it.
pub(crate) fn mine<'p>(paths: impl IntoIterator<Item = &'p Path>) {
    for path in paths {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

pub(crate) struct User(pub(crate) TempDir);

impl User {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        mine([folder.path()]);
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.0.path())
            .env("XDG_DATA_HOME", self.path("data"))
            .env_remove("DLM_PLUGIN_PATH")
            .env_remove("DLM_PLUGIN_TIMEOUT")
            .args(arguments);
        command
    }

    pub(crate) fn dlm(&self, arguments: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_dlm"), arguments).output().unwrap()
    }

    pub(crate) fn good(&self, arguments: &[&str]) -> String {
        let output = self.dlm(arguments);
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// Returns rules, how they ended, and why.
    pub(crate) fn check(&self, path: &str, only: &str) -> Vec<(String, String, String)> {
        let output = self.dlm(&["plugin", "check", path, "--json", "--only", only, "--limit", "60"]);
        let answer: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)));
        let field = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let row = |row: &Value| (field(row, "id"), field(row, "status"), field(row, "reason"));
        answer["checks"].as_array().unwrap().iter().map(row).collect()
    }

    /// Builds a plugin in C from a folder of the repository.
    pub(crate) fn build(&self, source: &str, name: &str, flags: &[&str]) -> PathBuf {
        let (source, folder) = (root().join(source), self.path(name));
        fs::create_dir_all(&folder).unwrap();
        let manifest = fs::read_to_string(source.join("plugin.toml")).unwrap();
        let manifest = manifest.replace("PLATFORM", &dlm::plugin::manifest::platform());
        fs::write(folder.join("plugin.toml"), manifest).unwrap();
        let library = folder.join("libplugin.so");
        let built = Command::new("cc")
            .args(["-std=c99", "-O1", "-fPIC", "-fvisibility=hidden", "-shared", "-I"])
            .arg(root().join("sdk/abi"))
            .arg("-o")
            .arg(&library)
            .arg(source.join("plugin.c"))
            .args(flags)
            .arg("-lpthread")
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", text(&built.stderr));
        mine([folder.as_path(), &library]);
        folder
    }
}

/// Returns the rows that did not hold.
pub(crate) fn broken(rows: &[(String, String, String)]) -> Vec<&(String, String, String)> {
    rows.iter().filter(|(_, status, _)| status != "passed" && status != "skipped").collect()
}

/// Returns how a rule ended.
pub(crate) fn status<'r>(rows: &'r [(String, String, String)], rule: &str) -> &'r str {
    rows.iter().find(|(id, ..)| id == rule).map_or("not checked", |(_, status, _)| status.as_str())
}
