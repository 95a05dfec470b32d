//! Examples as parquet, the form in which a built task is kept.
//!
//! | column | type | what |
//! |---|---|---|
//! | `id` | `int64` | once in the file |
//! | `sequence` | text | bases |
//! | `label` | text | a class by name, or several values separated by `;` |
//! | `split` | text | `train`, `validation` or `test` |
//! | `group` | `int64`, may be missing | what must not be in two splits |
//! | `locus` | text, may be missing or empty | `chr21:1000-1300(+)` |
//! | `cuts` | list of `int32`, may be missing or empty | the ends of the tokens, where the task fixes them |

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    path::Path,
};

use dlm_dataset::{bases, text};
use dlm_sdk::{Error, ExampleSet, Result, Split, SplitKind};
use parquet::{
    errors::ParquetError,
    file::reader::{FileReader as _, SerializedFileReader},
    record::{Field, Row},
};

use crate::{folder, labels::Labels, locus};

/// What is wrong with a row, and what to do.
type Fault = (String, String);

/// Reads a file of examples.
///
/// # Errors
///
/// [`Invalid`](dlm_sdk::ErrorKind::Invalid), naming file and row.
pub(crate) fn read(path: &Path, labels: &Labels, kind: SplitKind) -> Result<[ExampleSet; 3]> {
    let at = path.display();
    let damaged = |error: ParquetError| {
        Error::invalid(format!("{at}: it cannot be read as parquet")).with_source(error)
    };
    let file = File::open(path).map_err(|error| text::explain(path, &error))?;
    let reader = SerializedFileReader::new(file).map_err(damaged)?;
    let fields = reader.metadata().file_metadata().schema().get_fields();
    let columns: Vec<String> = fields.iter().map(|field| field.name().to_owned()).collect();
    for wanted in ["id", "sequence", "label", "split"] {
        if !columns.iter().any(|name| name == wanted) {
            return Err(Error::invalid(format!("{at}: no column is called {wanted:?}"))
                .with_hint(format!("its columns are {}", columns.join(", "))));
        }
    }
    let mut examples = Examples {
        labels,
        kind,
        sets: [(); 3].map(|()| ExampleSet::new(labels.target().width())),
        ids: BTreeSet::new(),
        groups: BTreeMap::new(),
    };
    for (number, row) in (1_u64..).zip(reader.get_row_iter(None).map_err(damaged)?) {
        examples.add(&row.map_err(damaged)?, number).map_err(|(message, hint)| {
            Error::invalid(format!("{at}: row {number}: {message}")).with_hint(hint)
        })?;
    }
    Ok(examples.sets)
}

struct Examples<'l> {
    labels: &'l Labels,
    kind: SplitKind,
    sets: [ExampleSet; 3],
    ids: BTreeSet<u64>,
    groups: BTreeMap<u64, Split>,
}

impl Examples<'_> {
    fn add(&mut self, row: &Row, number: u64) -> Result<(), Fault> {
        let field =
            |wanted: &str| row.get_column_iter().find(|(name, _)| *name == wanted).map(|(_, field)| field);
        let words = |wanted: &str| match field(wanted) {
            Some(Field::Str(text)) => Ok(text.as_str()),
            None | Some(Field::Null) => Ok(""),
            Some(_) => {
                Err((format!("{wanted} is no text"), "see the documentation of task folders".to_owned()))
            }
        };
        let whole = |wanted: &str| match field(wanted) {
            Some(Field::Long(value)) => u64::try_from(*value).ok(),
            Some(Field::ULong(value)) => Some(*value),
            Some(Field::Int(value)) => u64::try_from(*value).ok(),
            Some(Field::UInt(value)) => Some(u64::from(*value)),
            _ => None,
        };
        let id = whole("id")
            .ok_or_else(|| ("id is no whole number".to_owned(), "ids are at least 0".to_owned()))?;
        if !self.ids.insert(id) {
            return Err((format!("id {id} is used twice"), "ids stand once in a file".to_owned()));
        }
        let mut sequence = Vec::new();
        bases::append(words("sequence")?, &mut sequence)
            .map_err(|(message, hint)| (message.clone(), hint.to_owned()))?;
        let target = self.labels.encode(words("label")?)?;
        let word = words("split")?;
        let split = folder::split(word).ok_or_else(|| {
            (format!("{word:?} is no split"), "splits are train, validation and test".to_owned())
        })?;
        // Examples without a group have one of their own, above all that are given.
        let group = whole("group").unwrap_or(1 << 63 | number);
        let first = *self.groups.entry(group).or_insert(split);
        if first != split && self.kind == SplitKind::Grouped {
            let message = format!("group {group} is in {} already, not in {}", first.name(), split.name());
            return Err((message, "a grouped task keeps groups whole".to_owned()));
        }
        let place = match words("locus")? {
            "" => None,
            text => Some(locus::read(text).ok_or_else(|| {
                let hint = "a locus reads chr21:1000-1300(+), half-open and counted from zero";
                (format!("{text:?} is no locus"), hint.to_owned())
            })?),
        };
        let cuts = match field("cuts") {
            Some(Field::ListInternal(list)) if !list.elements().is_empty() => {
                let end = |field: &Field| match field {
                    Field::Int(value) => u32::try_from(*value).ok(),
                    Field::UInt(value) => Some(*value),
                    _ => None,
                };
                let ends: Option<Vec<u32>> = list.elements().iter().map(end).collect();
                Some(ends.ok_or_else(|| {
                    ("cuts are no positions".to_owned(), "they are ends of tokens".to_owned())
                })?)
            }
            _ => None,
        };
        let set = &mut self.sets[split as usize];
        match (cuts, place) {
            (Some(cuts), place) => set.add_cut(id, &sequence, &cuts, &target, group, place),
            (None, Some(place)) => set.add_at(id, &sequence, &target, group, place),
            (None, None) => set.add(id, &sequence, &target, group),
        }
        .map_err(|error| (error.to_string(), error.hint().unwrap_or_default().to_owned()))
    }
}
