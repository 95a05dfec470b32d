//! Baselines and predictors.

use core::ffi::c_void;

use crate::{Error, Examples, Items, Object, Status, Str, TaskSpec, Tensor, VTable};

/// Sees frequencies alone.
pub const CONTROL_CONTEXT_FREE: u32 = 1;
/// Sees the order of neighbouring bases.
pub const CONTROL_LOCAL: u32 = 2;
/// Sees what the making of the data gave away.
pub const CONTROL_ARTEFACT: u32 = 3;
/// Another seed may give another predictor.
pub const SEEDED: u32 = 1;

/// What a baseline is.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct BaselineSpec {
    /// How much of this struct its writer knows.
    pub struct_size: u32,
    /// One of the `CONTROL_` numbers.
    pub control: u32,
    /// [`SEEDED`].
    pub flags: u32,
    /// 0.
    pub reserved: u32,
    /// A name for tables; until destroy.
    pub name: Str,
}

/// The functions of a predictor.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PredictorVTable {
    /// The head.
    pub base: VTable,
    /// Fills a row of scores (f32 `[N,outputs]`) for each item. `[one]`
    pub predict: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            items: *const Items,
            scores: *mut Tensor,
            err: *mut Error,
        ) -> Status,
    >,
}

/// The functions of a baseline.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct BaselineVTable {
    /// The head.
    pub base: VTable,
    /// Writes what the baseline is. `[any]`
    pub spec:
        Option<unsafe extern "C" fn(object: *mut c_void, out: *mut BaselineSpec, err: *mut Error) -> Status>,
    /// Makes a predictor; `validation` may be NULL; the same seed gives the same predictor. `[any]`
    pub fit: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            task: *const TaskSpec,
            train: *const Examples,
            validation: *const Examples,
            seed: u64,
            predictor: *mut Object,
            err: *mut Error,
        ) -> Status,
    >,
}
