//! Tasks and their examples.

use core::ffi::c_void;

use crate::{Bytes, Error, Status, Str, VTable};

/// One of two classes.
pub const TARGET_BINARY: u32 = 1;
/// One of several classes.
pub const TARGET_MULTICLASS: u32 = 2;
/// Any number of labels.
pub const TARGET_MULTILABEL: u32 = 3;
/// Numbers.
pub const TARGET_REGRESSION: u32 = 4;
/// Splits as the publication made them.
pub const SPLIT_KIND_PAPER: u32 = 1;
/// Splits with no leakage group in two of them.
pub const SPLIT_KIND_GROUPED: u32 = 2;
/// Splits as the released files give them.
pub const SPLIT_KIND_GIVEN: u32 = 3;
/// The answer changes under reverse complement.
pub const STRAND_SPECIFIC: u32 = 1;
/// The split for fitting.
pub const SPLIT_TRAIN: u32 = 1;
/// The split for choosing.
pub const SPLIT_VALIDATION: u32 = 2;
/// The split for reporting, once.
pub const SPLIT_TEST: u32 = 3;

/// What a task is.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TaskSpec {
    /// How much of this struct its writer knows.
    pub struct_size: u32,
    /// One of the `TARGET_` numbers.
    pub target: u32,
    /// Classes, labels or values; 2 for a binary task.
    pub outputs: u32,
    /// The length of every sequence in bases; 0: it varies.
    pub sequence_len: u32,
    /// Metric ids, comma-separated, the primary one first; empty: the target's own; until destroy.
    pub metrics: Str,
    /// Whom to cite; until destroy.
    pub citation: Str,
    /// One of the `SPLIT_KIND_` numbers.
    pub split_kind: u32,
    /// [`STRAND_SPECIFIC`].
    pub flags: u32,
    /// k, if the classes are the k-mers that may follow the sequence; else 0.
    pub continuation: u32,
    /// 0.
    pub reserved: u32,
    /// A name for tables; until destroy.
    pub name: Str,
    /// The licence of the data; until destroy.
    pub license: Str,
    /// The classes' names in the order of the score columns, or NULL; until destroy.
    pub class_names: *const Str,
    /// How many.
    pub n_class_names: usize,
    /// What belongs beside every score, or NULL; until destroy.
    pub notes: *const Str,
    /// How many.
    pub n_notes: usize,
}

/// The ends of a sequence's tokens, in bases.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Cuts {
    /// The ends, ascending.
    pub ends: *const u32,
    /// How many.
    pub n: usize,
}

/// Where an example lies on a genome, half-open.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Locus {
    /// The name of the sequence.
    pub chromosome: Str,
    /// The first base.
    pub start: u64,
    /// One past the last base.
    pub end: u64,
    /// 1, -1, or 0 where it does not matter.
    pub strand: i32,
    /// 0.
    pub reserved: i32,
}

/// Some unlabelled items; every array has one entry an item.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Items {
    /// How much of this struct its writer knows.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// How many items.
    pub n: usize,
    /// A stable id for each.
    pub ids: *const u64,
    /// The sequences.
    pub seqs: *const Bytes,
    /// Where the task fixes the tokenization; or NULL.
    pub cuts: *const Cuts,
    /// Leakage groups.
    pub groups: *const u64,
    /// Where each lies; or NULL.
    pub loci: *const Locus,
}

/// Some labelled items.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Examples {
    /// How much of this struct its writer knows.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// The items.
    pub items: *const Items,
    /// A class index each for binary and multi-class tasks, else a row of `outputs` each.
    pub targets: *const f32,
}

/// Takes examples.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ExampleSink {
    /// How much of this struct its writer knows.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// The host's own.
    pub ctx: *mut c_void,
    /// Takes the next examples; non-zero: stop, and return [`CANCELLED`](crate::CANCELLED).
    pub push: Option<unsafe extern "C" fn(ctx: *mut c_void, examples: *const Examples) -> i32>,
}

/// The functions of a task.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TaskVTable {
    /// The head.
    pub base: VTable,
    /// Writes what the task is. `[any]`
    pub spec:
        Option<unsafe extern "C" fn(object: *mut c_void, out: *mut TaskSpec, err: *mut Error) -> Status>,
    /// Pushes a split, the same examples in the same order every time. `[any]`
    pub load: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            split: u32,
            sink: *const ExampleSink,
            err: *mut Error,
        ) -> Status,
    >,
}
