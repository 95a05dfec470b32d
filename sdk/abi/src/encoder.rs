//! Encoders, and what they may offer besides: logits, layers, and a graph to fine-tune.

use core::ffi::c_void;

use crate::{Bytes, Error, Status, Str, Tensor, VTable};

/// A token sees only what came before it.
pub const CAUSAL: u32 = 1;
/// The weights hold a trained pooler.
pub const POOLER: u32 = 2;

/// The id of the extension [`LmVTable`].
pub const EXT_LM: &str = "dlm.lm/1";
/// The id of the extension [`LayersVTable`].
pub const EXT_LAYERS: &str = "dlm.layers/1";
/// The id of the extension [`TrainableVTable`].
pub const EXT_TRAINABLE: &str = "dlm.trainable/1";
/// Weight decay applies to a parameter.
pub const PARAM_DECAY: u32 = 1;

/// What an encoder is.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EncoderSpec {
    /// How much of this struct its writer knows.
    pub struct_size: u32,
    /// The width of a hidden state.
    pub hidden: u32,
    /// How many layers lie above the embeddings.
    pub layers: u32,
    /// The longest row, special tokens included; 0: any.
    pub max_tokens: u32,
    /// How many ids the embedding table has.
    pub vocab_size: u32,
    /// [`CAUSAL`], [`POOLER`].
    pub flags: u32,
    /// The id the host puts before each row, or [`NO_TOKEN`](crate::NO_TOKEN).
    pub prefix: u32,
    /// The id the host puts after each row, or [`NO_TOKEN`](crate::NO_TOKEN).
    pub suffix: u32,
    /// The id of the tokenizer it was trained with; until destroy.
    pub tokenizer: Str,
    /// How many weights it has; 0: unknown.
    pub parameters: u64,
    /// A name for tables; until destroy.
    pub name: Str,
    /// Changes whenever a hidden state would; empty: the host digests file and configuration; until destroy.
    pub fingerprint: Str,
}

/// The functions of an encoder.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EncoderVTable {
    /// The head.
    pub base: VTable,
    /// Writes what the encoder is. `[any]`
    pub spec:
        Option<unsafe extern "C" fn(object: *mut c_void, out: *mut EncoderSpec, err: *mut Error) -> Status>,
    /// Fills `hidden` (f32 `[B,T,H]`) from ids and mask (i64 `[B,T]`); may be absent where [`EXT_TRAINABLE`] is offered:
    /// the host then runs the graph. `[one]`
    pub encode: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            ids: *const Tensor,
            mask: *const Tensor,
            hidden: *mut Tensor,
            err: *mut Error,
        ) -> Status,
    >,
}

/// Vocabulary logits, for perplexity and masked prediction.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LmVTable {
    /// The size of this table.
    pub struct_size: u32,
    /// Non-zero: each position scores the token after it.
    pub causal: u32,
    /// Fills `logits` (f32 `[B,T,V]`). `[one]`
    pub logits: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            ids: *const Tensor,
            mask: *const Tensor,
            logits: *mut Tensor,
            err: *mut Error,
        ) -> Status,
    >,
}

/// Hidden states after a layer: 0 is the embeddings.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LayersVTable {
    /// The size of this table.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Fills `hidden` (f32 `[B,T,H]`). `[one]`
    pub encode: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            ids: *const Tensor,
            mask: *const Tensor,
            layer: u32,
            hidden: *mut Tensor,
            err: *mut Error,
        ) -> Status,
    >,
}

/// An ONNX graph, on disk or in memory: exactly one is non-empty.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Blob {
    /// How much of this struct its writer knows.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// A file.
    pub path: Str,
    /// The bytes of a file.
    pub bytes: Bytes,
}

/// A named weight.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// How much of this struct its writer knows.
    pub struct_size: u32,
    /// [`PARAM_DECAY`].
    pub flags: u32,
    /// 0 for the embeddings, then 1 for each layer: layer-wise learning rates, freezing.
    pub group: u32,
    /// How many axes.
    pub ndim: u32,
    /// The name of the graph's input.
    pub name: Str,
    /// The length of each axis.
    pub shape: *const i64,
}

/// Fine-tuning by the host: one inference graph in standard operators, from `input_ids`, `attention_mask` and every
/// parameter by name to `hidden` and, where it can, `hidden.0` to `hidden.L` and `logits`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TrainableVTable {
    /// The size of this table.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Writes the graph; until destroy. `[one]`
    pub forward:
        Option<unsafe extern "C" fn(object: *mut c_void, graph: *mut Blob, err: *mut Error) -> Status>,
    /// Writes the list of parameters; until destroy. `[one]`
    pub parameters: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            out: *mut *const *const Parameter,
            n: *mut usize,
            err: *mut Error,
        ) -> Status,
    >,
    /// Fills `value` (f32) with the pretrained value of a parameter. `[one]`
    pub read: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            index: usize,
            value: *mut Tensor,
            err: *mut Error,
        ) -> Status,
    >,
}
