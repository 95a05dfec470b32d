//! Fills the page.

use dlm_sdk::{Error, Result};
use minijinja::{AutoEscape, Environment, value::Serde};
use serde::Serialize;

use super::{
    charts, curves,
    overview::Overview,
    section::{Rows, Section},
    strata,
};
use crate::{
    results::{Document, Manifest, ModelRecord, Store, TaskRecord},
    tokenizer::thousands,
};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What the page is filled with.
#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    style: &'a str,
    script: &'a str,
    sections: Vec<Section>,
    overview: Overview,
    failed: usize,
    methods: usize,
    models: Vec<Pretrained>,
    manifest: &'a Manifest,
    facts: Vec<Facts>,
}

/// What the page says of a pretrained model.
#[derive(Serialize)]
struct Pretrained {
    name: String,
    seen: String,
    undertrained: bool,
    guessed: String,
    rows: Vec<[String; 5]>,
}

impl Pretrained {
    fn new(model: &ModelRecord) -> Self {
        let row = |score: &crate::results::MaskedScore| {
            [
                score.method.clone(),
                format!("{:.4}", score.accuracy),
                format!("{:.4}", score.top_tenth),
                format!("{:.1}", score.perplexity),
                format!("{:.4}", score.bits_per_base),
            ]
        };
        Self {
            name: model.model.clone(),
            seen: format!(
                "{}: {} weights, {} steps, {} tokens and {} bases seen",
                model.preset,
                thousands(model.parameters),
                thousands(model.steps),
                thousands(model.tokens),
                thousands(model.bases)
            ),
            undertrained: model.undertrained,
            guessed: thousands(model.guessed),
            rows: model.masked.iter().map(row).collect(),
        }
    }
}

/// A table of the manifest.
#[derive(Serialize)]
struct Facts {
    title: &'static str,
    rows: Vec<(String, String)>,
}

/// Collects the tables of a document: an anchor, the task, its rows.
pub(super) fn tables(document: &Document) -> Vec<(String, &TaskRecord, Rows<'_>)> {
    let mut tables = Vec::new();
    for task in &document.tasks {
        for rows in Rows::of(document, task) {
            tables.push((format!("task-{}", tables.len() + 1), task, rows));
        }
    }
    tables
}

/// Makes the page.
pub(super) fn page(store: &Store, document: &Document, title: &str) -> Result<String> {
    let tables = tables(document);
    let strata = store.strata()?.unwrap_or_default();
    let mut sections = Vec::new();
    for (number, (_, task, rows)) in tables.iter().enumerate() {
        let mut section = Section::new(number + 1, task, rows, &document.published);
        let answers = curves::read(store, task, rows)?;
        section.charts = charts::charts(task, rows, &answers);
        let scored: Vec<_> = Rows::all(document, task).filter(|row| !row.cells.is_empty()).collect();
        let shown = strata::shown(&strata, task, rows, &scored);
        (section.strata, section.strata_notes) = (shown.charts, shown.notes);
        sections.push(section);
    }
    let failed = document.summary.iter().filter(|row| row.score.is_none()).count();
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let broken =
        |error: minijinja::Error| Error::internal("the report cannot be filled in").with_source(error);
    environment.add_template("page.html", PAGE).map_err(broken)?;
    environment
        .get_template("page.html")
        .and_then(|template| {
            template.render(Serde(Page {
                title,
                style: STYLE,
                script: SCRIPT,
                sections,
                overview: Overview::new(&tables),
                failed,
                methods: document.summary.len(),
                models: document.models.iter().map(Pretrained::new).collect(),
                manifest: &document.manifest,
                facts: manifest(&document.manifest),
            }))
        })
        .map_err(broken)
}

fn manifest(manifest: &Manifest) -> Vec<Facts> {
    let rows = |map: &std::collections::BTreeMap<String, String>| {
        map.iter().map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>()
    };
    let seeds: Vec<String> = manifest.seeds.iter().map(u64::to_string).collect();
    let run = vec![
        ("dlm".to_owned(), manifest.version.clone()),
        ("protocol".to_owned(), manifest.protocol_version.to_string()),
        ("finished".to_owned(), manifest.finished.clone()),
        ("seeds".to_owned(), seeds.join(", ")),
        ("command".to_owned(), manifest.command.join(" ")),
    ];
    let mut tables = vec![
        Facts { title: "Run", rows: run },
        Facts { title: "Machine", rows: rows(&manifest.machine) },
        Facts { title: "Digests of the examples", rows: rows(&manifest.data) },
        Facts { title: "Tokenizers", rows: rows(&manifest.tokenizers) },
        Facts { title: "Encoders", rows: rows(&manifest.encoders) },
        Facts { title: "Files, SHA-256", rows: rows(&manifest.files) },
        Facts { title: "Plugins", rows: rows(&manifest.plugins) },
    ];
    tables.retain(|table| !table.rows.is_empty());
    tables
}
