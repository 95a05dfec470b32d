//! Reads one split of a released task.
//!
//! ```text
//! sequence,label
//! TCCTCCCGGACGGCAAGGATG,1
//! ```

use std::path::Path;

use dlm_dataset::{Table, bases, table::Row};
use dlm_sdk::{Error, ExampleSet, Result};

/// Labels beyond this are a damaged file, not a class: the largest task has 25.
const MOST_CLASSES: usize = 1_000;

/// Reads a table; ids count up from the first.
pub(crate) fn split(path: &Path, first_id: u64) -> Result<ExampleSet> {
    let mut table = Table::open(path)?;
    let sequence = table.column(&["sequence", "seq"])?;
    let label = table.column(&["label", "labels"])?;
    if let Some(other) = (0..table.headers().len()).find(|&column| column != sequence && column != label) {
        let message = format!("unknown column {:?}", table.headers()[other]);
        return Err(table.error(1, message, Some("the released files have the columns sequence and label")));
    }
    let mut set = ExampleSet::new(1);
    let mut row = Row::default();
    let mut text = Vec::new();
    for id in first_id.. {
        if !table.read(&mut row)? {
            break;
        }
        text.clear();
        bases::append(row.field(sequence), &mut text)
            .map_err(|(message, hint)| table.wrong(&row, message, Some(hint)))?;
        let field = row.field(label);
        let class = field.parse::<usize>().ok().filter(|&class| class < MOST_CLASSES).ok_or_else(|| {
            table.wrong(&row, format!("label {field:?} is no class"), Some("classes are 0, 1, 2 and so on"))
        })?;
        set.add(id, &text, &[class as f32], id)?;
    }
    if set.is_empty() {
        return Err(Error::invalid(format!("{}: it holds no example", path.display())));
    }
    Ok(set)
}
