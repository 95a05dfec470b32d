//! Ctrl-C and termination.
//!
//! The command runs on a thread of its own. When a signal comes, it is asked to stop and given a moment to clean up;
//! a fit that does not look up in time is left behind, for nothing it has done so far is on disk.

use std::{
    process,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use dlm_sdk::{Error, ErrorKind, Result};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::context::{Cancellation, Outcome};

const POLL: Duration = Duration::from_millis(20);
const GRACE: Duration = Duration::from_secs(2);
/// Trees and graphs recurse.
const STACK: usize = 16 << 20;

/// Runs work until it ends or a signal comes.
pub(super) fn supervise(
    cancellation: &Cancellation,
    work: impl FnOnce() -> Result<Outcome> + Send + 'static,
) -> Result<Outcome> {
    for signal in [SIGINT, SIGTERM] {
        cancellation
            .listen(signal)
            .map_err(|error| Error::internal("signals cannot be caught").with_source(error))?;
    }
    let (sender, receiver) = mpsc::channel();
    let worker = move || {
        // The receiver waits until the sender is gone.
        let _ = sender.send(work());
    };
    thread::Builder::new()
        .name("command".to_owned())
        .stack_size(STACK)
        .spawn(worker)
        .map_err(|error| Error::internal("the command's thread cannot be started").with_source(error))?;
    let mut deadline = None;
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(result) => return result,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(Error::new(ErrorKind::Panicked, "the command panicked; this is a bug in dlm"));
            }
            Err(mpsc::RecvTimeoutError::Timeout) if cancellation.signal().is_some() => {
                let deadline =
                    *deadline.get_or_insert_with(|| Instant::now() + GRACE.max(cancellation.grace()));
                if Instant::now() > deadline {
                    return Err(Error::cancelled());
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Ends the process now, without waiting for a command that was left behind.
pub(super) fn leave(code: i32) -> ! {
    dlm_genome::output::remove_unfinished();
    process::exit(code)
}
