//! Checks that every implementation of a trait runs in its tests, and that a plugin checker runs on strangers.
//!
//! Each function runs one trait's checks and returns a [`Report`]: every check has an id, a sentence that says what must
//! hold, and an outcome. [`Report::assert`] is what a test calls.
//!
//! # Examples
//!
//! ```
//! # use dlm_sdk::prelude::*;
//! # struct Whole(TokenizerSpec);
//! # impl Tokenizer for Whole {
//! #     fn spec(&self) -> &TokenizerSpec { &self.0 }
//! #     fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
//! #         for sequence in sequences {
//! #             let end = sequence.bases().len() as u32;
//! #             let span = [Span { start: 0, end }];
//! #             let n = usize::from(end > 0);
//! #             if sink.emit(&[0][..n], &span[..n]).is_break() { return Err(Error::cancelled()); }
//! #         }
//! #         Ok(())
//! #     }
//! #     fn token(&self, id: TokenId) -> Option<&str> { (id == 0).then_some("[UNK]") }
//! # }
//! # let mut spec = TokenizerSpec::new("whole", 1);
//! # spec.special.unk = Some(0);
//! # let whole = Whole(spec);
//! dlm_sdk::conformance::tokenizer(&whole).assert();
//! ```

mod baselines;
mod encoders;
mod tasks;
mod tokenizers;

use std::fmt;

pub use baselines::{baseline, baseline_where};
pub use encoders::{encoder, encoder_where};
pub use tasks::{task, task_where};
pub use tokenizers::{tokenizer, tokenizer_where};

/// How a check ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not, for a reason.
    Failed(String),
    /// It does not, but a plugin may live with that.
    Warning(String),
    /// It does not apply.
    Skipped(String),
}

/// A check that was run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Check {
    /// A stable id: the trait's letter and a number.
    pub id: &'static str,
    /// What must hold.
    pub rule: &'static str,
    /// How it ended.
    pub outcome: Outcome,
}

/// The checks of one component.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    checks: Vec<Check>,
}

/// Runs checks one after the other, those that are wanted.
struct Runner<'w> {
    report: Report,
    wanted: &'w mut dyn FnMut(&'static str) -> bool,
}

impl<'w> Runner<'w> {
    fn new(wanted: &'w mut dyn FnMut(&'static str) -> bool) -> Self {
        Self { report: Report::default(), wanted }
    }

    fn run(&mut self, id: &'static str, rule: &'static str, check: impl FnOnce() -> Outcome) {
        if (self.wanted)(id) {
            let outcome = check();
            self.report.checks.push(Check { id, rule, outcome });
        }
    }

    fn add(&mut self, id: &'static str, rule: &'static str, check: impl FnOnce() -> Result<(), String>) {
        self.run(id, rule, || check().map_or_else(Outcome::Failed, |()| Outcome::Passed));
    }

    fn warn(&mut self, id: &'static str, rule: &'static str, check: impl FnOnce() -> Result<(), String>) {
        self.run(id, rule, || check().map_or_else(Outcome::Warning, |()| Outcome::Passed));
    }

    fn skip(&mut self, id: &'static str, rule: &'static str, reason: impl Into<String>) {
        self.run(id, rule, || Outcome::Skipped(reason.into()));
    }
}

impl Report {
    /// Returns the checks in order.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Returns the ids of the checks that failed.
    pub fn failed(&self) -> Vec<&'static str> {
        let failed = |check: &&Check| matches!(check.outcome, Outcome::Failed(_));
        self.checks.iter().filter(failed).map(|check| check.id).collect()
    }

    /// Returns nothing if no check failed.
    ///
    /// # Panics
    ///
    /// With the report, if one did.
    pub fn assert(&self) {
        assert!(self.failed().is_empty(), "the component breaks its contract:\n{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Check { id, rule, outcome } in &self.checks {
            match outcome {
                Outcome::Passed => writeln!(f, "passed  {id}: {rule}")?,
                Outcome::Failed(reason) => writeln!(f, "FAILED  {id}: {rule}: {reason}")?,
                Outcome::Warning(reason) => writeln!(f, "warning {id}: {rule}: {reason}")?,
                Outcome::Skipped(reason) => writeln!(f, "skipped {id}: {rule}: {reason}")?,
            }
        }
        Ok(())
    }
}

/// Turns a condition into a check's result.
fn ensure(holds: bool, reason: impl FnOnce() -> String) -> std::result::Result<(), String> {
    if holds { Ok(()) } else { Err(reason()) }
}

/// Random bases with some N, as a check's input.
fn bases(stream: &mut crate::random::Stream, length: usize) -> Vec<u8> {
    (0..length)
        .map(|_| if stream.below(50) == 0 { b'N' } else { crate::dna::BASES[stream.below(4)] })
        .collect()
}
