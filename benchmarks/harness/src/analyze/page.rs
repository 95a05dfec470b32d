//! The report: one page that asks for nothing from anywhere.

use dlm_sdk::{Error, Result};
use minijinja::{AutoEscape, Environment, value::Serde};
use serde::Serialize;

use super::{
    Section, Table,
    resume::{State, Status},
};
use crate::bench::machine;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("../report/style.css");
const OWN_STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("../report/script.js");

#[derive(Serialize)]
struct Page<'a> {
    title: String,
    version: &'static str,
    style: String,
    script: &'static str,
    sections: Vec<Shown<'a>>,
    missing: Vec<Missing>,
    done: usize,
    seconds: String,
    machine: Vec<(String, String)>,
}

/// A section that was computed.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    status: &'static str,
    failed: bool,
    reason: &'a str,
    seconds: String,
    memory: String,
    facts: &'a [(String, String)],
    warnings: &'a [String],
    panels: Vec<Drawn<'a>>,
    first: Option<Rows<'a>>,
    tables: Vec<Rows<'a>>,
    absent: &'a [super::Absent],
    methods: &'a [String],
    files: &'a [(String, String)],
    inputs: Vec<(&'a str, &'a str)>,
}

#[derive(Serialize)]
struct Drawn<'a> {
    title: &'a str,
    caption: &'a str,
    file: &'a str,
    wide: bool,
    svg: &'a str,
}

#[derive(Serialize)]
struct Rows<'a> {
    title: &'a str,
    caption: &'a str,
    columns: &'a [String],
    cells: Vec<Vec<Cell<'a>>>,
}

/// A cell, and the number it is sorted by if it is one.
#[derive(Serialize)]
struct Cell<'a> {
    text: &'a str,
    sort: Option<f64>,
}

/// A section that nobody has computed yet.
#[derive(Serialize)]
struct Missing {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    in_all: bool,
}

impl<'a> Rows<'a> {
    fn new(table: &'a Table) -> Self {
        let cell = |text: &'a String| Cell { text, sort: number(text) };
        Self {
            title: &table.title,
            caption: &table.caption,
            columns: &table.columns,
            cells: table.rows.iter().map(|row| row.iter().map(cell).collect()).collect(),
        }
    }
}

/// Returns the number that a cell begins with, thousands set apart or not.
fn number(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.replace(',', "").replace('\u{2212}', "-").parse().ok()
}

impl<'a> Shown<'a> {
    fn new(section: &'static Section, state: &'a State) -> Self {
        let mut tables = state.findings.tables.iter().map(Rows::new);
        Self {
            name: section.name,
            title: section.title,
            about: section.about,
            status: state.status.name(),
            failed: state.status == Status::Failed,
            reason: &state.reason,
            seconds: time(state.seconds),
            memory: state
                .peak_memory
                .map_or_else(String::new, |bytes| format!("{:.2} GiB", bytes as f64 / (1_u64 << 30) as f64)),
            facts: &state.findings.facts,
            warnings: &state.findings.warnings,
            panels: state
                .findings
                .panels
                .iter()
                .map(|panel| Drawn {
                    title: &panel.title,
                    caption: &panel.caption,
                    file: &panel.file,
                    wide: panel.wide,
                    svg: &panel.svg,
                })
                .collect(),
            first: tables.next(),
            tables: tables.collect(),
            absent: &state.findings.absent,
            methods: &state.findings.methods,
            files: &state.findings.files,
            inputs: state.inputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        }
    }
}

fn time(seconds: f64) -> String {
    if seconds < 90.0 { format!("{seconds:.1} s") } else { format!("{:.1} min", seconds / 60.0) }
}

/// Fills the page with what lies in the output.
pub(super) fn page(states: &[(&'static Section, Option<State>)], model: Option<&str>) -> Result<String> {
    let sections: Vec<Shown<'_>> = states
        .iter()
        .filter_map(|(section, state)| state.as_ref().map(|state| Shown::new(section, state)))
        .collect();
    let missing = states.iter().filter(|(_, state)| state.is_none()).map(|(section, _)| Missing {
        name: section.name,
        title: section.title,
        about: section.about,
        in_all: section.in_all,
    });
    let page = Page {
        title: model.map_or_else(|| "Analysis".to_owned(), |model| format!("What {model} learned")),
        version: env!("CARGO_PKG_VERSION"),
        style: format!("{STYLE}{OWN_STYLE}"),
        script: SCRIPT,
        done: sections.iter().filter(|section| section.status == Status::Done.name()).count(),
        seconds: time(states.iter().filter_map(|(_, state)| Some(state.as_ref()?.seconds)).sum()),
        missing: missing.collect(),
        machine: machine::describe().into_iter().collect(),
        sections,
    };
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment
        .add_template("page", PAGE)
        .and_then(|()| environment.get_template("page")?.render(Serde(&page)))
        .map_err(|error| Error::internal("the report's page cannot be filled").with_source(error))
}
