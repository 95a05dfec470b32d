//! What a pickle of tensors can hold.

use std::sync::Arc;

use crate::weights::Element;

/// A value on the machine's stack.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Opens a group.
    Mark,
    /// Nothing.
    None,
    /// A truth value.
    Bool,
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(Arc<str>),
    /// A fixed group.
    Tuple(Arc<[Value]>),
    /// A list of texts.
    List(usize),
    /// A dictionary, by its number: what fills it comes later.
    Dictionary(usize),
    /// A name from Python's modules, one of those that are allowed.
    Global(Global),
    /// Where numbers lie.
    Storage(Arc<str>, Element),
    /// A tensor.
    Tensor(Arc<Tensor>),
}

/// The names that building tensors takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Global {
    /// `collections.OrderedDict`.
    OrderedDict,
    /// `torch._utils._rebuild_tensor_v2`: storage, offset, shape, strides, and what gradients need.
    RebuildTensor,
    /// `torch._utils._rebuild_parameter`: a tensor, and what gradients need.
    RebuildParameter,
    /// A class such as `torch.FloatStorage`.
    Storage(Element),
}

impl Global {
    /// Returns the meaning of a name, if it is allowed.
    pub(super) fn of(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Self::RebuildParameter,
            ("torch", "FloatStorage") => Self::Storage(Element::F32),
            ("torch", "HalfStorage") => Self::Storage(Element::F16),
            ("torch", "BFloat16Storage") => Self::Storage(Element::Bf16),
            ("torch", "LongStorage") => Self::Storage(Element::I64),
            (
                "torch",
                "DoubleStorage" | "IntStorage" | "ShortStorage" | "CharStorage" | "ByteStorage"
                | "BoolStorage",
            ) => Self::Storage(Element::Other),
            _ => return None,
        })
    }
}

/// A tensor that lies in a storage.
#[derive(Debug)]
pub(super) struct Tensor {
    /// The storage's file.
    pub(super) storage: Arc<str>,
    /// What its numbers are.
    pub(super) element: Element,
    /// The first number.
    pub(super) offset: u64,
    /// The shape, outermost first.
    pub(super) shape: Vec<usize>,
    /// How many numbers lie from one index to the next, on each axis.
    pub(super) strides: Vec<u64>,
}
