//! Reads a task's folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use dlm_dataset::{Part, Splits, Table, bases, overlap::canonical, table::Row};
use dlm_sdk::{Error, ExampleSet, Locus, Result, Split, SplitKind, TaskSpec};

use crate::{OwnTask, labels::Labels, locus, manifest::Manifest, rows};

const COLUMNS: [&str; 9] = ["id", "name", "sequence", "seq", "label", "labels", "split", "group", "locus"];

pub(crate) fn open(folder: &Path) -> Result<OwnTask> {
    let path = folder.join("task.toml");
    if !path.is_file() {
        return Err(Error::invalid(format!("{}: there is no task.toml", folder.display()))
            .with_hint("`dlm task init --from FILE --output FOLDER` makes a task's folder"));
    }
    let manifest = Manifest::read(&path)?;
    let labels = Labels::new(manifest.target, manifest.classes.clone(), manifest.outputs).map_err(
        |(message, hint)| Error::invalid(format!("{}: {message}", path.display())).with_hint(hint),
    )?;
    let examples = folder.join(&manifest.examples);
    let packed = examples.extension().is_some_and(|end| end.eq_ignore_ascii_case("parquet"));
    let read = if packed { rows::read } else { read };
    let sets = read(&examples, &labels, manifest.split.kind())?;
    check(&examples, &sets, &labels)?;
    let held_out = sets[1..]
        .iter()
        .flat_map(|set| set.view().examples().items.loci.unwrap_or_default().to_vec())
        .collect();
    let [train, validation, test] = sets.map(Part::Here);
    let splits = Splits::new(train, validation, test);
    let mut spec = TaskSpec::new(manifest.name, labels.target(), manifest.split.kind());
    spec.class_names = labels.classes;
    spec.sequence_length = splits.common_length();
    spec.strand_specific = manifest.strand_specific;
    spec.citation = manifest.citation;
    spec.license = manifest.license;
    spec.notes = manifest.notes;
    spec.notes.extend(splits.leaks());
    Ok(OwnTask { spec, splits, held_out })
}

/// Reads the word for a split.
pub(crate) fn split(word: &str) -> Option<Split> {
    match word.to_ascii_lowercase().as_str() {
        "train" | "training" => Some(Split::Train),
        "validation" | "valid" | "val" | "dev" => Some(Split::Validation),
        "test" | "testing" => Some(Split::Test),
        _ => None,
    }
}

fn read(path: &Path, labels: &Labels, kind: SplitKind) -> Result<[ExampleSet; 3]> {
    let mut table = Table::open(path)?;
    let unknown = |name: &&String| !COLUMNS.iter().any(|known| known.eq_ignore_ascii_case(name));
    if let Some(name) = table.headers().iter().find(unknown) {
        let hint = format!("the columns are {}", COLUMNS.join(", "));
        return Err(table.error(1, format!("unknown column {name:?}"), Some(&hint)));
    }
    let sequence = table.column(&["sequence", "seq"])?;
    let label = table.column(&["label", "labels"])?;
    let split_column = table.column(&["split"])?;
    let (id, group, place) =
        (table.optional(&["id"])?, table.optional(&["group"])?, table.optional(&["locus"])?);
    let mut sets = [(); 3].map(|()| ExampleSet::new(labels.target().width()));
    let mut ids = BTreeSet::new();
    let mut groups: BTreeMap<String, (u64, Split)> = BTreeMap::new();
    let mut row = Row::default();
    let mut text = Vec::new();
    for number in 0_u64.. {
        if !table.read(&mut row)? {
            break;
        }
        text.clear();
        bases::append(row.field(sequence), &mut text)
            .map_err(|(message, hint)| table.wrong(&row, message, Some(hint)))?;
        let target = labels
            .encode(row.field(label))
            .map_err(|(message, hint)| table.wrong(&row, message, Some(&hint)))?;
        let word = row.field(split_column);
        let split = split(word).ok_or_else(|| {
            table.wrong(&row, format!("{word:?} is no split"), Some("splits are train, validation and test"))
        })?;
        let id = match id.map(|column| row.field(column)) {
            None => number,
            Some(field) => field.parse().map_err(|_| {
                let hint = "ids are whole numbers; what things are called belongs in the column name";
                table.wrong(&row, format!("id {field:?} is no whole number"), Some(hint))
            })?,
        };
        if !ids.insert(id) {
            return Err(table.wrong(&row, format!("id {id} is used twice"), None));
        }
        let group = match group.map(|column| row.field(column)).filter(|name| !name.is_empty()) {
            // Names count up from zero; examples without one have numbers of their own above.
            None => 1 << 48 | number,
            Some(name) => {
                let next = groups.len() as u64;
                let (group, first) = *groups.entry(name.to_owned()).or_insert((next, split));
                if first != split && kind == SplitKind::Grouped {
                    let message =
                        format!("group {name:?} is in {} already, not in {}", first.name(), split.name());
                    return Err(table.wrong(&row, message, Some("a grouped task keeps groups whole")));
                }
                group
            }
        };
        let locus = match place.map(|column| row.field(column)).filter(|text| !text.is_empty()) {
            None => None,
            Some(field) => Some(locus::read(field).ok_or_else(|| {
                let hint = "a locus reads chr21:1000-1300(+), half-open and counted from zero";
                table.wrong(&row, format!("{field:?} is no locus"), Some(hint))
            })?),
        };
        add(&mut sets[split as usize], id, &text, &target, group, locus)
            .map_err(|error| table.wrong(&row, error.to_string(), error.hint()))?;
    }
    Ok(sets)
}

fn add(
    set: &mut ExampleSet,
    id: u64,
    bases: &[u8],
    target: &[f32],
    group: u64,
    locus: Option<Locus>,
) -> Result<()> {
    match locus {
        None => set.add(id, bases, target, group),
        Some(locus) => set.add_at(id, bases, target, group, locus),
    }
}

/// Checks what only shows in all splits together.
fn check(path: &Path, sets: &[ExampleSet; 3], labels: &Labels) -> Result<()> {
    let wrong = |message: String| Error::invalid(format!("{}: {message}", path.display()));
    for (split, set) in Split::ALL.into_iter().zip(sets) {
        if set.is_empty() {
            return Err(wrong(format!("no example is in {}", split.name()))
                .with_hint("`dlm task init` draws the splits that a table does not have"));
        }
    }
    if let Some(classes) = labels.target().classes() {
        let view = sets[0].view();
        let seen: BTreeSet<usize> = view.examples().classes().collect();
        if let Some(class) = (0..classes).find(|class| !seen.contains(class)) {
            return Err(wrong(format!("no training example has the class {:?}", labels.classes[class])));
        }
    }
    let sequences = |set: &ExampleSet| -> BTreeSet<Vec<u8>> {
        let view = set.view();
        view.examples()
            .items
            .sequences
            .iter()
            .map(|sequence| canonical(sequence.bases()).into_owned())
            .collect()
    };
    if sequences(&sets[1]) == sequences(&sets[2]) {
        return Err(wrong("validation and test hold the same sequences".into())
            .with_hint("what is chosen on test cannot be reported on it; split again"));
    }
    Ok(())
}
