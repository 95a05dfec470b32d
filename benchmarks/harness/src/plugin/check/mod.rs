//! `dlm plugin check`: the rules of the border, run against a plugin.
//!
//! The checks run in a child process, which says before each what it is about to do. A check that crashes or hangs costs
//! itself: the rest goes on in a new child. Checking runs the plugin's code, trusted or not: do not check what you would
//! not run.

mod child;
mod rules;
mod steps;
mod subject;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use dlm_sdk::{Error, Result};
use regex::Regex;
use serde::{Deserialize, Serialize};

use self::{
    rules::RULES,
    steps::{Step, steps},
    subject::Subject,
};
use super::manifest::{Manifest, folder_of};
use crate::context::{Context, Outcome as CommandOutcome};

/// How long one check may take, in seconds.
const LIMIT: f64 = 120.0;

/// Arguments of `plugin check`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  dlm plugin check my-plugin\n  dlm plugin check my-plugin --only '^T' --json\n  \
                        dlm plugin check --list\n  dlm plugin check dnabert2 --configure dnabert2:weights/"
)]
pub struct CheckArgs {
    /// Folder of the plugin
    #[arg(value_name = "PATH", required_unless_present = "list")]
    path: Option<PathBuf>,
    /// Print all rules, and check nothing
    #[arg(long)]
    list: bool,
    /// Run only the rules whose ids fit a regular expression, such as '^T' or 'E4'
    #[arg(long, value_name = "REGEX")]
    only: Option<String>,
    /// Make a component with an argument or options, as in a spec: ID:ARGUMENT,key=value. Repeatable
    #[arg(long, value_name = "SPEC")]
    configure: Vec<String>,
    /// Seconds that one check may take
    #[arg(long, value_name = "SECONDS", default_value_t = LIMIT)]
    limit: f64,
    /// Run the checks in this process, for debuggers: a crash ends it
    #[arg(long)]
    in_process: bool,
    /// Serve the checks from a number on, over standard input
    #[arg(long, hide = true, value_name = "N")]
    child_from: Option<usize>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// The plugin crashed, aborted, or did not come back in time.
    Crashed,
    /// It does not apply, or could not be checked.
    Skipped,
    /// It does not hold, but a plugin may live with that.
    Warning,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::Crashed => "CRASHED",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
        }
    }
}

/// How a check ended, with the reason where it did not pass.
type Found = (Status, Option<String>);

/// A check that was run.
#[derive(Debug, Serialize)]
struct Row {
    id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<String>,
    status: Status,
    rule: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    plugin: String,
    checks: Vec<Row>,
    counts: BTreeMap<Status, usize>,
}

#[derive(Serialize)]
struct Listed {
    id: &'static str,
    rule: &'static str,
}

impl CheckArgs {
    /// Checks a plugin.
    ///
    /// # Errors
    ///
    /// A regular expression or a spec is wrong, or no child process can be started. A plugin that breaks a rule is no
    /// error but an outcome.
    pub fn run(self, context: &Context) -> Result<CommandOutcome> {
        let Some(path) = self.path.as_deref().filter(|_| !self.list) else {
            let rules: Vec<Listed> =
                RULES.iter().map(|rule| Listed { id: rule.id, rule: rule.holds }).collect();
            context.print(&rules, || {
                RULES.iter().fold(String::new(), |mut text, rule| {
                    // Writing to a string never fails.
                    let _ = writeln!(text, "{:<4} {}", rule.id, rule.holds);
                    text
                })
            })?;
            return Ok(CommandOutcome::Done);
        };
        let folder = folder_of(path);
        let folder = folder
            .canonicalize()
            .map_err(|error| Error::io(format!("{}: cannot be found", folder.display()), error))?;
        let only = self.only.as_deref().map(Regex::new).transpose().map_err(|error| {
            Error::invalid(format!(
                "--only {:?} is no regular expression",
                self.only.as_deref().unwrap_or_default()
            ))
            .with_source(error)
        })?;
        let manifest = Manifest::read(&folder);
        let steps = steps(manifest.as_ref().ok(), only.as_ref());
        if let Some(from) = self.child_from {
            child::serve(&steps, from, Subject::new(folder, manifest, &self.configure, context)?)?;
            return Ok(CommandOutcome::Done);
        }
        let limit = Duration::try_from_secs_f64(self.limit)
            .map_err(|_| Error::invalid(format!("--limit {} is no number of seconds", self.limit)))?;
        let found = if self.in_process {
            let mut subject = Subject::new(folder.clone(), manifest, &self.configure, context)?;
            steps.iter().map(|step| subject.check(step)).collect()
        } else {
            // A spec that is wrong is told here, not by each child.
            Subject::new(folder.clone(), manifest, &self.configure, context)?;
            child::run(&steps, &self, &folder, limit, context)?
        };
        let answer = answer(&folder, &steps, found);
        context.print(&answer, || text(&answer))?;
        let bad = |row: &Row| matches!(row.status, Status::Failed | Status::Crashed);
        Ok(CommandOutcome::of(!answer.checks.iter().any(bad)))
    }
}

fn answer(folder: &Path, steps: &[Step], found: Vec<Found>) -> Answer {
    let row = |(step, (status, reason)): (&Step, Found)| Row {
        id: step.rule.id,
        component: step.component.as_ref().map(|(_, name)| name.clone()),
        status,
        rule: step.rule.holds,
        reason,
    };
    let checks: Vec<Row> = steps.iter().zip(found).map(row).collect();
    let mut counts = BTreeMap::new();
    for check in &checks {
        *counts.entry(check.status).or_default() += 1;
    }
    Answer { plugin: folder.display().to_string(), checks, counts }
}

fn text(answer: &Answer) -> String {
    let mut text = String::new();
    for row in &answer.checks {
        let component = row.component.as_deref().map(|name| format!(" {name}:")).unwrap_or_default();
        // Writing to a string never fails.
        let _ = write!(text, "{:<8} {:<4}{component} {}", row.status.name(), row.id, row.rule);
        match &row.reason {
            Some(reason) => _ = writeln!(text, "\n{:<13} {}", "", reason.replace('\n', "; ")),
            None => text.push('\n'),
        }
    }
    let told: Vec<String> =
        answer.counts.iter().map(|(status, n)| format!("{n} {}", status.name().to_lowercase())).collect();
    let _ = writeln!(text, "{}", told.join(", "));
    text
}
