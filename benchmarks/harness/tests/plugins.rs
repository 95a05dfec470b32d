//! Plugins from outside: built by `cc` and `cargo`, checked, trusted, and taking part in benchmarks; and plugins that
//! break one rule each.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

#[expect(dead_code, reason = "users of plugins have a folder of their own")]
mod support;
#[expect(dead_code, reason = "models that come as plugins are built by other tests")]
mod user;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use dlm_graph::Graph;
use user::{User, broken, cells, have, json, mine, root, runtime, status, text};

/// The plugin in C on the header alone, which breaks a rule if one is named.
const SOURCE: &str = "tests/bad_plugins";
const ID: &str = "org.example.bad";

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
    // Headers in quotes are its own: there is one, that of the border.
    let source = fs::read_to_string(root().join(SOURCE).join("plugin.c")).unwrap();
    let headers: Vec<&str> = source.lines().filter(|line| line.starts_with("#include \"")).collect();
    assert_eq!(headers, ["#include \"dlm_plugin.h\""]);
    user.build(SOURCE, "good", &[]);
    let rows = user.check("good", ".");
    assert!(broken(&rows).is_empty(), "{rows:?}");
    for rule in
        ["M3", "L3", "C3", "C6", "C9", "T1", "T8", "T9", "E4", "E9", "E10", "E12", "K3", "K5", "B1", "B5"]
    {
        assert_eq!(status(&rows, rule), "passed", "{rule}");
    }
}

/// A plugin of a later minor version, whose structs and tables are all longer, holds every rule and takes part.
#[test]
fn a_plugin_of_a_later_minor_version_works() {
    if !have("cc") {
        return;
    }
    let user = User::new();
    user.build(SOURCE, "later", &["-DGROWN"]);
    let rows = user.check("later", ".");
    assert!(broken(&rows).is_empty() && status(&rows, "C6") == "passed", "{rows:?}");
    user.trusted("later", ID);
    let cells = cells(&user.bench(&BESIDE).output().unwrap());
    assert!(cells.len() == 3 && cells.iter().all(|cell| cell.1 == "done"), "{cells:?}");
    // A table that ends before what every version has is none.
    user.build(SOURCE, "short", &["-DBREAK=SHORT"]);
    let rows = user.check("short", "C7");
    assert!(rows.iter().any(|row| row.1 == "failed" && row.2.contains("bytes, version 1.0 has")), "{rows:?}");
}

/// Finding and listing plugins runs none of their code, nor does a benchmark that names none of their components.
#[test]
fn code_runs_when_it_is_asked_for_and_not_before() {
    if !have("cc") {
        return;
    }
    let user = User::new();
    user.build(SOURCE, "source", &["-DBREAK=LOAD_ABORTS"]);
    user.trusted("source", ID);
    assert!(user.good(&["plugin", "list", "-v"]).contains("encoder averages"));
    support::write_task(&user.path("planted"), 60);
    let bench = ["bench", "run", "--quiet", "--tasks", "./planted", "--baselines", "majority"];
    user.good(&[&bench[..], &["--output-path", "other"]].concat());
    // It would: whoever asks for the encoder meets the abort, in its own rows.
    let models = ["--models", "averages", "--output-path", "out", "--json"];
    let cells = cells(&user.dlm(&[&bench[..], &models].concat()));
    assert!(cells[0].1 == "failed" && cells[0].2.contains("aborted (signal 6)"), "{cells:?}");
    assert!(cells.len() == 2 && cells[1].1 == "done", "{cells:?}");
    let rows = user.check("source", "L1");
    assert_eq!(status(&rows, "L1"), "crashed", "{rows:?}");
}

/// Each of these breaks one rule. Where the host itself refuses such an answer, every check of that kind of component
/// meets the refusal; the table then says so by the letter of the rules that may fail beside it.
const TABLE: &[(&str, &str, &str)] = &[
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
    ("E7", "failed", ""),
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

/// Rules that need more than a flag to be broken, and the tests that do so.
const ELSEWHERE: &[(&str, &[&str])] = &[
    ("benchmarks/harness/tests/plugins.rs", &["M1", "M2", "M3", "M4", "L6", "G1", "G2"]),
    ("benchmarks/harness/tests/rules.rs", &["T10", "E11", "G4", "O1", "O2", "O3"]),
    ("benchmarks/harness/src/plugin/check/subject/gradient.rs", &["G3", "G5"]),
    // The host refuses such a spec before any rule is tried: C7 tells it of plugins.
    ("sdk/tests/conformance.rs", &["E1"]),
];

#[test]
fn every_rule_is_broken_by_a_test() {
    let user = User::new();
    let listed = json(&user.dlm(&["plugin", "check", "--list", "--json"]));
    let mut rules: Vec<&str> =
        listed.as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let mut broken: Vec<&str> = TABLE.iter().map(|(rule, ..)| *rule).collect();
    for (file, rules) in ELSEWHERE {
        let source = fs::read_to_string(root().join(file)).unwrap();
        for rule in *rules {
            assert!(
                source.contains(&format!("\"{rule}\"")) || source.contains(&format!("{rule}:")),
                "{rule}"
            );
            broken.push(rule);
        }
    }
    rules.sort_unstable();
    broken.sort_unstable();
    assert_eq!(broken, rules);
}

#[test]
fn each_bad_plugin_is_caught_by_its_rule() {
    if !have("cc") {
        return;
    }
    let user = User::new();
    let mut wrong = Vec::new();
    for (rule, wanted, beside) in TABLE {
        let breaks = format!("-DBREAK={rule}");
        let more = match *rule {
            "L1" => vec![breaks.as_str(), "-DCALL_MISSING"],
            "L3" => vec![breaks.as_str(), "-DEXPORT_MORE"],
            _ => vec![breaks.as_str()],
        };
        user.build(SOURCE, rule, &more);
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
    let folder = user.build(SOURCE, "plugin", &[]);
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
        let bad = broken(&rows);
        assert!(bad.len() == 1 && bad[0].0 == rule && bad[0].2.contains(wanted), "{rule} {to}: {bad:?}");
        fs::write(folder.join("plugin.toml"), &original).unwrap();
    }
    fs::set_permissions(folder.join("libplugin.so"), fs::Permissions::from_mode(0o777)).unwrap();
    let rows = user.check("plugin", "^[ML]");
    let bad: Vec<_> = rows.iter().filter(|(_, status, _)| status == "failed").collect();
    assert!(bad.len() == 1 && bad[0].0 == "L6", "{bad:?}");
}

/// What the encoder of the plugin is set beside.
const BESIDE: [&str; 3] = ["--json", "--baselines", "share,majority"];

#[test]
fn a_plugin_in_c_takes_part_in_a_benchmark() {
    if !have("cc") {
        return;
    }
    let user = User::new();
    user.build(SOURCE, "source", &[]);
    user.good(&["plugin", "install", "source"]);

    let bench = || user.bench(&BESIDE).output().unwrap();
    let refused = bench();
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains(&format!("run dlm plugin trust {ID}")),
        "{}",
        text(&refused.stderr)
    );
    assert!(user.good(&["plugin", "list"]).contains("not trusted"));

    user.good(&["plugin", "trust", ID]);
    assert!(user.good(&["plugin", "list", "-v"]).starts_with("ready"));
    let output = bench();
    let cells = cells(&output);
    assert!(output.status.success(), "{cells:?}");
    assert_eq!(
        cells.iter().map(|cell| cell.0.as_str()).collect::<Vec<_>>(),
        ["averages", "majority", "share"]
    );
    assert!(cells.iter().all(|cell| cell.1 == "done"), "{cells:?}");
    let table = text(&user.bench(&BESIDE[1..]).output().unwrap().stdout);
    for row in ["averages", "share", "majority"] {
        assert!(table.lines().any(|line| line.contains(row)), "{row}: {table}");
    }

    // A changed library is not trusted any more.
    let library = user.path("data/dlm/plugins").join(ID).join("libplugin.so");
    let mut content = fs::read(&library).unwrap();
    content.push(0);
    fs::write(&library, content).unwrap();
    assert!(user.good(&["plugin", "list"]).starts_with("changed"));
    let refused = bench();
    assert!(text(&refused.stderr).contains("has changed since"), "{}", text(&refused.stderr));
    // A library that others may write to is refused, trusted or not.
    fs::set_permissions(&library, fs::Permissions::from_mode(0o666)).unwrap();
    let refused = user.dlm(&["plugin", "trust", ID]);
    assert!(text(&refused.stderr).contains("hint: chmod -R go-w"), "{}", text(&refused.stderr));
}

#[test]
fn a_plugin_that_breaks_costs_its_own_cell() {
    if !have("cc") {
        return;
    }
    let cases = [
        ("ABORT", "averages", "aborted (signal 6)"),
        ("CRASH", "averages", "crashed (signal 11"),
        ("EXITS", "averages", "ended with code 3"),
        ("PANICS", "averages", "tokenize panicked: src/lib.rs:7: the index is out of bounds"),
        ("HANG", "averages", "did not answer within 3 s"),
        ("NAN_STATES", "averages", "NaN at row 0, token 0"),
        ("E2", "averages", "or did not write there"),
        ("PAST", "averages", "past the end of its output"),
        ("T2", "averages", "id 6, the vocabulary has 6"),
        ("T3", "averages", "tokenize answered"),
        ("CREATE_ABORTS", "averages", "aborted (signal 6)"),
        // Its tokenizer is what cannot be made.
        ("C7", "averages", "the function token is NULL"),
        ("NAN_SCORES", "share", "or did not write it"),
    ];
    for (broken, model, wanted) in cases {
        let user = User::new();
        user.build(SOURCE, "source", &[&format!("-DBREAK={broken}")]);
        user.trusted("source", ID);
        let output = user.bench(&BESIDE).env("DLM_PLUGIN_TIMEOUT", "3").output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{broken}: {}", text(&output.stderr));
        let cells = cells(&output);
        let (failed, others): (Vec<_>, Vec<_>) = cells.iter().partition(|cell| cell.0 == model);
        assert!(failed.len() == 1 && failed[0].1 == "failed", "{broken}: {cells:?}");
        assert!(failed[0].2.contains(wanted), "{broken}: {}", failed[0].2);
        assert!(others.len() == 2 && others.iter().all(|cell| cell.1 == "done"), "{broken}: {others:?}");
    }
}

/// Each check has its time: one that hangs costs itself.
#[test]
fn a_check_that_hangs_costs_itself() {
    if !have("cc") {
        return;
    }
    let user = User::new();
    user.build(SOURCE, "source", &["-DBREAK=HANG"]);
    let shown = user.dlm(&["plugin", "check", "source", "--only", "^(T1|T2|K1)$", "--limit", "2"]);
    let shown = text(&shown.stdout);
    assert_eq!(shown.matches("it did not come back within 2 s").count(), 2, "{shown}");
    assert!(shown.ends_with("1 passed, 2 crashed\n"), "{shown}");
}

/// A task that breaks costs the cells on it; those on others are computed.
#[test]
fn a_task_that_breaks_costs_its_own_cells() {
    if !have("cc") {
        return;
    }
    let user = User::new();
    user.build(SOURCE, "source", &["-DBREAK=TASK_ABORTS"]);
    user.trusted("source", ID);
    support::write_task(&user.path("planted"), 60);
    let base =
        ["bench", "run", "--quiet", "--json", "--tasks", "begins,./planted", "--baselines", "majority"];
    let output = user.dlm(&[&base[..], &["--output-path", "out"]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let document = json(&output);
    let cell = |task: &str| document["cells"].as_array().unwrap().iter().find(|cell| cell["task"] == task);
    let (broken, other) = (cell("begins").unwrap(), cell("planted").unwrap());
    assert!(broken["status"] == "failed" && other["status"] == "done", "{document:#}");
    assert!(broken["reason"].as_str().unwrap().contains("aborted (signal 6)"), "{broken}");
    let page = user.dlm(&["report", "out", "--output", "report.html"]);
    assert!(page.status.success(), "{}", text(&page.stderr));
    assert!(fs::read_to_string(user.path("report.html")).unwrap().contains("aborted (signal 6)"));
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
        head.replace(ID, "org.example.old"),
        dlm::plugin::manifest::platform()
    );
    fs::write(folder.join("plugin.toml"), manifest).unwrap();
    mine([folder.as_path(), &folder.join("libold.so")]);
    let rows = user.check("old", ".");
    assert!(broken(&rows).is_empty() && status(&rows, "T8") == "passed", "{rows:?}");
}

/// An encoder in C that hands over its graph: the host runs that, and compares.
#[test]
fn a_graph_that_is_handed_over_runs_on_the_host() {
    if !have("cc") || !runtime() {
        return;
    }
    let graph = Graph::read(&root().join(SOURCE).join("forward.onnx")).unwrap();
    for (breaks, rule) in [("NONE", ""), ("G1", "G1"), ("G2", "G2")] {
        let user = User::new();
        user.build_with_graph(&graph, &[&format!("-DBREAK={breaks}")]);
        let rows = user.check("plugin", "^[GE]");
        let failed: Vec<&str> =
            rows.iter().filter(|(_, status, _)| status == "failed").map(|(id, ..)| id.as_str()).collect();
        assert_eq!(failed, if rule.is_empty() { vec![] } else { vec![rule] }, "{rows:?}");
        assert!(rule == "G1" || status(&rows, "G1") == "passed", "{rows:?}");
    }
    let user = User::new();
    user.build_with_graph(&graph, &[]);
    user.trusted("plugin", ID);
    let cells = cells(&user.bench(&BESIDE).output().unwrap());
    assert!(cells.iter().all(|cell| cell.1 == "done"), "{cells:?}");
}
