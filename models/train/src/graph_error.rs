//! Errors of graphs, as this crate tells them.

use dlm_sdk::Error;

/// Turns an error about a graph into the SDK's.
pub(crate) fn graph_error(error: dlm_graph::Error) -> Error {
    Error::internal("the graph of the training step cannot be built").with_source(error)
}
