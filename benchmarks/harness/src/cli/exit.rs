//! From results to messages and exit codes.

use std::io::{self, Write as _};

use dlm_sdk::{Error, ErrorKind, Result};

use crate::context::{Cancellation, Outcome};

/// The signal number of Ctrl-C, whose exit code an unexplained stop gets too.
const INTERRUPT: usize = 2;

/// Says what went wrong, if anything did, and returns the exit code.
pub(super) fn report(result: Result<Outcome>, cancellation: &Cancellation, json: bool) -> i32 {
    match result {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::Failed) => 1,
        Err(error) => {
            say(&error, json);
            if error.kind() == ErrorKind::Cancelled { stopped(cancellation) } else { 2 }
        }
    }
}

/// Returns the exit code of a stopped program: 128 and the signal.
fn stopped(cancellation: &Cancellation) -> i32 {
    128 + cancellation.signal().unwrap_or(INTERRUPT) as i32
}

fn say(error: &Error, json: bool) {
    // Nobody is left to tell if standard error or output is gone.
    let mut stderr = io::stderr().lock();
    let _ = writeln!(stderr, "error: {}", error.chain());
    if let Some(hint) = error.hint() {
        let _ = writeln!(stderr, "hint: {hint}");
    }
    if json {
        let document = serde_json::json!({"error": error.chain(), "hint": error.hint()});
        let _ = writeln!(io::stdout().lock(), "{document:#}");
    }
}
