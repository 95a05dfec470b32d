//! Writes examples as a task's folder.

use std::path::Path;

use dlm_sdk::{Error, Examples, Result, Split, SplitKind, Target, TaskSpec};

use crate::{
    init::{self, Table},
    labels::TargetKind,
    manifest::{self, Manifest, SplitName},
};

/// Writes the three splits of a task as a folder that names the same examples. Leakage groups are written by number.
///
/// # Errors
///
/// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) if the examples have fixed token boundaries or are continuations,
/// which a folder has no words for; [`Invalid`](dlm_sdk::ErrorKind::Invalid) if the folder exists and is not empty;
/// [`Io`](dlm_sdk::ErrorKind::Io) if it cannot be written.
pub fn save(folder: &Path, spec: &TaskSpec, splits: &[Examples<'_>; 3]) -> Result<()> {
    let cut = splits.iter().any(|examples| examples.items.cuts.is_some());
    if cut || spec.continuation.is_some() {
        let what = if cut { "fixed token boundaries" } else { "the bases that follow as classes" };
        return Err(Error::unsupported(format!(
            "task {}: it has {what}, which a folder of own data cannot say",
            spec.name
        )));
    }
    init::check_output(folder)?;
    let (kind, count) = match spec.target {
        Target::Binary => (TargetKind::Binary, 2),
        Target::Multiclass(classes) => (TargetKind::Multiclass, classes),
        Target::Multilabel(labels) => (TargetKind::Multilabel, labels),
        Target::Regression(_) => (TargetKind::Regression, 0),
        _ => return Err(Error::unsupported(format!("task {}: its target has no name here", spec.name))),
    };
    let classes: Vec<String> = if spec.class_names.len() == count {
        spec.class_names.clone()
    } else {
        (0..count).map(|class| class.to_string()).collect()
    };
    let manifest = Manifest {
        version: manifest::VERSION,
        name: spec.name.clone(),
        target: kind,
        classes: classes.clone(),
        outputs: if let Target::Regression(outputs) = spec.target { Some(outputs) } else { None },
        split: match spec.split {
            SplitKind::Grouped => SplitName::Grouped,
            SplitKind::Paper => SplitName::Random,
            _ => SplitName::Given,
        },
        examples: manifest::examples(),
        strand_specific: spec.strand_specific,
        citation: spec.citation.clone(),
        license: spec.license.clone(),
        notes: spec.notes.clone(),
    };
    let mut table = Table::new()?;
    for (split, examples) in Split::ALL.into_iter().zip(splits) {
        for index in 0..examples.len() {
            let items = examples.items;
            table.row(
                items.ids[index],
                "",
                items.sequences[index].bases(),
                &label(kind, &classes, examples, index),
                split,
                &items.groups[index].to_string(),
                items.loci.map(|loci| &loci[index]),
            )?;
        }
    }
    init::write(folder, &manifest, table)
}

fn label(kind: TargetKind, classes: &[String], examples: &Examples<'_>, index: usize) -> String {
    let row = examples.targets.row(index);
    let parts: Vec<String> = match kind {
        TargetKind::Binary | TargetKind::Multiclass => vec![classes[examples.class(index)].clone()],
        TargetKind::Multilabel => classes
            .iter()
            .zip(row)
            .filter(|(_, value)| **value > 0.5)
            .map(|(class, _)| class.clone())
            .collect(),
        TargetKind::Regression => row.iter().map(ToString::to_string).collect(),
    };
    parts.join(";")
}

#[cfg(test)]
mod tests {
    use dlm_sdk::{ExampleSet, Locus, Task as _};

    use super::*;
    use crate::OwnTask;

    #[test]
    fn what_is_saved_is_read_again() {
        let place = tempfile::tempdir().unwrap();
        for (number, (target, rows)) in [
            (Target::Binary, vec![vec![0.0], vec![1.0]]),
            (Target::Multilabel(3), vec![vec![0.0, 1.0, 1.0], vec![0.0; 3]]),
            (Target::Regression(2), vec![vec![0.25, -3.0], vec![1e-7, 12_345.678]]),
        ]
        .into_iter()
        .enumerate()
        {
            let mut sets = [0; 3].map(|_| ExampleSet::new(rows[0].len()));
            for (id, row) in (0..).zip(rows.iter().cycle().take(6)) {
                let bases = b"ACGTTGCANACC"[..6 + id].to_vec();
                let locus = Locus { chromosome: "c".into(), start: id as u64, end: 99, strand: None };
                sets[id / 2].add_at(10 + id as u64, &bases, row, id as u64 / 2, locus).unwrap();
            }
            let views = [0, 1, 2].map(|split: usize| sets[split].view());
            let splits = [views[0].examples(), views[1].examples(), views[2].examples()];
            let mut spec = TaskSpec::new("saved", target, SplitKind::Grouped);
            spec.strand_specific = true;
            let folder = place.path().join(number.to_string());
            save(&folder, &spec, &splits).unwrap();
            let task = OwnTask::open(&folder).unwrap();
            assert_eq!((task.spec().name.as_str(), task.spec().strand_specific), ("saved", true));
            for (split, set) in Split::ALL.into_iter().zip(&sets) {
                let again = (&task as &dyn dlm_sdk::Task).collect(split).unwrap();
                assert_eq!(&again, set, "{target:?} {split:?}");
            }
            assert!(save(&folder, &spec, &splits).is_err(), "the folder is not empty");
        }
    }

    #[test]
    fn what_a_folder_cannot_say_is_refused() {
        let mut set = ExampleSet::new(1);
        set.add_cut(1, b"ACGT", &[2, 4], &[0.0], 0, None).unwrap();
        let view = set.view();
        let splits = [view.examples(), view.examples(), view.examples()];
        let spec = TaskSpec::new("cut", Target::Binary, SplitKind::Given);
        let error = save(Path::new("never"), &spec, &splits).unwrap_err();
        assert!(error.to_string().contains("fixed token boundaries"), "{error}");
    }
}
