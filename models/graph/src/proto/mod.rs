//! ONNX files: protobuf in and out.

mod messages;
mod write;
