//! The guide for authors, followed as it is written, and a crate of a stranger that takes part in a benchmark.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

#[expect(dead_code, reason = "users of plugins have a folder of their own")]
mod support;
#[expect(dead_code, reason = "what is built here is built by the guide's commands")]
mod user;

use std::{fmt::Write as _, fs, path::Path, process::Command};

use dlm_sdk::random::Stream;
use user::{User, broken, have, json, mine, root, runtime, text};

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

/// What makes a command of the guide short, by how it begins.
const SHORTER: [(&str, &str); 1] = [("dlm bench run", " --seeds 1 --trees 5 --max-steps 2 --dropout 0")];

/// Runs a command with this binary as `dlm` and this repository's SDK, and returns what it prints.
fn shell(user: &User, command: &str) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_dlm")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = command.replace("PATH_OF_DLM", root().to_str().unwrap());
    for (start, flags) in SHORTER {
        if command.starts_with(start) {
            command.push_str(flags);
        }
    }
    let output = Command::new("sh")
        .args(["-e", "-c", &format!("umask 022; {command}")])
        .current_dir(user.0.path())
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
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{command}: {said}");
    said
}

/// Runs the commands of a section, and returns what they print.
fn follow(user: &User, section: &str) -> String {
    let commands = commands(section);
    assert!(commands.len() >= 3, "{section} has {} commands", commands.len());
    let printed = |command: &String| {
        let printed = shell(user, command);
        assert!(!printed.is_empty(), "{command} prints nothing");
        printed
    };
    commands.iter().map(printed).collect()
}

#[test]
fn the_way_of_c_is_as_the_guide_says() {
    if have("cc") && have("make") {
        follow(&User::new(), "## In C");
    }
}

#[test]
fn the_way_of_a_bundle_is_as_the_guide_says() {
    let user = User::new();
    follow(&user, "## Without code");
    if !runtime() {
        return;
    }
    let mut table = "sequence,label\n".to_owned();
    let mut stream = Stream::new(7, "labelled");
    for row in 0..120 {
        let alphabet: &[u8] = if row % 2 == 0 { b"ACGT" } else { b"ACGTAT" };
        let bases = (0..50).map(|_| char::from(alphabet[stream.below(alphabet.len())])).collect::<String>();
        writeln!(table, "{bases},{}", ["other", "rich in AT"][row % 2]).unwrap();
    }
    fs::write(user.path("labelled.csv"), table).unwrap();
    let shown = follow(&user, "## In a benchmark");
    for row in ["my-model [probe]", "my-model [finetune]", "composition", "majority"] {
        assert!(shown.contains(row), "{row} is not in\n{shown}");
    }
}

#[test]
fn the_way_of_rust_is_as_the_guide_says() {
    if have("cargo") {
        let user = User::new();
        follow(&user, "## In Rust");
        is_short(&user.path("my-tokens/src/lib.rs"));
        an_encoder_of_a_stranger_takes_part(&user);
    }
}

fn is_short(source: &Path) {
    let lines = fs::read_to_string(source).unwrap().lines().count();
    assert!(lines < 80, "{}: {lines} lines", source.display());
}

/// A crate outside of this workspace: an encoder over its own tokenizer, in less than 80 lines. It is built on what the
/// guide's crate was built on, and set beside that crate's tokens.
fn an_encoder_of_a_stranger_takes_part(user: &User) {
    let (source, folder) = (root().join("tests/outside/rust"), user.path("pairs"));
    fs::create_dir_all(&folder).unwrap();
    mine([folder.as_path()]);
    is_short(&source.join("lib.rs"));
    for (from, to) in [("lib.rs", "lib.rs"), ("plugin.toml", "plugin.toml"), ("Cargo.toml.in", "Cargo.toml")]
    {
        let content = fs::read_to_string(source.join(from)).unwrap();
        let content = content.replace("PLATFORM", &dlm::plugin::manifest::platform());
        let content = content.replace("PATH_OF_DLM", root().to_str().unwrap());
        fs::write(folder.join(to), content).unwrap();
    }
    fs::rename(user.path("my-tokens/target"), folder.join("target")).unwrap();
    shell(user, "cargo build --release --manifest-path pairs/Cargo.toml");
    let rows = user.check("pairs", ".");
    assert!(broken(&rows).is_empty(), "{rows:?}");
    user.trusted("pairs", "org.example.pairs");

    support::write_task(&user.path("planted"), 400);
    let bench = ["bench", "run", "--quiet", "--models", "pairs", "--tasks", "./planted", "--pool", "mean"];
    let beside = ["--baselines", "majority", "--baselines", "tfidf:my-tokens,sklearn_compat=false"];
    let few = ["--trees", "20", "--seeds", "1", "--output-path", "results"];
    let bench = [&bench[..], &beside, &few].concat();
    let document = json(&user.dlm(&[&bench[..], &["--json"]].concat()));
    let rows = document["summary"].as_array().unwrap();
    assert!(rows.len() == 3 && rows.iter().all(|row| row["status"] == "done"), "{document:#}");
    // The planted word holds pairs that the rest does not have so often.
    let score =
        |model: &str| rows.iter().find(|row| row["model"] == model).unwrap()["score"].as_f64().unwrap();
    assert!(score("majority").abs() < 1e-9 && score("pairs") > 0.0, "{document:#}");
    let table = user.good(&bench);
    let row = table.lines().find(|line| line.contains("pairs")).unwrap_or_else(|| panic!("no row: {table}"));
    assert!(row.contains(&format!("{:.4}", score("pairs"))), "{row}");
}

/// Code that the guide shows is code that is built.
#[test]
fn the_code_of_the_guide_is_that_of_the_plugins() {
    let user = User::new();
    user.good(&["plugin", "new", "my-tokens", "--kind", "rust"]);
    let folder = root().join("tests/outside/rust");
    let built: String =
        [user.path("my-tokens/src/lib.rs"), folder.join("lib.rs"), folder.join("plugin.toml")]
            .iter()
            .map(|path| fs::read_to_string(path).unwrap())
            .collect();
    let page = fs::read_to_string(root().join("docs/plugin-authors.md")).unwrap();
    let blocks: Vec<&str> =
        page.split("```").skip(1).step_by(2).filter_map(|block| Some(block.split_once('\n')?.1)).collect();
    assert!(blocks.len() >= 3);
    for block in blocks {
        assert!(built.contains(block), "this is built nowhere:\n{block}");
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
