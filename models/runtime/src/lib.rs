//! Finds or installs ONNX Runtime, and runs graphs on it.
