//! Bars and notes on standard error.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on standard error. It disappears when dropped.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(what: String, length: Option<u64>, quiet: bool) -> Self {
        if quiet || !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let template = match length {
            Some(_) => "{msg} {wide_bar} {human_pos}/{human_len}, {eta} left",
            None => "{spinner} {msg} {human_pos}, {elapsed}",
        };
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(250));
        Self(bar)
    }

    /// Counts more of the work as done.
    pub fn add(&self, done: u64) {
        self.0.inc(done);
    }

    /// Says how much of the work is done.
    pub fn set(&self, done: u64) {
        self.0.set_position(done);
    }

    /// Says how much work there is.
    pub fn set_length(&self, length: u64) {
        self.0.set_length(length);
    }

    /// Says what is being done.
    pub fn message(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }

    /// Prints a line above the bar; without a terminal, just a line.
    pub fn line(&self, text: &str) {
        if self.0.is_hidden() {
            say(text);
        } else {
            self.0.println(text);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Writes a line to standard error. There is nobody to tell if that fails.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
