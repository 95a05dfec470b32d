//! ONNX graphs: building, differentiating, reading and writing.
