//! `dlm parity`: published numbers beside what was reproduced here.
//!
//! Publications of DNA language models state some three hundred numbers that this program could be asked for: scores on
//! released and on constructed tasks, masked-token accuracies, sizes of data. Each is set beside what folders of results
//! hold of the same method on the same task, with its interval and with what differs in data and setting. Where nothing
//! was run nothing stands, so that the table says what was checked and what was not.

mod beside;
mod published;
mod reproduced;

use std::{fmt::Write as _, path::PathBuf};

use clap::Args;
use dlm_sdk::Result;
use serde::Serialize;

pub use beside::beside;
pub use published::{Methods, Published, numbers, sources};
pub use reproduced::Reproduced;

use crate::{
    context::{Context, Outcome},
    results::{Document, Store},
};

/// The arguments of `dlm parity`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  dlm parity results\n  dlm parity results --found\n  \
                        dlm parity results more-results --as GROVER=my-grover --json")]
pub struct ParityArgs {
    /// Folders that bench run wrote to
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// Another model or baseline that stands for a published method. Repeatable
    #[arg(long = "as", value_name = "NAME=SPEC")]
    aliases: Vec<String>,
    /// Leave out published numbers that nothing was run for
    #[arg(long)]
    found: bool,
}

/// A published number and what was reproduced of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was published.
    #[serde(flatten)]
    pub number: Published,
    /// What the folders hold; empty: nothing was run.
    pub reproduced: Vec<Reproduced>,
}

#[derive(Serialize)]
struct ParityDocument {
    /// How many numbers are published.
    published: usize,
    /// For how many of them something was run.
    found: usize,
    numbers: Vec<Row>,
}

impl ParityArgs {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// A folder holds no results, or a method is not known.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let methods = Methods::with(&self.aliases)?;
        let mut results = Vec::new();
        for folder in self.folders {
            let document = Store::open(&folder)?.document()?;
            results.push((folder.display().to_string(), document));
        }
        let mut numbers = parity(&methods, &results)?;
        let published = numbers.len();
        let found = numbers.iter().filter(|row| !row.reproduced.is_empty()).count();
        if self.found {
            numbers.retain(|row| !row.reproduced.is_empty());
        }
        let document = ParityDocument { published, found, numbers };
        context.print(&document, || text(&document))?;
        Ok(Outcome::Done)
    }
}

/// Sets every published number beside what folders of results hold, each folder with its name.
///
/// # Errors
///
/// The program's own list is broken.
pub fn parity(methods: &Methods, results: &[(String, Document)]) -> Result<Vec<Row>> {
    Ok(numbers()?
        .into_iter()
        .map(|number| {
            let found = |(folder, document): &(String, Document)| {
                reproduced::find(&number, methods, folder, document)
            };
            let reproduced = results.iter().flat_map(found).collect();
            Row { number, reproduced }
        })
        .collect())
}

fn text(document: &ParityDocument) -> String {
    let mut text = String::new();
    for (section, source) in sources() {
        let rows: Vec<&Row> =
            document.numbers.iter().filter(|row| row.number.section.starts_with(section)).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{section}  {source}");
        for row in rows {
            one(&mut text, row);
        }
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "{} published numbers; something was run for {}, nothing for {}",
        document.published,
        document.found,
        document.published - document.found
    );
    text
}

fn one(text: &mut String, row: &Row) {
    let number = &row.number;
    let what: Vec<&str> = [&number.model, &number.task, &number.quantity]
        .into_iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    let about = if number.relation == "=" { String::new() } else { format!("{} ", number.relation) };
    let _ = write!(text, "  {}, {}: published {about}{}", what.join(", "), number.metric, number.published);
    if row.reproduced.is_empty() {
        text.push_str("; here nothing\n");
        return;
    }
    text.push('\n');
    for found in &row.reproduced {
        let method = if found.method.is_empty() { &found.task } else { &found.method };
        let _ = write!(text, "      here {}  {method}", shown(found.value));
        for (interval, over) in [(&found.over_items, "items"), (&found.over_seeds, "seeds")] {
            if let Some(interval) = interval {
                let _ = write!(text, ", [{:.4}, {:.4}] over {over}", interval.low, interval.high);
            }
        }
        match found.inside {
            Some(true) => text.push_str(", holds the published value"),
            Some(false) => text.push_str(", does not hold the published value"),
            None => {}
        }
        let _ = writeln!(text, "  ({})", found.folder);
        if !found.differences.is_empty() {
            let _ = writeln!(text, "           {}", found.differences.join("; "));
        }
    }
}

/// Writes shares with four places and counts without any.
fn shown(value: f64) -> String {
    if value.abs() <= 1.0 { format!("{value:.4}") } else { format!("{value:.1}") }
}
