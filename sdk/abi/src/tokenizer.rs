//! Tokenizers.

use core::ffi::c_void;

use crate::{Bytes, Error, Span, Status, Str, VTable};

/// Spans tile the sequence (byte-pair encoding, non-overlapping k-mers, single bases).
pub const COVERAGE_PARTITION: u32 = 0;
/// Spans may overlap (DNABERT's k-mers).
pub const COVERAGE_OVERLAP: u32 = 1;
/// Some bases belong to no token.
pub const COVERAGE_SPARSE: u32 = 2;
/// The id of a special token that is not there.
pub const NO_TOKEN: u32 = u32::MAX;

/// What a tokenizer is.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TokenizerSpec {
    /// How much of this struct its writer knows.
    pub struct_size: u32,
    /// How many ids there are, special ones included.
    pub vocab_size: u32,
    /// One of the `COVERAGE_` numbers.
    pub coverage: u32,
    /// The id that fills rows of a batch, or [`NO_TOKEN`].
    pub pad: u32,
    /// The id of what has no token of its own, or [`NO_TOKEN`].
    pub unk: u32,
    /// The id that opens a row, or [`NO_TOKEN`].
    pub cls: u32,
    /// The id that closes a row, or [`NO_TOKEN`].
    pub sep: u32,
    /// The id that hides a token, or [`NO_TOKEN`].
    pub mask: u32,
    /// A name for tables; until destroy.
    pub name: Str,
    /// Changes whenever the tokens of some sequence would; empty: the host digests file and configuration; until destroy.
    pub fingerprint: Str,
}

/// Takes the tokens of one sequence after the other.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TokenSink {
    /// How much of this struct its writer knows.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// The host's own.
    pub ctx: *mut c_void,
    /// Takes the next sequence's ids and spans; non-zero: stop, and return [`CANCELLED`](crate::CANCELLED).
    pub emit:
        Option<unsafe extern "C" fn(ctx: *mut c_void, ids: *const u32, spans: *const Span, n: usize) -> i32>,
}

/// The functions of a tokenizer.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TokenizerVTable {
    /// The head.
    pub base: VTable,
    /// Writes what the tokenizer is. `[any]`
    pub spec:
        Option<unsafe extern "C" fn(object: *mut c_void, out: *mut TokenizerSpec, err: *mut Error) -> Status>,
    /// Emits once a sequence, in order, without special tokens. `[any]`
    pub tokenize: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            seqs: *const Bytes,
            n: usize,
            sink: *const TokenSink,
            err: *mut Error,
        ) -> Status,
    >,
    /// Writes the text of an id; until destroy. `[any]`
    pub token:
        Option<unsafe extern "C" fn(object: *mut c_void, id: u32, out: *mut Str, err: *mut Error) -> Status>,
}
