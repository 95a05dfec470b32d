//! Checks in child processes.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::{net::UnixStream, process::ExitStatusExt as _},
    },
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use dlm_sdk::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{CheckArgs, Found, Status, Subject, steps::Step};
use crate::{
    context::Context,
    plugin::worker::{program, receive, send},
};

/// How much of what a crashed plugin printed is shown.
const SHOWN: u64 = 2_000;

/// What a child says.
#[derive(Deserialize, Serialize)]
enum Said {
    /// The check of this number begins.
    Begins(usize),
    /// It ended.
    Ended(Status, Option<String>),
}

/// The child's side: runs the checks from a number on.
pub(super) fn serve(steps: &[Step], from: usize, mut subject: Subject) -> Result<()> {
    let fail = |error: io::Error| Error::io("standard input is no line to dlm", error);
    let line = io::stdin().as_fd().try_clone_to_owned().map_err(fail)?;
    let mut stream = UnixStream::from(line);
    for (number, step) in steps.iter().enumerate().skip(from) {
        send(&mut stream, &Said::Begins(number), &[]).map_err(fail)?;
        let (status, reason) = subject.check(step);
        send(&mut stream, &Said::Ended(status, reason), &[]).map_err(fail)?;
    }
    Ok(())
}

/// The parent's side: starts children until every check has an outcome.
pub(super) fn run(
    steps: &[Step],
    arguments: &CheckArgs,
    folder: &Path,
    limit: Duration,
    context: &Context,
) -> Result<Vec<Found>> {
    let mut found: Vec<Found> = Vec::with_capacity(steps.len());
    let progress = context.progress("checking", Some(steps.len() as u64));
    while found.len() < steps.len() {
        let from = found.len();
        let mut running = Running::start(arguments, folder, from, limit)?;
        while found.len() < steps.len() {
            context.check()?;
            progress.message(steps[found.len()].rule.id.to_owned());
            match running.next(found.len()) {
                Ok(outcome) => found.push(outcome),
                Err(reason) => {
                    found.push((Status::Crashed, Some(reason)));
                    progress.add(1);
                    break;
                }
            }
            progress.add(1);
        }
    }
    Ok(found)
}

struct Running {
    stream: UnixStream,
    child: Child,
    printed: File,
    limit: Duration,
}

impl Running {
    fn start(arguments: &CheckArgs, folder: &Path, from: usize, limit: Duration) -> Result<Self> {
        let fail = |error: io::Error| Error::io("no process for the checks can be started", error);
        let (ours, theirs) = UnixStream::pair().map_err(fail)?;
        ours.set_read_timeout(Some(limit)).map_err(fail)?;
        let printed = tempfile::tempfile().map_err(fail)?;
        let both = (printed.try_clone().map_err(fail)?, printed.try_clone().map_err(fail)?);
        let mut command = Command::new(program()?);
        command.args(["--threads", "1", "--quiet", "plugin", "check"]).arg(folder);
        command.arg("--child-from").arg(from.to_string());
        if let Some(only) = &arguments.only {
            command.arg("--only").arg(only);
        }
        for spec in &arguments.configure {
            command.arg("--configure").arg(spec);
        }
        let child = command
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(both.0))
            .stderr(Stdio::from(both.1))
            .spawn()
            .map_err(fail)?;
        Ok(Self { stream: ours, child, printed, limit })
    }

    /// Waits for the next check's outcome, or says why there is none.
    fn next(&mut self, number: usize) -> Result<Found, String> {
        loop {
            match receive::<Said>(&mut self.stream) {
                Ok((Said::Begins(begun), _)) if begun == number => {}
                Ok((Said::Ended(status, reason), _)) => return Ok((status, reason)),
                Ok((Said::Begins(_), _)) => return Err("the child lost count".into()),
                Err(error) => return Err(self.lost(&error)),
            }
        }
    }

    fn lost(&mut self, error: &io::Error) -> String {
        if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) {
            return format!("it did not come back within {} s", self.limit.as_secs_f64());
        }
        let start = Instant::now();
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break Some(status),
                _ if start.elapsed() > Duration::from_secs(2) => break None,
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let why = match status.and_then(|status| status.signal()) {
            Some(6) => "the process aborted (signal 6), as a panic does where panics abort".to_owned(),
            Some(11) => "the process crashed (signal 11, access to memory that is not there)".to_owned(),
            Some(signal) => format!("the process was ended by signal {signal}"),
            None => match status.and_then(|status| status.code()) {
                Some(code) => format!("the process ended with code {code}"),
                None => format!("the process answered nonsense: {error}"),
            },
        };
        let mut text = Vec::new();
        let read = self.printed.rewind().and_then(|()| (&self.printed).take(SHOWN).read_to_end(&mut text));
        let text = String::from_utf8_lossy(&text).trim().to_owned();
        if read.is_ok() && !text.is_empty() { format!("{why}; it printed: {text}") } else { why }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
