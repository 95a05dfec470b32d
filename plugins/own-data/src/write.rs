//! Describes a task as the manifest of a folder.

use dlm_sdk::{Error, Result, SplitKind, Target, TaskSpec};

use crate::{
    labels::TargetKind,
    manifest::{Manifest, SplitName, VERSION},
};

/// Returns the text of the `task.toml` of a folder that holds a task's examples in a file of that name.
///
/// # Errors
///
/// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) for a target that a folder cannot hold: how a sequence goes on.
pub fn manifest_of(spec: &TaskSpec, examples: &str) -> Result<String> {
    if spec.continuation.is_some() {
        return Err(Error::unsupported(format!(
            "a folder does not hold {}, which asks how a sequence goes on",
            spec.name
        ))
        .with_hint("name the task itself: it makes its examples in seconds"));
    }
    let numbered = |count: usize| (0..count).map(|class| class.to_string()).collect::<Vec<_>>();
    let named =
        |count: usize| if spec.class_names.is_empty() { numbered(count) } else { spec.class_names.clone() };
    let (target, classes, outputs) = match spec.target {
        Target::Binary => (TargetKind::Binary, named(2), None),
        Target::Multiclass(count) => (TargetKind::Multiclass, named(count), None),
        Target::Multilabel(count) => (TargetKind::Multilabel, named(count), None),
        Target::Regression(count) => (TargetKind::Regression, Vec::new(), Some(count)),
        _ => {
            return Err(Error::unsupported(format!("a folder does not hold {} targets", spec.target.name())));
        }
    };
    let manifest = Manifest {
        version: VERSION,
        name: spec.name.clone(),
        target,
        classes,
        outputs,
        split: match spec.split {
            SplitKind::Paper => SplitName::Random,
            SplitKind::Grouped => SplitName::Grouped,
            _ => SplitName::Given,
        },
        examples: examples.to_owned(),
        strand_specific: spec.strand_specific,
        citation: spec.citation.clone(),
        license: spec.license.clone(),
        notes: spec.notes.clone(),
    };
    toml::to_string_pretty(&manifest)
        .map_err(|error| Error::internal("a manifest cannot be written").with_source(error))
}
