//! The tasks that can be named.

use std::fmt::Write as _;

use dlm_sdk::{Factory, Kind, Registry};
use serde::Serialize;

/// A task that can be named.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// What specs begin with.
    pub id: String,
    /// What it is.
    pub summary: String,
    /// Its options.
    pub options: Vec<ListedOption>,
}

/// An option of a task.
#[derive(Clone, Debug, Serialize)]
pub struct ListedOption {
    /// Its key.
    pub key: String,
    /// The value it has when it is not given.
    pub default: Option<String>,
    /// What it does.
    pub help: String,
}

pub(super) fn list(registry: &Registry) -> Vec<Listed> {
    let listed = |factory: &dyn Factory| Listed {
        id: factory.id().to_owned(),
        summary: factory.summary().to_owned(),
        options: factory
            .options()
            .iter()
            .map(|option| ListedOption {
                key: option.key.to_owned(),
                default: option.default.map(ToOwned::to_owned),
                help: option.help.to_owned(),
            })
            .collect(),
    };
    registry.factories(Kind::Task).map(listed).collect()
}

pub(super) fn text(listed: &[Listed]) -> String {
    let mut text = String::new();
    for task in listed {
        let _ = writeln!(text, "{}\n    {}", task.id, task.summary);
        let width = task.options.iter().map(|option| option.key.len()).max().unwrap_or_default();
        for ListedOption { key, default, help } in &task.options {
            let default = default.as_ref().map_or_else(String::new, |value| format!(" [default: {value}]"));
            let _ = writeln!(text, "      {key:width$}  {help}{default}");
        }
    }
    text
}
