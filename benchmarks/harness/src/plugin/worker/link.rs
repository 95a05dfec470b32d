//! The line to a worker.

use std::{
    io,
    os::unix::{
        net::UnixStream,
        process::{CommandExt as _, ExitStatusExt as _},
    },
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use dlm_sdk::{Error, ErrorKind, Result};

use super::protocol::{Answer, Request, error_of, receive, send};

/// How long a worker that closed its line may take to end.
const ENDING: Duration = Duration::from_secs(2);

/// A running worker. One request is under way at a time.
#[derive(Debug)]
pub(super) struct Link {
    label: String,
    limit: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    stream: UnixStream,
    child: Child,
    /// Why it can no longer be asked.
    broken: Option<(ErrorKind, String)>,
}

impl Link {
    /// Starts a worker of a program.
    pub(super) fn start(program: &Path, folder: &Path, label: &str, limit: Duration) -> Result<Self> {
        let label = format!("{label} of {}", folder.display());
        let fail = |error: io::Error| Error::io(format!("{label}: its process cannot be started"), error);
        let (ours, theirs) = UnixStream::pair().map_err(fail)?;
        ours.set_read_timeout(Some(limit)).map_err(fail)?;
        ours.set_write_timeout(Some(limit)).map_err(fail)?;
        let child = Command::new(program)
            .args(["--threads", &rayon::current_num_threads().to_string(), "plugin", "worker"])
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            // What a plugin prints must not land in this program's answer.
            .stdout(Stdio::from(io::stderr()))
            // Ctrl-C is for this process, which ends its workers.
            .process_group(0)
            .spawn()
            .map_err(fail)?;
        Ok(Self { label, limit, state: Mutex::new(State { stream: ours, child, broken: None }) })
    }

    /// Asks and waits for the answer.
    pub(super) fn ask(
        &self,
        what: &str,
        request: &Request,
        blobs: &[&[u8]],
    ) -> Result<(Answer, Vec<Vec<u8>>)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((kind, why)) = &state.broken {
            return Err(Error::new(*kind, format!("{}: {what}: {why}", self.label)));
        }
        let sent = send(&mut state.stream, request, blobs);
        match sent.and_then(|()| receive::<Answer>(&mut state.stream)) {
            Ok((Answer::Failed { kind, text, hint }, _)) => Err(error_of(kind, text, hint)),
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.broken(&mut state, what, &error)),
        }
    }

    /// Ends a worker whose line is of no more use, and tells why.
    fn broken(&self, state: &mut State, what: &str, error: &io::Error) -> Error {
        let late = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
        let (kind, why) = if late {
            // It may have ended in between.
            let _ = state.child.kill();
            let seconds = self.limit.as_secs_f64();
            (ErrorKind::Internal, format!("it did not answer within {seconds} s, and its process was ended"))
        } else {
            match ended(&mut state.child) {
                Some(status) => (ErrorKind::Panicked, format!("its process {}", told(status))),
                None => {
                    (ErrorKind::Internal, format!("its process was ended, for its answer was none: {error}"))
                }
            }
        };
        let _ = state.child.wait();
        let hint = late.then_some("DLM_PLUGIN_TIMEOUT sets the limit in seconds");
        state.broken = Some((kind, why.clone()));
        let error = Error::new(kind, format!("{}: {what}: {why}", self.label));
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

/// Waits a moment for a worker to end; one that does not is ended.
fn ended(child: &mut Child) -> Option<ExitStatus> {
    let start = Instant::now();
    while start.elapsed() < ENDING {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    None
}

fn told(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(6), _) => "aborted (signal 6), as a panic does where panics abort".to_owned(),
        (Some(9), _) => "was killed (signal 9), perhaps for want of memory".to_owned(),
        (Some(11), _) => "crashed (signal 11, access to memory that is not there)".to_owned(),
        (Some(signal), _) => format!("was ended by signal {signal}"),
        (_, Some(code)) => format!("ended with code {code}"),
        _ => "ended".to_owned(),
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        // A worker has nothing to save.
        let _ = state.child.kill();
        let _ = state.child.wait();
    }
}
