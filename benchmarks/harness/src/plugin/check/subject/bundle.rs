//! Rules of bundles.

use std::{path::Path, sync::OnceLock};

use dlm_sdk::{Kind, Registry, conformance::Outcome};

use super::{
    super::super::{bundle::confined, manifest::Manifest},
    told,
};

/// Checks that the graph keeps to the bundle's files, or that the components can be made at all.
pub(super) fn check(id: &str, folder: &Path, manifest: &Manifest, registry: &Registry) -> Outcome {
    let graph = manifest.bundle.as_ref().and_then(|bundle| bundle.encoder.as_ref()).map(|it| &it.graph);
    let kept = graph.map(|graph| confined(folder, manifest, graph));
    match (id, kept) {
        ("O3", None) => return Outcome::Skipped("the bundle has no graph".into()),
        ("O3", Some(Ok(_))) => return Outcome::Passed,
        ("O3", Some(Err(error))) => return Outcome::Failed(told(&error)),
        ("O1", Some(Err(_))) => return Outcome::Skipped("the graph is refused before it is opened".into()),
        _ => {}
    }
    let kind = if id == "O1" { Kind::Encoder } else { Kind::Tokenizer };
    let mut made = 0;
    for component in manifest.components.iter().filter(|it| it.kind() == kind) {
        if kind == Kind::Encoder && no_runtime() {
            return Outcome::Skipped("ONNX Runtime is not installed; hint: dlm runtime install".into());
        }
        let named = component.tokenizer.as_deref().filter(|_| kind == Kind::Encoder);
        if named.is_some_and(|named| registry.tokenizer(named).is_err()) {
            return Outcome::Skipped("its tokenizer cannot be made".into());
        }
        if let Err(error) = registry.create(kind, &component.id) {
            return Outcome::Failed(told(&error));
        }
        made += 1;
    }
    if made == 0 { Outcome::Skipped(format!("the bundle has no {}", kind.name())) } else { Outcome::Passed }
}

/// Returns whether graphs cannot be run here. The search is made once: it takes seconds.
pub(super) fn no_runtime() -> bool {
    static ABSENT: OnceLock<bool> = OnceLock::new();
    *ABSENT.get_or_init(|| matches!(dlm_runtime::Runtime::get(), Err(dlm_runtime::Error::NotFound { .. })))
}
