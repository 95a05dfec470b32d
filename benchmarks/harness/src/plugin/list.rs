//! `dlm plugin list`.

use std::fmt::Write as _;

use clap::Args;
use dlm_sdk::{Registry, Result};
use serde::Serialize;

use super::{
    discover::{Found, discover, search_path},
    loader::open_library,
    manifest::{Manifest, PluginKind},
    trust::Trust,
};
use crate::context::{Context, Outcome};

/// Arguments of `plugin list`.
#[derive(Args, Clone, Copy, Debug)]
pub struct ListArgs {
    /// Show also folders, components, and plugins that are hidden or broken
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Serialize)]
struct Row {
    folder: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<PluginKind>,
    summary: String,
    components: Vec<String>,
    /// `ready`, `not trusted`, `changed`, `hidden`, `broken`, `unusable`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    plugins: Vec<Row>,
    searched: Vec<String>,
}

impl ListArgs {
    /// Shows the plugins that are found.
    ///
    /// # Errors
    ///
    /// The list of trusted plugins is broken.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let search = search_path();
        let trust = Trust::of_user()?;
        let builtin = Registry::builtin()?;
        let plugins = discover(&search).into_iter().map(|found| row(found, &trust, &builtin)).collect();
        let searched = search.iter().map(|folder| folder.display().to_string()).collect();
        let answer = Answer { plugins, searched };
        context.print(&answer, || text(&answer, self.verbose))?;
        Ok(Outcome::Done)
    }
}

fn row(found: Found, trust: &Trust, builtin: &Registry) -> Row {
    let folder = found.folder.display().to_string();
    let manifest = match found.manifest {
        Ok(manifest) => manifest,
        Err(error) => {
            return Row {
                folder,
                id: None,
                version: None,
                kind: None,
                summary: String::new(),
                components: Vec::new(),
                state: "broken",
                reason: Some(error.chain()),
            };
        }
    };
    let (mut state, mut reason) = match found.hidden_by {
        Some(other) => ("hidden", Some(format!("{} has the same id and comes first", other.display()))),
        None => usable(&found.folder, &manifest, trust),
    };
    let shadowed: Vec<&str> = manifest
        .components
        .iter()
        .filter(|it| builtin.factories(it.kind()).any(|known| known.id() == it.id))
        .map(|it| it.id.as_str())
        .collect();
    if !shadowed.is_empty() && state == "ready" {
        (state, reason) =
            ("hidden", Some(format!("built-in components have the ids {}", shadowed.join(", "))));
    }
    Row {
        folder,
        id: Some(manifest.plugin.id.clone()),
        version: Some(manifest.plugin.version.clone()),
        kind: Some(manifest.plugin.kind),
        summary: manifest.plugin.summary.clone(),
        components: manifest.components.iter().map(|it| format!("{} {}", it.kind().name(), it.id)).collect(),
        state,
        reason,
    }
}

fn usable(folder: &std::path::Path, manifest: &Manifest, trust: &Trust) -> (&'static str, Option<String>) {
    if manifest.plugin.kind == PluginKind::Bundle {
        return ("ready", None);
    }
    let id = &manifest.plugin.id;
    match open_library(folder, manifest) {
        Err(error) => ("unusable", Some(error.chain())),
        Ok(opened) if trust.holds(id, opened.sha256()) => ("ready", None),
        Ok(_) if trust.knows(id) => (
            "changed",
            Some(format!("the library has changed since; dlm plugin trust {id} trusts it as it is")),
        ),
        Ok(_) => ("not trusted", Some(format!("dlm plugin trust {id} lets its code run, with your rights"))),
    }
}

fn text(answer: &Answer, verbose: bool) -> String {
    let mut text = String::new();
    for row in &answer.plugins {
        let (Some(id), Some(version), Some(kind)) = (&row.id, &row.version, row.kind) else {
            let reason = row.reason.as_deref().unwrap_or_default();
            // Writing to a string never fails.
            let _ = writeln!(text, "{:<12}{}: {reason}", row.state, row.folder);
            continue;
        };
        if row.state == "hidden" && !verbose {
            continue;
        }
        let _ = writeln!(text, "{:<12}{id} {version} ({}) {}", row.state, kind.name(), row.summary);
        if let Some(reason) = &row.reason {
            let _ = writeln!(text, "{:<12}{reason}", "");
        }
        if verbose {
            let _ = writeln!(text, "{:<12}{}", "", row.folder);
            for component in &row.components {
                let _ = writeln!(text, "{:<12}{component}", "");
            }
        }
    }
    if answer.plugins.is_empty() {
        text.push_str("no plugin is installed\n");
    }
    if verbose || answer.plugins.is_empty() {
        let _ = writeln!(text, "searched: {}", answer.searched.join(", "));
    }
    text
}
