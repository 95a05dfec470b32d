//! Small ONNX files, and the runtime of this machine.
#![allow(dead_code, clippy::allow_attributes, reason = "each test uses its part")]
#![expect(clippy::print_stdout, reason = "a test says when it is skipped")]

use dlm_runtime::{Error, Runtime};

/// Returns the runtime, or says that the test is skipped.
pub(crate) fn runtime() -> Option<&'static Runtime> {
    match Runtime::get() {
        Ok(runtime) => Some(runtime),
        Err(error @ Error::NotFound { .. }) => {
            println!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error:?}"),
    }
}

/// A field of a protobuf message that holds bytes.
fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![field << 3 | 2];
    varint(&mut out, value.len() as u64);
    out.extend(value);
    out
}

/// A field of a protobuf message that holds a number.
fn number(field: u8, value: u64) -> Vec<u8> {
    let mut out = vec![field << 3];
    varint(&mut out, value);
    out
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn port(name: &str, shape: &[u64]) -> Vec<u8> {
    let dims: Vec<u8> = shape.iter().flat_map(|&length| bytes(1, &number(1, length))).collect();
    let tensor = [number(1, 1), bytes(2, &dims)].concat();
    [bytes(1, name.as_bytes()), bytes(2, &bytes(1, &tensor))].concat()
}

/// A node: its operator, inputs and outputs.
pub(crate) type Node<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

/// Writes a graph of nodes on f32 tensors.
pub(crate) fn model(inputs: &[(&str, &[u64])], nodes: &[Node<'_>], outputs: &[(&str, &[u64])]) -> Vec<u8> {
    let mut graph = Vec::new();
    for (operator, takes, gives) in nodes {
        let mut node = Vec::new();
        node.extend(takes.iter().flat_map(|name| bytes(1, name.as_bytes())));
        node.extend(gives.iter().flat_map(|name| bytes(2, name.as_bytes())));
        node.extend(bytes(4, operator.as_bytes()));
        graph.extend(bytes(1, &node));
    }
    graph.extend(bytes(2, b"test"));
    graph.extend(inputs.iter().flat_map(|(name, shape)| bytes(11, &port(name, shape))));
    graph.extend(outputs.iter().flat_map(|(name, shape)| bytes(12, &port(name, shape))));
    [number(1, 8), bytes(7, &graph), bytes(8, &number(2, 17))].concat()
}
