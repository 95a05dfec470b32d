//! `dlm report`: one offline HTML file from the results of a run.
//!
//! The file holds its style, its script and its plots; it asks for nothing from anywhere, and its own content policy
//! forbids that it could. Tables sort by a click or by the keyboard. Plots are SVG with text that can be selected.

mod charts;
mod curves;
mod export;
mod numbers;
mod overview;
mod page;
mod section;
mod strata;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use clap::Args;
use dlm_genome::output;
use dlm_sdk::Result;
use serde::Serialize;

use crate::{
    context::{Context, Outcome},
    files::file_error,
    results::Store,
};

/// The arguments of `dlm report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// The folder that bench run wrote to
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Write the tables as LaTeX too, beside the report with the ending .tex
    #[arg(long)]
    latex: bool,
    /// Write the tables as CSV too, beside the report with the ending .csv
    #[arg(long)]
    csv: bool,
}

/// Which files were written.
#[derive(Clone, Debug, Serialize)]
pub struct Written {
    /// The page.
    pub report: PathBuf,
    /// The LaTeX tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latex: Option<PathBuf>,
    /// The CSV table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csv: Option<PathBuf>,
}

impl ReportArgs {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// The folder holds no results, or a file cannot be written.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let store = Store::open(&self.folder)?;
        let written = write(&store, &self.output, "Benchmark of DNA sequence models", self.latex, self.csv)?;
        context.print(&written, || {
            let files = [Some(&written.report), written.latex.as_ref(), written.csv.as_ref()];
            let paths: Vec<String> =
                files.into_iter().flatten().map(|path| path.display().to_string()).collect();
            paths.join("\n")
        })?;
        Ok(Outcome::Done)
    }
}

/// Writes the report of a folder of results.
///
/// # Errors
///
/// The folder holds no results, or a file cannot be written.
pub fn write(store: &Store, path: &Path, title: &str, latex: bool, csv: bool) -> Result<Written> {
    let document = store.document()?;
    let page = page::page(store, &document, title)?;
    let mut written = Written { report: path.to_owned(), latex: None, csv: None };
    output::write(path, page).map_err(file_error)?;
    if latex {
        let path = path.with_extension("tex");
        output::write(&path, export::latex(&page::tables(&document))).map_err(file_error)?;
        written.latex = Some(path);
    }
    if csv {
        let path = path.with_extension("csv");
        output::write(&path, export::csv(&document)?).map_err(file_error)?;
        written.csv = Some(path);
    }
    Ok(written)
}
