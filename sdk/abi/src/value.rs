//! Texts, bytes, spans, statuses and errors.

/// UTF-8 text of a length, not terminated by NUL; `ptr` may be NULL where `len` is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Str {
    /// The first byte.
    pub ptr: *const u8,
    /// How many bytes.
    pub len: usize,
}

/// The bases of one sequence in ASCII, in any case; `ptr` may be NULL where `len` is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Bytes {
    /// The first base.
    pub ptr: *const u8,
    /// How many bases.
    pub len: usize,
}

/// The bases a token covers, half-open.
#[repr(C)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    /// The first base.
    pub start: u32,
    /// One past the last base.
    pub end: u32,
}

impl Str {
    /// Borrows a text.
    #[must_use]
    pub const fn new(text: &str) -> Self {
        Self { ptr: text.as_ptr(), len: text.len() }
    }
}

impl Bytes {
    /// Borrows bases.
    #[must_use]
    pub const fn new(bases: &[u8]) -> Self {
        Self { ptr: bases.as_ptr(), len: bases.len() }
    }
}

/// How a call ended: 0, or one of the codes below.
pub type Status = i32;
/// It did what was asked.
pub const OK: Status = 0;
/// The caller's input is wrong.
pub const INVALID: Status = 1;
/// The component cannot do this.
pub const UNSUPPORTED: Status = 2;
/// A file or a stream failed.
pub const IO: Status = 3;
/// The plugin's bug or its dependency's failure.
pub const INTERNAL: Status = 4;
/// Caught unwinding; the host drops the instance.
pub const PANIC: Status = 5;
/// A sink or [`Host::cancelled`](crate::Host::cancelled) asked to stop.
pub const CANCELLED: Status = 6;

/// The most bytes of an error's text.
pub const ERROR_CAP: usize = 1016;

/// What went wrong. The host owns it, usually on its stack, and sets code and length to 0; the callee fills it when it
/// returns non-zero. The pointer to it may be NULL.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Error {
    /// The status that is also returned.
    pub code: Status,
    /// How many bytes of the message are set.
    pub len: u32,
    /// A lower-case phrase in UTF-8, cut at a character's border where it is longer.
    pub message: [u8; ERROR_CAP],
}

impl Error {
    /// Creates an empty error for a callee to fill.
    #[must_use]
    pub const fn new() -> Self {
        Self { code: OK, len: 0, message: [0; ERROR_CAP] }
    }
}

impl Default for Error {
    fn default() -> Self {
        Self::new()
    }
}
