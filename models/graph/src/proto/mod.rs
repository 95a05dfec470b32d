//! ONNX files: protobuf in and out.

mod attribute;
mod external;
mod messages;
mod read;
mod survey;
mod tensor;
mod upgrade;
mod write;

pub use survey::{External, References};

/// The version of ONNX's operators that graphs are built in.
pub(crate) const OPSET: i64 = 20;
/// The oldest version that is read.
const OLDEST: i64 = 11;
/// The newest version that is read.
const NEWEST: i64 = 23;
