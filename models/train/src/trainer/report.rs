//! What a training says about itself.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// The step, counted from zero.
    pub step: u64,
    /// The loss of its batches before the update.
    pub loss: f64,
    /// The norm of the gradient before clipping.
    pub norm: f64,
    /// The learning rate.
    pub rate: f64,
    /// How many tokens its batches held, padding left out.
    pub tokens: u64,
    /// How many examples its batches held.
    pub examples: u64,
    /// How long it took.
    pub seconds: f64,
}

impl StepReport {
    pub(super) fn numbers(&self) -> Vec<(&'static str, f64)> {
        let speed = if self.seconds > 0.0 { self.tokens as f64 / self.seconds } else { 0.0 };
        let mut numbers = vec![
            ("loss", self.loss),
            ("gradient_norm", self.norm),
            ("learning_rate", self.rate),
            ("tokens_per_second", speed),
        ];
        numbers.extend(resident().map(|bytes| ("memory_bytes", bytes)));
        numbers
    }
}

/// Returns how much memory this process has in use, where the system says so.
fn resident() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

/// What was measured on validation data after some steps.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Validation {
    /// How many steps had been made.
    pub step: u64,
    /// What chooses the best weights: the smaller, the better.
    pub loss: f64,
    /// Other numbers, by their names.
    pub metrics: Vec<(String, f64)>,
    /// Whether it was better than all before it.
    pub best: bool,
}

impl Validation {
    pub(super) fn numbers(&self) -> Vec<(&str, f64)> {
        let metrics = self.metrics.iter().map(|(name, value)| (name.as_str(), *value));
        [("validation_loss", self.loss)].into_iter().chain(metrics).collect()
    }
}

/// Where a training stands, told after each step.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'p> {
    /// What the step did.
    pub report: &'p StepReport,
    /// What was measured after it, if anything was.
    pub validation: Option<&'p Validation>,
    /// How many steps there are.
    pub steps: u64,
    /// The speed of the last steps.
    pub tokens_per_second: f64,
    /// How long the rest takes at that speed, validation left out.
    pub seconds_left: f64,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signal {
    /// With the next step.
    Continue,
    /// With a checkpoint, and then no more.
    Stop,
}

/// How a training ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// All steps were made.
    Finished,
    /// Validation had not become better for long enough.
    EarlyStopped,
    /// Somebody asked to stop; it can be resumed.
    Stopped,
}

/// What a training did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How it ended.
    pub ending: Ending,
    /// How many steps were made.
    pub steps: u64,
    /// After how many steps the weights were best, if validation chose.
    pub best_step: Option<u64>,
    /// How many tokens were seen, padding left out, each as often as it was seen.
    pub tokens: u64,
    /// How many examples were seen, each as often as it was seen.
    pub examples: u64,
    /// How long all steps took, those before a checkpoint too.
    pub seconds: f64,
}

/// The speed over the last steps.
#[derive(Debug, Default)]
pub(super) struct Speed {
    last: VecDeque<(u64, f64)>,
}

impl Speed {
    const STEPS: usize = 20;

    pub(super) fn add(&mut self, report: &StepReport) {
        if self.last.len() == Self::STEPS {
            self.last.pop_front();
        }
        self.last.push_back((report.tokens, report.seconds));
    }

    fn seconds(&self) -> f64 {
        self.last.iter().map(|(_, seconds)| seconds).sum()
    }

    pub(super) fn tokens_per_second(&self) -> f64 {
        let tokens: u64 = self.last.iter().map(|(tokens, _)| tokens).sum();
        if self.seconds() > 0.0 { tokens as f64 / self.seconds() } else { 0.0 }
    }

    pub(super) fn seconds_a_step(&self) -> f64 {
        self.seconds() / self.last.len().max(1) as f64
    }
}
