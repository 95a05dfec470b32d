//! Models that a plan names and this machine does not have.
//!
//! A configuration that is shared names more models than most machines hold. One whose plugin is not installed, or whose
//! folder is not there, is a row that says so; a name that looks like a known one is a typing error and stays one.

use std::path::Path;

use dlm_sdk::{Kind, Registry, Spec, spec::nearest};

/// Returns why a model cannot be had here and what to do about it, `None` if it is there or its spec is simply wrong.
pub(super) fn absent(registry: &Registry, spec: &str) -> Option<String> {
    let parsed: Spec = spec.parse().ok()?;
    let head = parsed.head();
    let ids: Vec<&str> = registry.factories(Kind::Encoder).map(dlm_sdk::Factory::id).collect();
    let folder = match &parsed.positional {
        Some(folder) if ids.contains(&parsed.id.as_str()) => folder,
        Some(_) if head[parsed.id.len()..].starts_with(':') => {
            // A slip of the pen is told as one.
            return nearest(&parsed.id, ids.iter().copied()).is_none().then(|| {
                format!(
                    "no plugin with an encoder {:?} is installed; hint: dlm plugin install installs one, dlm plugin \
                     list shows those that are",
                    parsed.id
                )
            });
        }
        _ => &head,
    };
    let folder = folder.strip_suffix(super::method::TWIN).unwrap_or(folder);
    let gone = folder.contains(['/', '\\']) && !Path::new(folder).exists();
    gone.then(|| {
        format!(
            "{folder}: there is no such model folder; hint: dlm model import or dlm pretrain writes one, and paths are \
             relative to the folder the command runs in"
        )
    })
}
