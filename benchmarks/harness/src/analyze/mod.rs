//! `dlm analyze`: what a model learned, as data, plots and one offline report.
//!
//! An analysis is a list of *sections* ([`SECTIONS`]), each a function of a shared [`Subject`]: the model and its
//! tokenizer, the genome, a folder of annotations, limits and a seed. What a section found ([`Findings`]) is written to a
//! folder of its own, every plot (SVG) beside the numbers it shows (CSV or Parquet), and the report is put together from
//! all sections that lie in the output, so that they may be computed one at a time.
//!
//! ```text
//! OUTPUT/report.html             every section that is there, and what has no data
//! OUTPUT/SECTION/section.json    what was found, how long it took, and a digest of what it was computed from
//! OUTPUT/SECTION/*.csv, *.svg    the data and the plots
//! OUTPUT/SECTION/pieces/         what a stopped run had computed of a long section; removed when it is finished
//! OUTPUT/work/                   what sections share, such as the tokenized genome; may be deleted
//! ```
//!
//! A finished section is not computed again while the digests of its inputs, its options and its revision are the same.

mod anatomy;
mod annotations;
mod command;
mod context;
mod curve;
mod embeddings;
mod findings;
mod inside;
mod intrinsic;
mod occurrences;
mod options;
mod page;
mod pieces;
mod resume;
mod section;
mod states;
mod subject;
mod tokens;
mod vocabulary;
mod windows;

pub use self::{
    command::AnalyzeArgs,
    findings::{Absent, Findings, Panel, Table},
    options::Options,
    section::{Reads, SECTIONS, Section},
    subject::Subject,
};
