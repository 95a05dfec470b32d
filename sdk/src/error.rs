//! The one error of every call that can fail.

use std::{borrow::Cow, error, fmt};

/// The result of a call that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong: a kind, a phrase, an optional hint and an optional cause.
///
/// It is one word wide and opaque, so that kinds and causes may grow.
///
/// # Examples
///
/// ```
/// use dlm_sdk::{Error, ErrorKind};
///
/// let error = Error::invalid("genes.bed: line 3: start lies after end").with_hint("BED starts are 0-based");
/// assert_eq!(error.kind(), ErrorKind::Invalid);
/// assert_eq!(error.to_string(), "genes.bed: line 3: start lies after end");
/// assert_eq!(error.hint(), Some("BED starts are 0-based"));
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    context: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

/// The reason for an [`Error`], one to one with the status codes of the plugin border.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller's input is wrong.
    Invalid,
    /// The component cannot do this, and says why.
    Unsupported,
    /// A file or a stream failed.
    Io,
    /// The component or what it builds on failed.
    Internal,
    /// The component panicked and is gone.
    Panicked,
    /// Someone asked to stop.
    Cancelled,
}

impl Error {
    /// Creates an error from a lower-case phrase without a full stop.
    pub fn new(kind: ErrorKind, context: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { kind, context: context.into(), hint: None, source: None }))
    }

    /// Creates an error about wrong input.
    pub fn invalid(context: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Invalid, context)
    }

    /// Creates an error about something the component cannot do.
    pub fn unsupported(context: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unsupported, context)
    }

    /// Creates an error about a failure inside the component.
    pub fn internal(context: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Internal, context)
    }

    /// Creates the answer to a request to stop.
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "stopped on request")
    }

    /// Creates an error about a file or stream.
    pub fn io(
        context: impl Into<Cow<'static, str>>,
        source: impl Into<Box<dyn error::Error + Send + Sync>>,
    ) -> Self {
        Self::new(ErrorKind::Io, context).with_source(source)
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Wraps the error in a wider context, keeping its kind and its hint.
    #[must_use]
    pub fn within(mut self, context: impl Into<Cow<'static, str>>) -> Self {
        let (kind, hint) = (self.0.kind, self.0.hint.take());
        Self(Box::new(Inner { kind, context: context.into(), hint, source: Some(Box::new(self)) }))
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns what to do about it, if anything is known.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Returns the phrase and those of all causes, joined by colons.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = error::Error::source(self);
        while let Some(cause) = source {
            let phrase = cause.to_string();
            if !text.ends_with(&phrase) {
                text.push_str(": ");
                text.push_str(&phrase);
            }
            source = cause.source();
        }
        text
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("context", &self.0.context)
            .field("hint", &self.0.hint)
            .field("source", &self.0.source)
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.context)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_context_keeps_kind_and_hint() {
        let error =
            Error::unsupported("no such piece").with_hint("use the task's own tokenizer").within("cell 3");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(error.hint(), Some("use the task's own tokenizer"));
        assert_eq!(error.chain(), "cell 3: no such piece");
    }

    #[test]
    fn an_error_is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
