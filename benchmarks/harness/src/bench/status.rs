//! `dlm bench status`: how far a run has come.

use std::{fmt::Write as _, path::PathBuf};

use clap::Args;
use dlm_sdk::Result;
use serde::Serialize;

use crate::{
    context::{Context, Outcome},
    results::{PlannedCell, Status, Store},
};

/// Says which cells of a folder's latest plan are done, failed or missing.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  dlm bench status results\n  dlm bench status results --json")]
pub struct StatusArgs {
    /// Folder that bench run wrote to
    folder: PathBuf,
}

#[derive(Serialize)]
struct StatusRow {
    #[serde(flatten)]
    cell: PlannedCell,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct StatusDocument {
    done: usize,
    failed: usize,
    unsupported: usize,
    missing: usize,
    cells: Vec<StatusRow>,
}

impl StatusArgs {
    pub(super) fn run(self, context: &Context) -> Result<Outcome> {
        let store = Store::open(self.folder)?;
        let mut cells = Vec::new();
        for cell in store.plan()?.unwrap_or_default() {
            let found = store.cell(&cell.key)?;
            let (status, reason) =
                found.map_or((Status::Missing, None), |found| (found.status, found.reason));
            cells.push(StatusRow { cell, status, reason });
        }
        let count = |status| cells.iter().filter(|row| row.status == status).count();
        let document = StatusDocument {
            done: count(Status::Done),
            failed: count(Status::Failed),
            unsupported: count(Status::Unsupported),
            missing: count(Status::Missing),
            cells,
        };
        context.print(&document, || text(&document))?;
        Ok(Outcome::of(document.failed == 0))
    }
}

fn text(document: &StatusDocument) -> String {
    let mut text = String::new();
    for row in document.cells.iter().filter(|row| row.status != Status::Done) {
        let cell = &row.cell;
        let reason = row.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "{} ({}) {} seed {}: {}{reason}",
            cell.task,
            cell.split,
            cell.model,
            cell.seed,
            row.status.name()
        );
    }
    let _ = writeln!(
        text,
        "{} done, {} failed, {} unsupported, {} missing",
        document.done, document.failed, document.unsupported, document.missing
    );
    if document.missing > 0 {
        text.push_str("the same bench run command goes on where it stopped\n");
    }
    text
}
