//! What is seen of a training while it runs.

use std::time::Duration;

use dlm_train::{
    pretrain::Event,
    trainer::{self, Signal},
};

use crate::context::{Context, Progress};

/// What a training may take to finish its step and write a checkpoint.
pub(crate) const STOPPING: Duration = Duration::from_mins(5);

/// A bar with loss and speed, and the ear for a request to stop.
#[derive(Debug)]
pub(crate) struct Watch<'c> {
    context: &'c Context,
    what: String,
    progress: Progress,
    training: bool,
}

impl<'c> Watch<'c> {
    pub(crate) fn new(context: &'c Context, what: &str) -> Self {
        let progress = context.progress("tokenizing the genome", None);
        Self { context, what: what.to_owned(), progress, training: false }
    }

    /// Shows what happens, and asks to stop once somebody did.
    pub(crate) fn hear(&mut self, event: Event<'_>) -> Signal {
        match event {
            Event::Tokenized(bases) => self.progress.add(bases),
            Event::Planned(steps) => self.begin(steps),
            Event::Step(progress) => self.step(progress),
            Event::Measuring => self.progress.message("measuring on held-out stretches"),
        }
        self.signal()
    }

    /// Shows a step of any training.
    pub(crate) fn step(&mut self, progress: &trainer::Progress<'_>) {
        if !self.training {
            self.begin(progress.steps);
        }
        let report = progress.report;
        self.progress.set(report.step + 1);
        self.progress.message(format!(
            "{}: loss {:.4}, {:.0} tokens a second",
            self.what, report.loss, progress.tokens_per_second
        ));
        if let Some(validation) = progress.validation
            && !self.context.flags().quiet
        {
            self.progress.line(&format!(
                "{}: step {} of {}: loss {:.4}, held out {:.4}, {:.0} tokens a second, {:.0} s left",
                self.what,
                report.step + 1,
                progress.steps,
                report.loss,
                validation.loss,
                progress.tokens_per_second,
                progress.seconds_left
            ));
        }
    }

    /// Says whether to go on.
    pub(crate) fn signal(&self) -> Signal {
        self.context.cancellation().signal().map_or(Signal::Continue, |_| Signal::Stop)
    }

    fn begin(&mut self, steps: u64) {
        self.training = true;
        self.progress = self.context.progress(self.what.clone(), Some(steps));
    }
}
