//! Plugins from outside: built by `cc` and `cargo`, checked, trusted, and taking part in benchmarks; and plugins that
//! break one rule each.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A user with an empty data folder.
struct User {
    folder: TempDir,
}

impl User {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dlm"));
        command
            .current_dir(self.folder.path())
            .env("XDG_DATA_HOME", self.path("data"))
            .env_remove("DLM_PLUGIN_PATH")
            .env_remove("DLM_PLUGIN_TIMEOUT")
            .args(arguments);
        command
    }

    fn dlm(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn good(&self, arguments: &[&str]) -> String {
        let output = self.dlm(arguments);
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    fn check(&self, path: &str, only: &str) -> Vec<(String, String, String)> {
        let output = self.dlm(&["plugin", "check", path, "--json", "--only", only, "--limit", "60"]);
        let answer: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)));
        let field = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let row = |row: &Value| (field(row, "id"), field(row, "status"), field(row, "reason"));
        answer["checks"].as_array().unwrap().iter().map(row).collect()
    }
}

/// Whether a program is there to build with.
fn have(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        println!("skipped: there is no {program}");
    }
    there
}

/// Writes and builds the plugin of `tests/bad_plugins`, which breaks a rule if one is named.
fn build(user: &User, name: &str, flags: &[&str]) -> PathBuf {
    let folder = user.path(name);
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let source = root().join("tests/bad_plugins");
    let manifest = fs::read_to_string(source.join("plugin.toml")).unwrap();
    fs::write(folder.join("plugin.toml"), manifest.replace("PLATFORM", &dlm::plugin::manifest::platform()))
        .unwrap();
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
    fs::set_permissions(&library, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn change(folder: &Path, from: &str, to: &str) {
    let path = folder.join("plugin.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    assert!(manifest.contains(from), "{from}");
    fs::write(path, manifest.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_plugin_in_c_on_the_header_alone_holds_every_rule() {
    if !have("cc") {
        return;
    }
    let user = User::new();
    build(&user, "good", &[]);
    let rows = user.check("good", ".");
    let bad: Vec<_> =
        rows.iter().filter(|(_, status, _)| status != "passed" && status != "skipped").collect();
    assert!(bad.is_empty(), "{bad:?}");
    let passed: Vec<&str> =
        rows.iter().filter(|(_, status, _)| status == "passed").map(|(id, ..)| id.as_str()).collect();
    for rule in
        ["M3", "L3", "C3", "C6", "C9", "T1", "T8", "T9", "E4", "E9", "E10", "E12", "K3", "K5", "B1", "B5"]
    {
        assert!(passed.contains(&rule), "{rule} was not checked");
    }
}

/// Each of these breaks one rule. Where the host itself refuses such an answer, every check of that kind of component
/// meets the refusal; the table then says so by the letter of the rules that may fail beside it.
#[test]
fn each_bad_plugin_is_caught_by_its_rule() {
    if !have("cc") {
        return;
    }
    let table: &[(&str, &str, &str)] = &[
        ("L1", "failed", ""),
        ("L2", "failed", ""),
        ("L3", "failed", ""),
        ("L4", "warning", ""),
        ("L5", "warning", ""),
        ("C1", "failed", ""),
        ("C2", "failed", ""),
        ("C3", "failed", ""),
        ("C4", "failed", ""),
        ("C5", "crashed", ""),
        ("C6", "failed", ""),
        ("C7", "failed", ""),
        ("C8", "failed", ""),
        ("C9", "failed", ""),
        ("C10", "failed", ""),
        ("C11", "crashed", ""),
        ("C12", "warning", ""),
        ("T1", "failed", "T"),
        ("T2", "failed", "T"),
        ("T3", "failed", "T"),
        ("T4", "failed", ""),
        ("T5", "failed", ""),
        ("T6", "failed", ""),
        ("T7", "failed", "T"),
        ("T8", "failed", ""),
        ("T9", "failed", ""),
        ("E2", "failed", "E"),
        ("E3", "failed", ""),
        ("E4", "failed", ""),
        ("E5", "failed", ""),
        ("E6", "warning", ""),
        ("E8", "failed", ""),
        ("E9", "failed", ""),
        ("E10", "failed", ""),
        ("E12", "failed", ""),
        ("K1", "failed", ""),
        ("K2", "failed", ""),
        ("K3", "failed", ""),
        ("K4", "failed", ""),
        ("K5", "failed", ""),
        ("K6", "failed", ""),
        ("B1", "failed", ""),
        ("B2", "failed", ""),
        ("B3", "failed", ""),
        ("B4", "crashed", ""),
        ("B5", "failed", ""),
    ];
    let user = User::new();
    let mut wrong = Vec::new();
    for (rule, wanted, beside) in table {
        let breaks = format!("-DBREAK={rule}");
        let more = match *rule {
            "L1" => vec![breaks.as_str(), "-DCALL_MISSING"],
            "L3" => vec![breaks.as_str(), "-DEXPORT_MORE"],
            _ => vec![breaks.as_str()],
        };
        build(&user, rule, &more);
        let letter = &rule[..1];
        // Rules of other letters are quick; those of other kinds of components meet the same library.
        let rows = user.check(rule, &format!("^[MLC{letter}]"));
        if !rows.iter().any(|(id, status, _)| id == rule && status == wanted) {
            wrong.push(format!("{rule} is not {wanted}: {rows:?}"));
        }
        for (id, status, reason) in &rows {
            let allowed = id == rule || (!beside.is_empty() && id.starts_with(beside));
            if !allowed && status != "passed" && status != "skipped" {
                wrong.push(format!("{rule}: {id} {status}: {reason}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_bad_manifest_is_caught_by_its_rule() {
    if !have("cc") {
        return;
    }
    let user = User::new();
    let folder = build(&user, "plugin", &[]);
    let original = fs::read_to_string(folder.join("plugin.toml")).unwrap();
    let digest = format!("\n[files]\n\"plugin.toml\" = {{ sha256 = \"{}\" }}\n", "0".repeat(64));
    let cases: [(&str, &str, &str, &str); 6] = [
        ("M1", "summary", "sumary", "did you mean \"summary\"?"),
        ("M2", "[native]", &format!("{digest}\n[native]"), "its sha256 is"),
        ("M2", "libplugin.so", "../plugin/libplugin.so", "no path inside"),
        ("M3", "1.0.0", "2.0.0", "its code says version"),
        ("M4", "license = \"MIT OR Apache-2.0\"", "", "not given: license"),
        ("M2", "libplugin.so", "absent.so", "build the plugin first"),
    ];
    for (rule, from, to, wanted) in cases {
        change(&folder, from, to);
        let rows = user.check("plugin", "^M");
        let bad: Vec<_> =
            rows.iter().filter(|(_, status, _)| status != "passed" && status != "skipped").collect();
        assert!(bad.len() == 1 && bad[0].0 == rule && bad[0].2.contains(wanted), "{rule} {to}: {bad:?}");
        fs::write(folder.join("plugin.toml"), &original).unwrap();
    }
    fs::set_permissions(folder.join("libplugin.so"), fs::Permissions::from_mode(0o777)).unwrap();
    let rows = user.check("plugin", "^[ML]");
    let bad: Vec<_> = rows.iter().filter(|(_, status, _)| status == "failed").collect();
    assert!(bad.len() == 1 && bad[0].0 == "L6", "{bad:?}");
}

fn trusted(user: &User, path: &Path) {
    user.good(&["plugin", "install", path.to_str().unwrap()]);
    user.good(&["plugin", "trust", "org.example.bad"]);
}

const BENCH: [&str; 14] = [
    "bench",
    "run",
    "--json",
    "--quiet",
    "--models",
    "averages",
    "--tasks",
    "begins",
    "--baselines",
    "share,majority",
    "--seeds",
    "1",
    "--output-path",
    "out",
];

fn cells(output: &Output) -> Vec<(String, String, String)> {
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)));
    let field = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let cell = |row: &Value| (field(row, "model"), field(row, "status"), field(row, "reason"));
    let mut cells: Vec<_> = document["cells"].as_array().unwrap().iter().map(cell).collect();
    cells.sort();
    cells
}

#[test]
fn a_plugin_in_c_takes_part_in_a_benchmark() {
    if !have("cc") {
        return;
    }
    let user = User::new();
    let folder = build(&user, "source", &[]);
    user.good(&["plugin", "install", folder.to_str().unwrap()]);

    let refused = user.dlm(&BENCH);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("run dlm plugin trust org.example.bad"),
        "{}",
        text(&refused.stderr)
    );
    assert!(user.good(&["plugin", "list"]).contains("not trusted"));

    user.good(&["plugin", "trust", "org.example.bad"]);
    assert!(user.good(&["plugin", "list", "-v"]).starts_with("ready"));
    let output = user.dlm(&BENCH);
    let cells = cells(&output);
    assert!(output.status.success(), "{cells:?}");
    assert_eq!(
        cells.iter().map(|cell| cell.0.as_str()).collect::<Vec<_>>(),
        ["averages", "majority", "share"]
    );
    assert!(cells.iter().all(|cell| cell.1 == "done"), "{cells:?}");

    // A changed library is not trusted any more.
    let library = user.path("data/dlm/plugins/org.example.bad/libplugin.so");
    let mut content = fs::read(&library).unwrap();
    content.push(0);
    fs::write(&library, content).unwrap();
    assert!(user.good(&["plugin", "list"]).starts_with("changed"));
    let refused = user.dlm(&BENCH);
    assert!(text(&refused.stderr).contains("has changed since"), "{}", text(&refused.stderr));
    // A library that others may write to is refused, trusted or not.
    fs::set_permissions(&library, fs::Permissions::from_mode(0o666)).unwrap();
    let refused = user.dlm(&["plugin", "trust", "org.example.bad"]);
    assert!(text(&refused.stderr).contains("hint: chmod go-w"), "{}", text(&refused.stderr));
}

#[test]
fn a_plugin_that_breaks_costs_its_own_cell() {
    if !have("cc") {
        return;
    }
    let cases = [
        ("ABORT", "aborted (signal 6)"),
        ("CRASH", "crashed (signal 11"),
        ("HANG", "did not answer within 3 s"),
        ("NAN_STATES", "NaN at row 0, token 0"),
        ("T2", "id 6, the vocabulary has 6"),
        ("T3", "tokenize answered"),
    ];
    for (broken, wanted) in cases {
        let user = User::new();
        let folder = build(&user, "source", &[&format!("-DBREAK={broken}")]);
        trusted(&user, &folder);
        let output = user.command(&BENCH).env("DLM_PLUGIN_TIMEOUT", "3").output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{broken}: {}", text(&output.stderr));
        let cells = cells(&output);
        let (model, others) = cells.split_first().unwrap();
        assert_eq!((model.0.as_str(), model.1.as_str()), ("averages", "failed"), "{broken}");
        assert!(model.2.contains(wanted), "{broken}: {}", model.2);
        assert!(others.len() == 2 && others.iter().all(|cell| cell.1 == "done"), "{broken}: {others:?}");
    }
}

/// The commands of the guide for authors that are run here, in this order, each as it is written.
fn commands(section: &str) -> Vec<String> {
    let page = fs::read_to_string(root().join("docs/plugin-authors.md")).unwrap();
    let start = page.find(section).unwrap_or_else(|| panic!("the guide has no section {section}"));
    let rest = &page[start + section.len()..];
    let end = rest.find("\n## ").unwrap_or(rest.len());
    // Every other piece between fences is code, not commands.
    let prose = rest[..end].split("```").step_by(2);
    prose.flat_map(str::lines).filter_map(|line| line.strip_prefix("    ")).map(str::to_owned).collect()
}

/// Runs the commands of a section, with this binary as `dlm` and this repository's SDK.
fn follow(user: &User, section: &str) {
    let commands = commands(section);
    assert!(commands.len() >= 3, "{section} has {} commands", commands.len());
    let bin = Path::new(env!("CARGO_BIN_EXE_dlm")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    for command in commands {
        let command = command.replace("PATH_OF_DLM/sdk", root().join("sdk").to_str().unwrap());
        let output = Command::new("sh")
            .args(["-e", "-c", &format!("umask 022; {command}")])
            .current_dir(user.folder.path())
            .env("PATH", &path)
            .env("XDG_DATA_HOME", user.path("data"))
            .env("CARGO_NET_OFFLINE", "true")
            // What is built is tried, not measured.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_INCREMENTAL", "0")
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("DLM_PLUGIN_PATH")
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {}{}", text(&output.stdout), text(&output.stderr));
    }
}

#[test]
fn the_way_of_c_is_as_the_guide_says() {
    if have("cc") && have("make") {
        follow(&User::new(), "## In C");
    }
}

#[test]
fn the_way_of_a_bundle_is_as_the_guide_says() {
    follow(&User::new(), "## Without code");
}

#[test]
fn the_way_of_rust_is_as_the_guide_says() {
    if have("cargo") {
        let user = User::new();
        follow(&user, "## In Rust");
        let source = fs::read_to_string(user.path("my-tokens/src/lib.rs")).unwrap();
        assert!(source.lines().count() < 80, "{} lines", source.lines().count());
    }
}

#[test]
fn a_name_that_is_none_and_a_folder_that_is_there_are_refused() {
    let user = User::new();
    for name in ["My", "a_b", "", "a/b", "1a", "a-"] {
        assert_eq!(user.dlm(&["plugin", "new", name, "--kind", "c"]).status.code(), Some(2), "{name}");
    }
    user.good(&["plugin", "new", "mine", "--kind", "bundle"]);
    assert_eq!(user.dlm(&["plugin", "new", "mine", "--kind", "c"]).status.code(), Some(2));
    let rules = user.good(&["plugin", "check", "--list"]);
    assert!(rules.lines().count() > 50 && rules.contains("T8"));
}

/// A plugin on the ABI crate alone, built by the system's compiler, which may be years older than this one.
#[test]
fn a_plugin_of_an_old_compiler_works() {
    let user = User::new();
    let folder = user.path("old");
    fs::create_dir_all(&folder).unwrap();
    let built = Command::new("bash").arg(root().join(".ci/abi")).env("DLM_KEEP", &folder).output().unwrap();
    assert!(built.status.success(), "{}", text(&built.stderr));
    if text(&built.stdout).starts_with("skipped:") {
        print!("{}", text(&built.stdout));
        return;
    }
    let manifest = fs::read_to_string(root().join("tests/bad_plugins/plugin.toml")).unwrap();
    let (head, _) = manifest.split_once("[[component]]").unwrap();
    let manifest = format!(
        "{}\n[[component]]\nkind = \"tokenizer\"\nid = \"old\"\n\n[native]\nabi = \"1.0\"\nlibrary = {{ \"{}\" = \"libold.so\" }}\n",
        head.replace("org.example.bad", "org.example.old"),
        dlm::plugin::manifest::platform()
    );
    fs::write(folder.join("plugin.toml"), manifest).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(folder.join("libold.so"), fs::Permissions::from_mode(0o755)).unwrap();
    let rows = user.check("old", ".");
    let bad: Vec<_> =
        rows.iter().filter(|(_, status, _)| status != "passed" && status != "skipped").collect();
    assert!(bad.is_empty() && rows.iter().any(|row| row.0 == "T8" && row.1 == "passed"), "{bad:?}");
}

/// An encoder in C that hands over its graph: the host runs that, and compares.
#[test]
fn a_graph_that_is_handed_over_runs_on_the_host() {
    if !have("cc") {
        return;
    }
    if dlm_runtime::Runtime::get().is_err() {
        println!("skipped: ONNX Runtime is not installed");
        return;
    }
    let graph = format!("-DGRAPH=\"{}\"", root().join("tests/bad_plugins/forward.onnx").display());
    for (broken, rule) in [("NONE", ""), ("G1", "G1"), ("G2", "G2")] {
        let user = User::new();
        build(&user, "plugin", &[&format!("-DBREAK={broken}"), &graph]);
        let rows = user.check("plugin", "^[GE]");
        let failed: Vec<&str> =
            rows.iter().filter(|(_, status, _)| status == "failed").map(|(id, ..)| id.as_str()).collect();
        assert_eq!(failed, if rule.is_empty() { vec![] } else { vec![rule] }, "{rows:?}");
        let of =
            |wanted: &str| rows.iter().find(|(id, ..)| id == wanted).map(|(_, status, _)| status.clone());
        assert!(rule == "G1" || of("G1").as_deref() == Some("passed"), "{rows:?}");
    }
    let user = User::new();
    let folder = build(&user, "plugin", &[&graph]);
    trusted(&user, &folder);
    let cells = cells(&user.dlm(&BENCH));
    assert!(cells.iter().all(|cell| cell.1 == "done"), "{cells:?}");
}
