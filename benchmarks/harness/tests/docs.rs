//! What the README and the guides name exists: commands, flags, links, packages and examples.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use clap::{Command, CommandFactory as _, error::ErrorKind};
use dlm::cli::Cli;

/// Flags of other programs that the pages name.
const FOREIGN: [&str; 4] = ["--workspace", "--release", "--example", "--bfile"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The README and every guide, by path from the root.
fn pages() -> Vec<(String, String)> {
    let mut paths = vec![root().join("README.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// Code between single backticks, on one line, and whole lines of code: indented by four spaces or fenced.
fn code(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut spans, mut lines) = (Vec::new(), Vec::new());
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced || line.starts_with("    ") {
            lines.push(line.trim().to_owned());
        } else {
            spans.extend(line.split('`').skip(1).step_by(2).map(|span| span.replace("\\|", "|")));
        }
    }
    (spans, lines)
}

/// The words of a command, without what explains it: a comment, or what two blanks set apart.
fn words(line: &str) -> Vec<String> {
    let line = line.split(" #").next().unwrap_or_default();
    let line = line.split("  ").next().unwrap_or_default();
    line.split_whitespace()
        .filter(|word| *word != "..")
        .map(|word| word.trim_matches('"').to_owned())
        .collect()
}

/// Every command of a page that begins with `dlm`, or runs it through cargo.
fn commands(text: &str) -> Vec<Vec<String>> {
    let (spans, lines) = code(text);
    let through_cargo = "cargo run --release -p dlm --";
    spans
        .iter()
        .chain(&lines)
        .filter_map(|line| line.strip_prefix("dlm ").or_else(|| line.strip_prefix(through_cargo)).map(words))
        // Several at once, such as `dlm bench plan | run | status`, are a list and no command.
        .filter(|words| !words.iter().any(|word| word.contains('|') || word == "\\"))
        .collect()
}

#[test]
fn every_command_is_one() {
    let mut tried = 0;
    let mut wrong = Vec::new();
    for (page, text) in pages() {
        for words in commands(&text) {
            tried += 1;
            let line = words.join(" ");
            let parsed = Cli::command().try_get_matches_from(std::iter::once("dlm".to_owned()).chain(words));
            // A form may leave out what its reader gives, and values that stand for others.
            let complete = |kind| {
                matches!(
                    kind,
                    ErrorKind::MissingRequiredArgument
                        | ErrorKind::MissingSubcommand
                        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                        | ErrorKind::DisplayHelp
                        | ErrorKind::ValueValidation
                )
            };
            if let Err(error) = parsed
                && !complete(error.kind())
            {
                wrong.push(format!("{page}: dlm {line}: {:?}", error.kind()));
            }
        }
    }
    assert!(tried > 30, "only {tried} commands were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn flags(command: &Command, found: &mut BTreeSet<String>) {
    found.extend(command.get_arguments().filter_map(|argument| Some(format!("--{}", argument.get_long()?))));
    command.get_subcommands().for_each(|command| flags(command, found));
}

#[test]
fn every_flag_that_is_named_exists() {
    let mut known = BTreeSet::from(["--help".to_owned(), "--version".to_owned()]);
    flags(&Cli::command(), &mut known);
    let mut wrong = Vec::new();
    for (page, text) in pages() {
        for span in code(&text).0 {
            let named = span.split([' ', '|', ',']).filter(|word| word.starts_with("--") && word.len() > 2);
            for flag in named {
                let flag = flag.split('=').next().unwrap_or_default();
                if !known.contains(flag) && !FOREIGN.contains(&flag) {
                    wrong.push(format!("{page}: {flag}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "flags of no command: {wrong:#?}");
}

#[test]
fn every_package_and_example_of_cargo_exists() {
    let mut tried = 0;
    for (page, text) in pages() {
        let (spans, lines) = code(&text);
        for line in spans.iter().chain(&lines).filter(|line| line.starts_with("cargo ")) {
            let words = words(line);
            let after = |flag: &str| words.iter().skip_while(|word| *word != flag).nth(1).cloned();
            tried += 1;
            let Some(package) = after("-p") else { continue };
            let folder = folder_of(&package);
            assert!(folder.is_some(), "{page}: no package {package}");
            if let (Some(folder), Some(example)) = (folder, after("--example")) {
                let path = folder.join("examples").join(format!("{example}.rs"));
                assert!(path.is_file(), "{page}: no example {example} of {package}");
            }
        }
    }
    assert!(tried >= 2, "only {tried} commands of cargo were found");
}

/// Finds the folder of a package of the workspace by its name.
fn folder_of(package: &str) -> Option<PathBuf> {
    let rooms = ["", "sdk", "models", "plugins", "benchmarks"];
    let mut folders: Vec<PathBuf> = rooms.iter().map(|room| root().join(room)).collect();
    for room in &folders.clone() {
        folders.extend(
            fs::read_dir(room).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()),
        );
    }
    let name = format!("name = \"{package}\"");
    folders.into_iter().find(|folder| {
        fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| text.lines().any(|line| line == name))
    })
}

/// The name that a heading is linked by: lower case, blanks to hyphens, no punctuation.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut tried = 0;
    let mut wrong = Vec::new();
    for (page, text) in pages() {
        let folder = root().join(&page);
        let folder = folder.parent().unwrap_or(Path::new("."));
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") {
                continue;
            }
            tried += 1;
            let (file, heading) =
                target.split_once('#').map_or((target, None), |(file, to)| (file, Some(to)));
            let path = if file.is_empty() { root().join(&page) } else { folder.join(file) };
            let there = path.exists()
                && heading.is_none_or(|heading| {
                    let text = fs::read_to_string(&path).unwrap_or_default();
                    text.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == heading)
                });
            if !there {
                wrong.push(format!("{page}: {target}"));
            }
        }
    }
    assert!(tried > 10, "only {tried} links were found");
    assert!(wrong.is_empty(), "links that lead nowhere: {wrong:#?}");
}
