//! Rules of bundles.

use dlm_sdk::{Kind, Registry, conformance::Outcome};

use super::{super::super::manifest::Manifest, told};

/// Checks that the components can be made at all.
pub(super) fn check(id: &str, manifest: &Manifest, registry: &Registry) -> Outcome {
    let kind = if id == "O1" { Kind::Encoder } else { Kind::Tokenizer };
    let mut made = 0;
    for component in manifest.components.iter().filter(|it| it.kind() == kind) {
        if kind == Kind::Encoder && no_runtime() {
            return Outcome::Skipped("ONNX Runtime is not installed; hint: dlm runtime install".into());
        }
        if let Err(error) = registry.create(kind, &component.id) {
            return Outcome::Failed(told(&error));
        }
        made += 1;
    }
    if made == 0 { Outcome::Skipped(format!("the bundle has no {}", kind.name())) } else { Outcome::Passed }
}

/// Returns whether graphs cannot be run here.
pub(super) fn no_runtime() -> bool {
    matches!(dlm_runtime::Runtime::get(), Err(dlm_runtime::Error::NotFound { .. }))
}
