//! A user with an empty data folder, who builds, checks, installs and trusts plugins.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use dlm_graph::Graph;
use serde_json::Value;
use tempfile::TempDir;

/// A rule, how it ended, and why.
pub(crate) type Row = (String, String, String);

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

    /// Checks a plugin by the rules that fit an expression.
    pub(crate) fn check(&self, path: &str, only: &str) -> Vec<Row> {
        self.check_with(path, &["--only", only])
    }

    /// Checks a plugin with further flags.
    pub(crate) fn check_with(&self, path: &str, more: &[&str]) -> Vec<Row> {
        let output = self.dlm(&[&["plugin", "check", path, "--json", "--limit", "60"], more].concat());
        rows(&json(&output)["checks"], ["id", "status", "reason"])
    }

    /// Installs a folder and trusts the plugin in it.
    pub(crate) fn trusted(&self, folder: &str, id: &str) {
        self.good(&["plugin", "install", folder]);
        self.good(&["plugin", "trust", id]);
    }

    /// The benchmark of the plugin in C: its encoder, its task, and with them what is asked for.
    pub(crate) fn bench(&self, more: &[&str]) -> Command {
        let base = ["bench", "run", "--quiet", "--models", "averages", "--tasks", "begins", "--seeds", "1"];
        self.command(env!("CARGO_BIN_EXE_dlm"), &[&base[..], &["--output-path", "out"], more].concat())
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

    /// Builds the plugin of `tests/bad_plugins` so that it hands over a graph.
    pub(crate) fn build_with_graph(&self, graph: &Graph, flags: &[&str]) -> PathBuf {
        let path = self.path("handed.onnx");
        fs::write(&path, graph.to_onnx().unwrap()).unwrap();
        let graph = format!("-DGRAPH=\"{}\"", path.display());
        self.build("tests/bad_plugins", "plugin", &[&[graph.as_str()], flags].concat())
    }
}

/// Builds the plugins of models as a user does, and returns their libraries.
pub(crate) fn dynamic_models() -> Vec<PathBuf> {
    let packages = DYNAMIC_MODELS.iter().flat_map(|name| ["-p".to_owned(), format!("dlm-plugin-{name}")]);
    let built = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["build", "--offline", "--message-format=json"])
        .args(packages)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", text(&built.stderr));
    text(&built.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|name| name.as_str().map(PathBuf::from))
        .filter(|path| path.file_stem().is_some_and(|it| it.to_string_lossy().starts_with("libdlm_plugin_")))
        .filter(|path| path.extension().is_some_and(|it| it == "so" || it == "dylib"))
        .collect()
}

/// The models that come as plugins.
pub(crate) const DYNAMIC_MODELS: [&str; 3] = ["dnabert2", "nucleotide-transformer", "hyenadna"];

/// Returns what a command answered as JSON.
pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)))
}

fn rows(list: &Value, keys: [&str; 3]) -> Vec<Row> {
    let field = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let row = |row: &Value| (field(row, keys[0]), field(row, keys[1]), field(row, keys[2]));
    list.as_array().unwrap().iter().map(row).collect()
}

/// Returns model, status and reason of the cells of a benchmark, sorted.
pub(crate) fn cells(output: &Output) -> Vec<Row> {
    let mut cells = rows(&json(output)["cells"], ["model", "status", "reason"]);
    cells.sort();
    cells
}

/// Returns the rows that did not hold.
pub(crate) fn broken(rows: &[Row]) -> Vec<&Row> {
    rows.iter().filter(|(_, status, _)| status != "passed" && status != "skipped").collect()
}

/// Returns how a rule ended.
pub(crate) fn status<'r>(rows: &'r [Row], rule: &str) -> &'r str {
    rows.iter().find(|(id, ..)| id == rule).map_or("not checked", |(_, status, _)| status.as_str())
}
