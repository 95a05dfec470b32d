//! The command: which sections are computed, and what is said of them.

use std::{
    cell::RefCell,
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use dlm_sdk::{Error, ErrorKind, Result};
use serde::Serialize;

use super::{
    Findings, Options, SECTIONS, Section, Subject, page, pieces,
    resume::{self, Inputs, State, Status},
    section,
};
use crate::{
    bench::machine,
    context::{Context, Outcome},
};

/// The arguments of `dlm analyze`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  dlm analyze all --model grover-mini --genome chr21.fa.gz --annotations annotations \
                        --output analysis\n  dlm analyze intrinsic --model grover-mini --genome chr21.fa.gz \
                        --held-out held-out.bed --output analysis\n  dlm analyze list"
)]
pub struct AnalyzeArgs {
    /// A section, or all; list shows the sections
    #[arg(value_name = "SECTION")]
    section: String,
    /// Model: a folder, a built-in id, or a plugin's id; MODEL+random is its random-initialised twin
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Folder of annotations of the same genome; a panel that needs one that is not there says so
    #[arg(long, value_name = "DIR")]
    annotations: Option<PathBuf>,
    /// Folder for findings and report.html
    #[arg(long, value_name = "DIR", default_value = "dlm-analysis")]
    output: PathBuf,
    /// Compute sections again that are finished and whose inputs have not changed
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    options: Options,
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    about: &'static str,
    in_all: bool,
}

#[derive(Serialize)]
struct Answer {
    report: PathBuf,
    sections: Vec<Answered>,
}

/// What became of a section.
#[derive(Serialize)]
struct Answered {
    section: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    /// Whether it was there already.
    resumed: bool,
    seconds: f64,
    facts: Vec<(String, String)>,
}

impl AnalyzeArgs {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// There is no such section, input is wrong or missing, a file cannot be written, or somebody asked to stop. Under
    /// `all` a section that goes wrong is told in the report, and the others are computed.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        if self.section == "list" {
            return list(context);
        }
        let chosen = self.chosen()?;
        self.options.check()?;
        let whole = self.section == "all";
        std::fs::create_dir_all(&self.output)
            .map_err(|error| crate::files::write_error(&self.output, error))?;
        let mut inputs = Inputs::default();
        let mut answers = Vec::new();
        for section in chosen {
            context.check()?;
            let folder = self.output.join(section.name);
            std::fs::create_dir_all(&folder).map_err(|error| crate::files::write_error(&folder, error))?;
            let subject = Subject {
                context,
                model: self.model.as_deref(),
                genome: context.genome(),
                annotations: self.annotations.as_deref(),
                options: &self.options,
                root: &self.output,
                folder,
                files: RefCell::default(),
            };
            let (state, resumed) = self.one(section, &subject, &mut inputs, whole)?;
            context.note(format!(
                "{}: {}{}, {:.1} s",
                section.name,
                state.status.name(),
                if resumed { ", as it was found" } else { "" },
                state.seconds
            ));
            answers.push(Answered {
                section: section.name,
                status: state.status.name(),
                reason: state.reason.clone(),
                resumed,
                seconds: state.seconds,
                facts: state.findings.facts.clone(),
            });
        }
        let failed = answers.iter().any(|answer| answer.status == Status::Failed.name());
        let report = self.report()?;
        let answer = Answer { report, sections: answers };
        context.print(&answer, || text(&answer))?;
        Ok(Outcome::of(!failed))
    }

    fn chosen(&self) -> Result<Vec<&'static Section>> {
        if self.section == "all" {
            return Ok(SECTIONS.iter().filter(|section| section.in_all).collect());
        }
        section::find(&self.section).map(|section| vec![section]).ok_or_else(|| {
            let names: Vec<&str> = SECTIONS.iter().map(|section| section.name).collect();
            Error::invalid(format!("there is no section {:?}", self.section))
                .with_hint(format!("sections are {}, and all", names.join(", ")))
        })
    }

    /// Computes a section, unless it is there.
    fn one(
        &self,
        section: &Section,
        subject: &Subject<'_>,
        inputs: &mut Inputs,
        whole: bool,
    ) -> Result<(State, bool)> {
        let facts = inputs.of(section, subject)?;
        let key = resume::key(&facts);
        if !self.again
            && let Some(state) = State::read(&subject.folder)
            && state.key == key
            && state.status == Status::Done
        {
            return Ok((state, true));
        }
        let measured = machine::forget_peak_memory();
        let started = Instant::now();
        let (status, reason, mut findings) = match (section.run)(subject) {
            Ok(findings) => (Status::Done, String::new(), findings),
            Err(error) if !whole || error.kind() == ErrorKind::Cancelled => return Err(error),
            Err(error) => {
                let status = match error.kind() {
                    ErrorKind::Unsupported => Status::Unsupported,
                    _ => Status::Failed,
                };
                let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
                (status, format!("{}{hint}", error.chain()), Findings::default())
            }
        };
        subject.keep(&mut findings)?;
        let state = State {
            section: section.name.to_owned(),
            status,
            reason,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            key,
            inputs: facts,
            seconds: started.elapsed().as_secs_f64(),
            peak_memory: measured.then(machine::peak_memory).flatten(),
            findings,
        };
        state.write(&subject.folder)?;
        if state.status == Status::Done {
            pieces::remove(&subject.folder)?;
        }
        Ok((state, false))
    }

    /// Writes the report of everything that lies in the output.
    fn report(&self) -> Result<PathBuf> {
        let path = self.output.join("report.html");
        let read = |section: &'static Section| (section, State::read(&self.output.join(section.name)));
        let states: Vec<_> = SECTIONS.iter().map(read).collect();
        let page = page::page(&states, self.model.as_deref())?;
        dlm_genome::output::write(&path, page).map_err(crate::files::file_error)?;
        Ok(path)
    }
}

fn list(context: &Context) -> Result<Outcome> {
    let listed: Vec<Listed> = SECTIONS
        .iter()
        .map(|section| Listed { name: section.name, about: section.about, in_all: section.in_all })
        .collect();
    context.print(&listed, || {
        let mut text = String::new();
        for section in &listed {
            let apart = if section.in_all { "" } else { "; not part of all" };
            // Writing to a string never fails.
            let _ = writeln!(text, "{:<12} {}{apart}", section.name, section.about);
        }
        text
    })?;
    Ok(Outcome::Done)
}

fn text(answer: &Answer) -> String {
    let mut text = String::new();
    for section in &answer.sections {
        // Writing to a string never fails.
        let _ = writeln!(text, "{} ({}, {:.1} s)", section.section, section.status, section.seconds);
        if !section.reason.is_empty() {
            let _ = writeln!(text, "  {}", section.reason);
        }
        for (name, value) in &section.facts {
            let _ = writeln!(text, "  {name:<58} {value:>18}");
        }
    }
    text.push_str(&shown(&answer.report));
    text.push('\n');
    text
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
