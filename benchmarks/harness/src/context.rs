//! What every command shares: global flags, the registry, cancellation, progress, and how answers are printed.
//!
//! A command is a function of its arguments and a [`Context`] to a [`Result`] of [`Outcome`]. It prints its answer
//! once, by [`Context::print`], calls [`Context::check`] where it can stop, and returns errors; the caller turns them
//! into messages and exit codes.

mod progress;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use dlm_sdk::{Error, Registry, Result};
use serde::Serialize;

pub use progress::Progress;

/// How a command that returned no error ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Everything asked for was done: exit code 0.
    Done,
    /// A cell or a check failed, and the answer says which: exit code 1.
    Failed,
}

impl Outcome {
    /// Returns [`Done`](Self::Done) if a condition holds, else [`Failed`](Self::Failed).
    pub fn of(good: bool) -> Self {
        if good { Self::Done } else { Self::Failed }
    }
}

/// Whether somebody asked the program to stop, and by which signal.
#[derive(Clone, Debug, Default)]
pub struct Cancellation {
    signal: Arc<AtomicUsize>,
    /// Seconds that whoever was asked to stop may take, beside the usual moment.
    grace: Arc<AtomicU64>,
}

impl Cancellation {
    /// Asks to stop as soon as the process gets a signal.
    pub(crate) fn listen(&self, signal: i32) -> io::Result<()> {
        signal_hook::flag::register_usize(signal, Arc::clone(&self.signal), signal as usize).map(|_| ())
    }

    /// Asks to stop, as a signal would.
    pub fn cancel(&self, signal: usize) {
        self.signal.store(signal, Ordering::SeqCst);
    }

    /// Returns the signal that asked to stop, if any.
    pub fn signal(&self) -> Option<usize> {
        match self.signal.load(Ordering::SeqCst) {
            0 => None,
            signal => Some(signal),
        }
    }

    /// Asks for more time to stop than a moment: a training finishes its step and writes a checkpoint.
    pub fn ask_for(&self, time: Duration) {
        self.grace.store(time.as_secs(), Ordering::SeqCst);
    }

    /// Returns how much time was asked for.
    pub(crate) fn grace(&self) -> Duration {
        Duration::from_secs(self.grace.load(Ordering::SeqCst))
    }

    /// Fails once somebody asked to stop.
    ///
    /// # Errors
    ///
    /// [`Cancelled`](dlm_sdk::ErrorKind::Cancelled).
    pub fn check(&self) -> Result<()> {
        self.signal().map_or(Ok(()), |_| Err(Error::cancelled()))
    }
}

/// The global flags.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// Whether one JSON document goes to standard output, and nothing else.
    pub json: bool,
    /// Whether progress and notes are left out.
    pub quiet: bool,
    /// A FASTA file for all components that read a genome and are not given one themselves.
    pub genome: Option<PathBuf>,
    /// A folder of released benchmarks for all components that read one.
    pub data: Option<PathBuf>,
}

/// What every command shares.
#[derive(Clone, Debug)]
pub struct Context {
    flags: Flags,
    registry: Registry,
    cancellation: Cancellation,
}

impl Context {
    /// Creates a context on the built-in components and those of the plugins that are found.
    ///
    /// # Errors
    ///
    /// Two built-in components have the same id.
    pub fn new(flags: Flags, cancellation: Cancellation) -> Result<Self> {
        let mut registry = Registry::builtin()?;
        crate::plugin::register(&mut registry);
        Ok(Self::with_registry(flags, cancellation, registry))
    }

    /// Creates a context on given components.
    pub fn with_registry(flags: Flags, cancellation: Cancellation, mut registry: Registry) -> Self {
        for (key, path) in [("genome", &flags.genome), ("data", &flags.data)] {
            if let Some(path) = path {
                registry.share(key, path.to_string_lossy());
            }
        }
        Self { flags, registry, cancellation }
    }

    /// Returns the components, with `--genome` and `--data` shared among them.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Returns whether the answer is a JSON document.
    pub fn json(&self) -> bool {
        self.flags.json
    }

    /// Returns the global flags.
    pub fn flags(&self) -> &Flags {
        &self.flags
    }

    /// Returns the FASTA file of `--genome`.
    pub fn genome(&self) -> Option<&Path> {
        self.flags.genome.as_deref()
    }

    /// Returns the folder of `--data`.
    pub fn data(&self) -> Option<&Path> {
        self.flags.data.as_deref()
    }

    /// Returns who to ask whether to stop.
    pub fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// Fails once somebody asked to stop. Long work calls it at least a few times a second.
    ///
    /// # Errors
    ///
    /// [`Cancelled`](dlm_sdk::ErrorKind::Cancelled).
    pub fn check(&self) -> Result<()> {
        self.cancellation.check()
    }

    /// Returns this context with other components shared, for instance a genome that a configuration names.
    #[must_use]
    pub fn sharing(&self, key: &str, value: &str) -> Self {
        let mut context = self.clone();
        context.registry.share(key, value);
        context
    }

    /// Opens a bar on standard error, with an estimate of the time left; `None` for an unknown length. It draws nothing
    /// where standard error is no terminal or `--quiet` is set.
    pub fn progress(&self, what: impl Into<String>, length: Option<u64>) -> Progress {
        Progress::new(what.into(), length, self.flags.quiet)
    }

    /// Says something on standard error, unless `--quiet` is set.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.flags.quiet {
            progress::say(text.as_ref());
        }
    }

    /// Warns on standard error, even with `--quiet`.
    pub fn warn(&self, text: impl AsRef<str>) {
        progress::say(&format!("warning: {}", text.as_ref()));
    }

    /// Prints the answer to standard output: the document with `--json`, else the text.
    ///
    /// # Errors
    ///
    /// Standard output cannot be written to; a reader that went away is no error.
    pub fn print(&self, document: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        let mut answer = if self.flags.json {
            serde_json::to_string_pretty(document)
                .map_err(|error| Error::internal("the answer is no JSON").with_source(error))?
        } else {
            text()
        };
        if !answer.is_empty() && !answer.ends_with('\n') {
            answer.push('\n');
        }
        let mut output = io::stdout().lock();
        match output.write_all(answer.as_bytes()).and_then(|()| output.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::io("standard output", error))
            }
            _ => Ok(()),
        }
    }
}
