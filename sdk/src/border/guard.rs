//! The only place where unwinding ends, and how errors travel.

use std::{
    any::Any,
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::abi;
use crate::{Error, ErrorKind, Result};

/// What separates an error's text from its hint on the way.
const HINT: &str = "\nhint: ";

thread_local! {
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Replaces the plugin's own copy of the panic hook by one that keeps the place of a panic and prints nothing: the host
/// reports it.
pub(super) fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        if let Some(place) = info.location() {
            PLACE.with(|kept| *kept.borrow_mut() = format!("{}:{}: ", place.file(), place.line()));
        }
    }));
}

/// Runs the body of a function that the other side called, and turns an error or a panic into a status and a text.
pub(super) fn guard(err: *mut abi::Error, body: impl FnOnce() -> Result<()>) -> abi::Status {
    let (status, text) = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return abi::OK,
        Ok(Err(error)) => (status_of(error.kind()), told(&error)),
        Err(panic) => {
            let text = format!("{}{}", PLACE.with(RefCell::take), message_of(&*panic));
            // Dropping what was thrown could throw again.
            std::mem::forget(panic);
            (abi::PANIC, text)
        }
    };
    fill(err, status, &text);
    status
}

/// Tells what was thrown.
pub(super) fn message_of(panic: &(dyn Any + Send)) -> String {
    let message = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    message
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without text".into())
}

fn told(error: &Error) -> String {
    let text = error.chain();
    match error.hint() {
        Some(hint) => format!("{text}{HINT}{hint}"),
        None => text,
    }
}

/// Returns a kind's status code.
pub(super) fn status_of(kind: ErrorKind) -> abi::Status {
    match kind {
        ErrorKind::Invalid => abi::INVALID,
        ErrorKind::Unsupported => abi::UNSUPPORTED,
        ErrorKind::Io => abi::IO,
        ErrorKind::Internal => abi::INTERNAL,
        ErrorKind::Panicked => abi::PANIC,
        ErrorKind::Cancelled => abi::CANCELLED,
    }
}

fn fill(err: *mut abi::Error, status: abi::Status, text: &str) {
    if err.is_null() {
        return;
    }
    let text = if text.trim_end().is_empty() { "no reason was given" } else { text.trim_end() };
    let text = &text[..text.floor_char_boundary(abi::ERROR_CAP)];
    let mut error = abi::Error::new();
    error.code = status;
    error.len = text.len() as u32;
    error.message[..text.len()].copy_from_slice(text.as_bytes());
    // SAFETY: the caller passes NULL or its own error struct, which nobody else touches during the call.
    unsafe { err.write(error) };
}

/// Turns the other side's status and error into a result. `what` names plugin, component and function.
pub(super) fn answered(status: abi::Status, error: &abi::Error, what: &str) -> Result<()> {
    let kind = match status {
        abi::OK => return Ok(()),
        abi::INVALID => ErrorKind::Invalid,
        abi::UNSUPPORTED => ErrorKind::Unsupported,
        abi::IO => ErrorKind::Io,
        abi::PANIC => ErrorKind::Panicked,
        abi::CANCELLED => ErrorKind::Cancelled,
        _ => ErrorKind::Internal,
    };
    let bytes = &error.message[..(error.len as usize).min(abi::ERROR_CAP)];
    let text = String::from_utf8_lossy(bytes).trim_end().to_owned();
    let verb = if kind == ErrorKind::Panicked { "panicked" } else { "failed" };
    if text.is_empty() {
        return Err(Error::new(kind, format!("{what} {verb} with status {status} and no text")));
    }
    let (text, hint) = match text.split_once(HINT) {
        Some((text, hint)) => (text, Some(hint.to_owned())),
        None => (text.as_str(), None),
    };
    let told = Error::new(kind, format!("{what} {verb}: {text}"));
    Err(match hint {
        Some(hint) => told.with_hint(hint),
        None => told,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(body: impl FnOnce() -> Result<()>) -> (abi::Status, Result<()>) {
        let mut error = abi::Error::new();
        let status = guard(&raw mut error, body);
        (status, answered(status, &error, "plugin p: f"))
    }

    #[test]
    fn an_error_keeps_kind_text_and_hint() {
        let (status, error) =
            run(|| Err(Error::unsupported("no such layer").with_hint("use -1").within("e")));
        let error = error.unwrap_err();
        assert_eq!((status, error.kind()), (abi::UNSUPPORTED, ErrorKind::Unsupported));
        assert_eq!(error.to_string(), "plugin p: f failed: e: no such layer");
        assert_eq!(error.hint(), Some("use -1"));
    }

    #[test]
    fn a_panic_is_a_status() {
        let (status, error) = run(|| panic!("the {}", "planted one"));
        assert_eq!(status, abi::PANIC);
        assert!(error.unwrap_err().to_string().ends_with("the planted one"));
        assert_eq!(guard(std::ptr::null_mut(), || Err(Error::internal("nobody listens"))), abi::INTERNAL);
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        let (_, error) = run(|| Err(Error::internal("é".repeat(900))));
        let error = error.unwrap_err().to_string();
        assert_eq!(error.matches('é').count(), abi::ERROR_CAP / 2);
        assert!(!error.contains(char::REPLACEMENT_CHARACTER));
    }

    #[test]
    fn what_is_not_known_is_internal() {
        let error = answered(77, &abi::Error::new(), "plugin p: f").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.to_string().contains("77 and no text"), "{error}");
    }
}
